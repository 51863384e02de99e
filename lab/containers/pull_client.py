"""Asks the part of the lab that has the machine's own network for images: see lab.containers.pull_server."""

import json
import os
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

_PATIENCE = 3600.0
"""Seconds that a pull may say nothing: large layers over slow lines take long."""

_QUESTION_PATIENCE = 5.0


def pull(server: Path, reference: str, secrets: Sequence[Mapping[str, Any]]) -> tuple[str, str]:
    """Have an image pulled into the cache; return why that is not possible, as a reason and a message.

    Args:
        server: The socket of the server.
        reference: The image.
        secrets: The pull secrets: each with its `name`, and its `data` as the API server has it.

    Returns:
        Two empty texts if the image is in the cache now.

    Raises:
        OSError: The server does not answer.
    """
    answer = _ask(server, {"pull": reference, "secrets": list(secrets)}, _PATIENCE)
    return str(answer.get("reason", "")), str(answer.get("message", ""))


def does_registry_answer(server: Path, reference: str) -> bool:
    """Say whether the registry of an image answers, within a second or two."""
    try:
        return bool(_ask(server, {"answers": reference}, _QUESTION_PATIENCE).get("answers"))
    except OSError:
        return False


def _ask(server: Path, question: Mapping[str, Any], patience: float) -> Mapping[str, Any]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(patience)
        # From its folder: the path as a whole may be longer than the address of a socket can be.
        folder = os.open(server.parent, os.O_PATH | os.O_CLOEXEC)
        try:
            connection.connect(f"/proc/self/fd/{folder}/{server.name}")
        finally:
            os.close(folder)
        connection.sendall(json.dumps(question).encode())
        connection.shutdown(socket.SHUT_WR)
        with connection.makefile("rb") as stream:
            content = stream.read()
    try:
        answer: Mapping[str, Any] = json.loads(content)
    except ValueError as error:
        message = "the pull ended without an answer, see the lab's log of pulls"
        raise OSError(message) from error
    return answer
