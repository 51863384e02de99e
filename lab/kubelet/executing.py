"""`kubectl exec` into what runs no image: Istio's own programs, in the pod of their container.

Protocol: https://github.com/kubernetes/kubernetes, staging/src/k8s.io/cri-streaming/pkg/streaming/remotecommand
"""

import asyncio
import json
import os
import shutil
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
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

Program = Callable[[Mapping[str, Stream]], Awaitable[int]]
"""Runs between streams by their names, and returns an exit code.

It raises OSError if it cannot be started.
"""


@dataclass(frozen=True)
class Command:
    """A command to run.

    Attributes:
        arguments: The program's path and its arguments.
        folder: Its working directory.
        network: The number of a process in the network that it runs in.
    """

    arguments: Sequence[str]
    folder: Path
    network: int


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
            f"{requested} cannot be run: this container runs no image. In it {contents}. "
            "Programs of this machine run in the lab's network by: boutique lab exec -- COMMAND"
        )
        raise Refusal(reason)
    if tty:
        message = f"the lab gives {name} no terminal: leave -t out"
        raise Refusal(message)
    return name


def istio_program(command: Command) -> Program:
    """Return what runs a program of Istio's between streams."""
    return partial(_run, command)


async def serve(connection: StreamConnection, names: frozenset[str], program: Program) -> None:
    """Run a program between the streams of a connection, and send its exit code.

    Args:
        connection: The connection.
        names: Which streams the client opens besides `error`: of `stdin`, `stdout`, `stderr` and `resize`.
        program: Runs between the streams, and returns the exit code.
    """
    streams: dict[str, Stream] = {}
    complete = asyncio.Event()

    def on_open(stream: Stream) -> None:
        streams[stream.headers.get("streamtype", "")] = stream
        if streams.keys() >= {"error", *names}:
            complete.set()

    serving = asyncio.create_task(connection.serve(on_open))
    try:
        await asyncio.wait_for(complete.wait(), _PATIENCE)
        running = asyncio.ensure_future(program(streams))
        # The client may disconnect before the end.
        await asyncio.wait([running, serving], return_when=asyncio.FIRST_COMPLETED)
        running.cancel()
        with suppress(asyncio.CancelledError):
            await streams["error"].write(json.dumps(await _finish(running)).encode())
            for stream in streams.values():
                await stream.finish()
            # The other side closes the connection when it has heard everything.
            await asyncio.wait([serving], timeout=_PATIENCE)
    finally:
        serving.cancel()


async def _finish(running: Awaitable[int]) -> dict[str, Any]:
    """Wait for the end of a program and return its result as the protocol has it."""
    try:
        return _outcome(await running)
    except OSError as error:
        return {"metadata": {}, "status": "Failure", "reason": "InternalError", "message": str(error), "code": 500}


async def _run(command: Command, streams: Mapping[str, Stream]) -> int:
    """Run a command to its end and return its exit code."""
    enter = shutil.which("nsenter", path=os.defpath) or "nsenter"
    inside = (enter, f"--net=/proc/{host_pid(command.network)}/ns/net", "--", *command.arguments)
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *inside, cwd=command.folder, env={"HOME": str(command.folder)}, stdin=pipe, stdout=pipe, stderr=pipe
    )
    feeding = asyncio.create_task(feed(streams.get("stdin"), process.stdin))
    try:
        await asyncio.gather(drain(process.stdout, streams.get("stdout")), drain(process.stderr, streams.get("stderr")))
        return await process.wait()
    finally:
        feeding.cancel()
        with suppress(ProcessLookupError):
            process.kill()


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


async def feed(stream: Stream | None, writer: asyncio.StreamWriter | None) -> None:
    """Write what comes from a stream, until it ends."""
    assert writer is not None  # noqa: S101 - it is a pipe
    with suppress(OSError):
        while stream is not None and (content := await stream.read()):
            writer.write(content)
            await writer.drain()
    writer.close()


async def drain(reader: asyncio.StreamReader | None, stream: Stream | None) -> None:
    """Send what can be read, until it ends."""
    assert reader is not None  # noqa: S101 - it is a pipe
    while content := await reader.read(_CHUNK):
        if stream is not None:
            await stream.write(content)
