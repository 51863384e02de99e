"""`kubectl exec`, `kubectl cp` and `kubectl attach` for containers that run an image."""

import asyncio
import fcntl
import json
import os
import struct
import subprocess
import termios
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import IO

from lab.containers.container_stdin import end_stdin, open_for_writing
from lab.containers.exec_process import start_exec, start_terminal, wait_for_program
from lab.containers.launch_plan import ExecPlan
from lab.kubelet.executing import Program, drain, feed
from lab.kubelet.streams import Stream

_CHUNK = 2**16


def image_program(plan: ExecPlan) -> Program:
    """Return what runs a program in a container between streams."""
    return partial(_run_on_terminal if plan.terminal else _run, plan)


def attachment(parts: AsyncIterator[bytes], stdin: Path | None) -> Program:
    """Return what connects a client with a container that runs, until the container or the connection ends.

    Args:
        parts: The container's output.
        stdin: The path of its stdin, if the client writes to it.
    """

    async def follow(streams: Mapping[str, Stream]) -> int:
        feeding = asyncio.create_task(_feed_container(streams["stdin"], stdin)) if stdin else None
        try:
            async for part in parts:
                await streams["stdout"].write(part)
        finally:
            if feeding is not None:
                feeding.cancel()
        return 0

    return follow


async def _feed_container(stream: Stream, path: Path) -> None:
    writer = await _writer(os.fdopen(open_for_writing(path), "wb", buffering=0))
    try:
        await feed(stream, writer)
    finally:
        writer.close()
    end_stdin(path)


async def _run(plan: ExecPlan, streams: Mapping[str, Stream]) -> int:
    program = await start_exec(plan, subprocess.PIPE)
    feeding: asyncio.Task[None] | None = None
    try:
        feeding = asyncio.create_task(feed(streams.get("stdin"), await _writer(program.stdin)))
        await asyncio.gather(
            drain(await _reader(program.stdout), streams.get("stdout")),
            drain(await _reader(program.stderr), streams.get("stderr")),
        )
        return await wait_for_program(program)
    finally:
        if feeding is not None:
            feeding.cancel()
        # What it started in the container dies with it: a client that goes away ends its program.
        with suppress(ProcessLookupError):
            program.kill()
        await asyncio.shield(wait_for_program(program))


async def _run_on_terminal(plan: ExecPlan, streams: Mapping[str, Stream]) -> int:
    process = await start_terminal(plan)
    # Two descriptors: each is closed with its transport.
    output, source = (
        os.fdopen(os.dup(process.terminal), "rb", buffering=0),
        os.fdopen(process.terminal, "wb", buffering=0),
    )
    tasks: list[asyncio.Task[None]] = []
    try:
        tasks.append(asyncio.create_task(_resize(streams.get("resize"), output.fileno())))
        tasks.append(asyncio.create_task(_type(streams.get("stdin"), source)))
        # The terminal's reads fail when the last program on it has ended: EIO.
        with suppress(OSError):
            await drain(await _reader(output), streams.get("stdout"))
        return await wait_for_program(process.program)
    finally:
        for task in tasks:
            task.cancel()
        with suppress(ProcessLookupError):
            process.program.kill()
        source.close()
        await asyncio.shield(wait_for_program(process.program))


async def _type(stream: Stream | None, terminal: IO[bytes]) -> None:
    """Type what comes from a stream on a terminal."""
    loop = asyncio.get_running_loop()
    while stream is not None and (content := await stream.read()):
        while content:
            try:
                content = content[os.write(terminal.fileno(), content) :]
            except BlockingIOError:
                room = asyncio.Event()
                loop.add_writer(terminal.fileno(), room.set)
                try:
                    await room.wait()
                finally:
                    loop.remove_writer(terminal.fileno())


async def _resize(stream: Stream | None, terminal: int) -> None:
    """Set the size of a terminal whenever the client's changes."""
    decoder, buffer = json.JSONDecoder(), ""
    while stream is not None and (content := await stream.read()):
        buffer += content.decode()
        while buffer.strip():
            try:
                size, end = decoder.raw_decode(buffer.lstrip())
            except ValueError:
                break
            buffer = buffer.lstrip()[end:]
            with suppress(OSError, KeyError, struct.error):
                fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", size["Height"], size["Width"], 0, 0))


async def _reader(pipe: IO[bytes] | None) -> asyncio.StreamReader:
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), pipe)
    return reader


async def _writer(pipe: IO[bytes] | None) -> asyncio.StreamWriter:
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.connect_write_pipe(asyncio.streams.FlowControlMixin, pipe)
    return asyncio.StreamWriter(transport, protocol, None, loop)
