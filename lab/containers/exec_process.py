"""Runs programs in containers that run: for `kubectl exec`, for hooks and for probes."""

import asyncio
import os
import socket
import subprocess
from contextlib import suppress

from lab.containers.container_process import read_report, spawn_program
from lab.containers.launch_plan import ExecPlan
from lab.containers.start_errors import ContainerStartError


class TerminalProcess:
    """A program on a terminal.

    Attributes:
        terminal: The descriptor of the terminal's other side.
        program: The process that waits for the program and ends as it does.
    """

    def __init__(self, terminal: int, program: "subprocess.Popen[bytes]") -> None:
        self.terminal = terminal
        self.program = program


async def run_command(plan: ExecPlan, seconds: float) -> bool:
    """Run a command and say whether it ends with 0 within so many seconds; its output is dropped."""
    try:
        program = await start_exec(plan, subprocess.DEVNULL)
    except OSError:
        return False
    try:
        async with asyncio.timeout(seconds):
            return await wait_for_program(program) == 0
    except TimeoutError:
        return False
    finally:
        # Also if the task is cancelled; what runs in the container dies with it.
        with suppress(ProcessLookupError):
            program.kill()
        if program.poll() is None:
            await asyncio.shield(wait_for_program(program))


async def start_exec(plan: ExecPlan, streams: int) -> "subprocess.Popen[bytes]":
    """Start a program in a container.

    Args:
        plan: The program.
        streams: What its stdin, stdout and stderr are: `subprocess.PIPE` or `subprocess.DEVNULL`.

    Raises:
        ContainerStartError: It cannot be started.
    """
    program, report = await asyncio.to_thread(spawn_program, "joiner", plan.encode(), streams, streams, streams)
    await _check_report(program, report)
    return program


async def start_terminal(plan: ExecPlan) -> TerminalProcess:
    """Start a program on a terminal of a container's own.

    Raises:
        ContainerStartError: It cannot be started.
    """
    here, there = socket.socketpair()
    with here, there:
        program, report = await asyncio.to_thread(
            spawn_program,
            "joiner",
            plan.encode(),
            subprocess.DEVNULL,
            subprocess.DEVNULL,
            subprocess.DEVNULL,
            [there.fileno()],
        )
        await _check_report(program, report)
        _, descriptors, _, _ = socket.recv_fds(here, 1, 1)
    os.set_blocking(descriptors[0], False)
    return TerminalProcess(descriptors[0], program)


async def _check_report(program: "subprocess.Popen[bytes]", report: int) -> None:
    if message := await read_report(report):
        await wait_for_program(program)
        raise ContainerStartError("ExecError", message)


async def wait_for_program(program: "subprocess.Popen[bytes]") -> int:
    """Wait for the end of a program without a thread of its own."""
    loop = asyncio.get_running_loop()
    end = asyncio.Event()
    try:
        descriptor = os.pidfd_open(program.pid)
    except ProcessLookupError:
        return program.wait()
    loop.add_reader(descriptor, end.set)
    try:
        await end.wait()
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)
    return program.wait()
