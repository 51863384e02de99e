"""The program that answers one request for an image: `python -m lab.containers.pull_command STORE`.

It reads the request as JSON from stdin, writes its answer as JSON to stdout, and logs to stderr.
"""

import base64
import json
import os
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from lab.images.image_errors import ImagePullError
from lab.images.image_store import ImageStore
from lab.images.pull_reference import PullReference
from support.registry.pull_secret import PullSecret
from support.registry.registry_errors import RegistryError
from support.registry.session import Registry

_PATIENCE = 2.0
"""Seconds that a registry has to show that it is there: no pod may wait for long where there is no network."""


def main() -> int:
    """Answer the request and return the exit code."""
    request = json.load(sys.stdin)
    if "answers" in request:
        answer: Mapping[str, Any] = {"answers": _within(_PATIENCE, lambda: _answers(request["answers"]))}
    else:
        answer = _pull(Path(sys.argv[1]), request["pull"], request["secrets"])
    sys.stdout.write(json.dumps(answer))
    sys.stdout.flush()
    # Not waiting for a question that had no answer in time.
    os._exit(0)


def _pull(store: Path, reference: str, secrets: list[Mapping[str, Any]]) -> Mapping[str, str]:
    try:
        ImageStore(store).pull(reference, [_pull_secret(secret) for secret in secrets])
    except ImagePullError as error:
        return {"reason": error.reason, "message": error.text}
    except OSError as error:
        return {"reason": "ErrImagePull", "message": f"{reference}: {error.strerror or error}"}
    return {}


def _pull_secret(secret: Mapping[str, Any]) -> PullSecret:
    return PullSecret(secret["name"], {key: base64.b64decode(value) for key, value in secret["data"].items()})


def _answers(reference: str) -> bool:
    try:
        address = PullReference.parse(reference).address
    except ImagePullError:
        # That is for the pull to say.
        return True
    url = address.api.removesuffix(address.name)
    connection = Registry(address).connection
    try:
        # Any status will do: most ask who it is.
        connection.ask("GET", url, {})
    except (RegistryError, OSError):
        return False
    finally:
        connection.close()
    return True


def _within(seconds: float, question: Callable[[], bool]) -> bool:
    result: list[bool] = []
    thread = threading.Thread(target=lambda: result.append(question()), daemon=True)
    thread.start()
    thread.join(seconds)
    return bool(result and result[0])


if __name__ == "__main__":
    main()
