"""The program that runs another one in a container: it enters the container's namespaces and waits for the other's end.

It reads its plan from a pipe, and reports on another why the program does not run; nothing if it does. With a terminal,
it hands over the terminal's other side through a socket.
"""

import fcntl
import os
import socket
import termios

from lab.containers import syscalls
from lab.containers.launch_plan import ExecPlan, decode_exec_plan
from lab.containers.launcher import enter_cgroup, execute, reset_signals
from lab.containers.syscall_filter import install_filter

_NAMESPACES = (
    syscalls.CLONE_NEWUSER
    | syscalls.CLONE_NEWNS
    | syscalls.CLONE_NEWPID
    | syscalls.CLONE_NEWIPC
    | syscalls.CLONE_NEWUTS
    | syscalls.CLONE_NEWNET
)
_NOT_STARTED = 126


def main(plan_descriptor: int, report_descriptor: int, terminal_descriptor: int = -1) -> None:
    """Run a program in a container, and end as it ends.

    Args:
        plan_descriptor: The pipe with the plan.
        report_descriptor: The pipe for the report; it is closed when the program runs.
        terminal_descriptor: The socket that takes the terminal.
    """
    for descriptor in (plan_descriptor, report_descriptor):
        os.set_inheritable(descriptor, False)
    with os.fdopen(plan_descriptor, "rb") as pipe:
        plan = decode_exec_plan(pipe.read())
    try:
        enter_cgroup(plan.cgroup)
        syscalls.hide_from_debuggers()
        syscalls.enter_namespaces(os.pidfd_open(plan.pid), _NAMESPACES)
        # Only a child is in the process namespace.
        pid = os.fork()
        if pid == 0:
            _become(plan, report_descriptor, terminal_descriptor)
    except OSError as error:
        os.write(report_descriptor, (error.strerror or str(error)).encode())
        os._exit(_NOT_STARTED)
    os.close(report_descriptor)
    for descriptor in (0, 1, 2):
        # The other side of a pipe has to see its end when the program ends, not when this process does.
        os.close(descriptor)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    os._exit(code if code >= 0 else 128 - code)


def _become(plan: ExecPlan, report: int, channel: int) -> None:
    try:
        os.setsid()
        if plan.terminal:
            _take_terminal(channel)
        os.chdir(plan.working_folder)
        os.umask(0o022)
        reset_signals()
        syscalls.drop_privileges()
        syscalls.die_with_parent()
        install_filter()
        message = execute(plan.arguments, plan.variables)
    except OSError as error:
        message = error.strerror or str(error)
    os.write(report, message.encode())
    os._exit(_NOT_STARTED)


def _take_terminal(channel: int) -> None:
    """Get a terminal of the container's own, and hand over its other side."""
    other, own = os.openpty()
    with socket.socket(fileno=channel) as connection:
        socket.send_fds(connection, [b"t"], [other])
    os.close(other)
    fcntl.ioctl(own, termios.TIOCSCTTY, 0)
    for descriptor in (0, 1, 2):
        os.dup2(own, descriptor)
