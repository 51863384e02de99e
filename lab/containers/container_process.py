"""Starts the programs of containers, and learns of their end."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

import lab
from lab.containers.launch_plan import OVERLAY_REFUSED, LaunchPlan
from lab.containers.start_errors import ContainerStartError, OverlayRefusedError
from lab.nodeagent import networks
from lab.nodeagent.processes import PodProcess, ProcessIdentity, identify

_PACKAGES = str(Path(lab.__file__).parents[1])
_START_ERROR = "RunContainerError"


class AdoptedChild:
    """A child of this process that another program forked for it."""

    def __init__(self, pid: int) -> None:
        self._pid = pid

    def wait(self) -> int:
        """Wait for its end and return its exit code, negative for a signal."""
        return os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])


async def start_container(
    plan: LaunchPlan, log: Path, network_of: int, stop_signal: int = signal.SIGTERM, stdin: int = subprocess.DEVNULL
) -> PodProcess:
    """Start a container in the network of another process, with its output at the end of a log.

    Args:
        plan: The container.
        log: The log.
        network_of: The number of the other process.
        stop_signal: What asks the container to end.
        stdin: The descriptor of its stdin, which stays open here.

    Raises:
        ContainerStartError: It cannot be started.
    """

    def spawn() -> tuple["subprocess.Popen[bytes]", int]:
        with log.open("ab") as output:
            return spawn_program("launcher", plan.encode(), stdin, output, output)

    launcher, report = await asyncio.to_thread(networks.inside, network_of, spawn)
    number, _, message = (await read_report(report)).partition("\n")
    await asyncio.to_thread(launcher.wait)
    if not number.isdigit():
        raise ContainerStartError(_START_ERROR, number or f"the launcher ended with {launcher.returncode}, see {log}")
    pid = int(number)
    if message:
        with suppress(ChildProcessError):
            await asyncio.to_thread(os.waitpid, pid, 0)
        if message.startswith(OVERLAY_REFUSED):
            raise OverlayRefusedError(message)
        raise ContainerStartError(_START_ERROR, message)
    # A child that has ended keeps its number until it is waited for.
    return PodProcess(identify(pid) or ProcessIdentity(pid, 0), AdoptedChild(pid), stop_signal)


def spawn_program(
    module: str,
    plan: bytes,
    source: int | BinaryIO,
    output: int | BinaryIO,
    errors: int | BinaryIO,
    extra: Sequence[int] = (),
) -> tuple["subprocess.Popen[bytes]", int]:
    """Run a program of this package, and give it its plan; return it, and the descriptor of its report.

    Args:
        module: Its module.
        plan: What it reads.
        source: Its stdin.
        output: Its stdout.
        errors: Its stderr.
        extra: Descriptors that it inherits besides; their numbers are its last arguments.
    """
    plan_read, plan_write = os.pipe()
    report_read, report_write = os.pipe()
    inherited = (plan_read, report_write, *extra)
    # Without site packages it starts in half the time.
    code = f"import sys; sys.path.insert(0, {_PACKAGES!r}); from lab.containers.{module} import main; main{inherited!r}"
    try:
        program = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", code],
            env={},
            stdin=source,
            stdout=output,
            stderr=errors,
            pass_fds=inherited,
            start_new_session=True,
        )
    except BaseException:
        for descriptor in (plan_write, report_read):
            os.close(descriptor)
        raise
    finally:
        for descriptor in (plan_read, report_write):
            os.close(descriptor)
    with suppress(BrokenPipeError), os.fdopen(plan_write, "wb") as pipe:
        pipe.write(plan)
    return program, report_read


async def read_report(descriptor: int) -> str:
    """Return what comes out of a pipe until its other end is closed."""
    reader = asyncio.StreamReader()
    pipe = os.fdopen(descriptor, "rb")
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), pipe
    )
    try:
        return (await reader.read()).decode(errors="replace")
    finally:
        transport.close()
