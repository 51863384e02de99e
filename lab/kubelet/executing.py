"""`kubectl exec`: Istio's own programs, in the pod of their container.

Protocol: https://github.com/kubernetes/kubernetes, staging/src/k8s.io/cri-streaming/pkg/streaming/remotecommand
"""

import asyncio
import json
import os
import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.kubelet.refusal import Refusal
from lab.kubelet.streams import Stream, StreamConnection
from lab.supervision.process import host_pid

PROTOCOL = "v4.channel.k8s.io"

PROGRAMS = {"proxy": "pilot-agent", "istiod": "pilot-discovery"}
"""The program that can run in each kind of container: the lab has no other program of an image."""

_CHUNK = 2**16
_PATIENCE = 30.0


@dataclass(frozen=True)
class Command:
    """A command to run.

    Attributes:
        arguments: The program's path and its arguments.
        folder: Its working directory.
        network: The number of a process in the network that it runs in.
        streams: Which of stdin, stdout and stderr the client asked for.
    """

    arguments: Sequence[str]
    folder: Path
    network: int
    streams: frozenset[str]


def program(kind: str, command: Sequence[str], tty: bool) -> str:
    """Return the program that a command runs in a container.

    Raises:
        Refusal: The container has no such program in the lab.
    """
    name = PROGRAMS.get(kind)
    if name is None or not command or Path(command[0]).name != name:
        requested = command[0] if command else "nothing"
        contents = f"{name} is all there is in it" if name else "a stand-in runs in its place"
        reason = (
            f"{requested} cannot be run: no image runs in the lab. In this container {contents}. "
            "Programs of this machine run in the lab's network by: boutique lab exec -- COMMAND"
        )
        raise Refusal(reason)
    if tty:
        message = f"the lab gives {name} no terminal: leave -t out"
        raise Refusal(message)
    return name


async def serve(connection: StreamConnection, command: Command) -> None:
    """Run a command between the streams of a connection, and send its exit code."""
    streams: dict[str, Stream] = {}
    complete = asyncio.Event()

    def on_open(stream: Stream) -> None:
        streams[stream.headers.get("streamtype", "")] = stream
        if streams.keys() >= {"error", *command.streams}:
            complete.set()

    serving = asyncio.create_task(connection.serve(on_open))
    try:
        await asyncio.wait_for(complete.wait(), _PATIENCE)
        running = asyncio.create_task(_run(command, streams))
        # The client may disconnect before the end.
        await asyncio.wait([running, serving], return_when=asyncio.FIRST_COMPLETED)
        running.cancel()
        with suppress(asyncio.CancelledError):
            outcome = await running
            await streams["error"].write(json.dumps(outcome).encode())
            for stream in streams.values():
                await stream.finish()
            # The other side closes the connection when it has heard everything.
            await asyncio.wait([serving], timeout=_PATIENCE)
    finally:
        serving.cancel()


async def _run(command: Command, streams: Mapping[str, Stream]) -> dict[str, Any]:
    """Run a command to its end and return its result as the protocol has it."""
    enter = shutil.which("nsenter", path=os.defpath) or "nsenter"
    inside = (enter, f"--net=/proc/{host_pid(command.network)}/ns/net", "--", *command.arguments)
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *inside, cwd=command.folder, env={"HOME": str(command.folder)}, stdin=pipe, stdout=pipe, stderr=pipe
    )
    feeding = asyncio.create_task(_feed(streams.get("stdin"), process.stdin))
    try:
        await asyncio.gather(
            _drain(process.stdout, streams.get("stdout")), _drain(process.stderr, streams.get("stderr"))
        )
        code = await process.wait()
    finally:
        feeding.cancel()
        with suppress(ProcessLookupError):
            process.kill()
    return _outcome(code)


def _outcome(code: int) -> dict[str, Any]:
    if code == 0:
        return {"metadata": {}, "status": "Success"}
    code = code if code > 0 else 128 - code
    return {
        "metadata": {},
        "status": "Failure",
        "reason": "NonZeroExitCode",
        "message": f"command terminated with non-zero exit code: {code}",
        "details": {"causes": [{"reason": "ExitCode", "message": str(code)}]},
    }


async def _feed(stream: Stream | None, writer: asyncio.StreamWriter | None) -> None:
    assert writer is not None  # noqa: S101 - it is a pipe
    with suppress(OSError):
        while stream is not None and (content := await stream.read()):
            writer.write(content)
            await writer.drain()
    writer.close()


async def _drain(reader: asyncio.StreamReader | None, stream: Stream | None) -> None:
    assert reader is not None  # noqa: S101 - it is a pipe
    while content := await reader.read(_CHUNK):
        if stream is not None:
            await stream.write(content)
