"""The program that starts a container: it makes the namespaces, builds the root, and becomes the container's program.

It reads its plan from a pipe and reports on another: first the process number of the container, then nothing if the
program runs, else why it does not. The container is a child of the launcher's parent; the launcher itself ends.
"""

import errno
import os
import signal
from pathlib import Path

from lab.containers import syscalls
from lab.containers.launch_plan import LaunchPlan, decode_launch_plan
from lab.containers.root_folder import enter_root
from lab.containers.syscall_filter import install_filter

_NAMESPACES = (
    syscalls.CLONE_NEWUSER
    | syscalls.CLONE_NEWNS
    | syscalls.CLONE_NEWPID
    | syscalls.CLONE_NEWIPC
    | syscalls.CLONE_NEWUTS
)


def main(plan_descriptor: int, report_descriptor: int) -> None:
    """Start a container.

    Args:
        plan_descriptor: The pipe with the plan.
        report_descriptor: The pipe for the report; it is closed when the program runs.
    """
    for descriptor in (plan_descriptor, report_descriptor):
        os.set_inheritable(descriptor, False)
    with os.fdopen(plan_descriptor, "rb") as pipe:
        plan = decode_launch_plan(pipe.read())
    try:
        user, group = os.geteuid(), os.getegid()
        enter_cgroup(plan.cgroup)
        syscalls.unshare(_NAMESPACES)
        _map_user(plan, user, group)
        syscalls.hide_from_debuggers()
        pid = syscalls.fork_sibling()
    except OSError as error:
        _report(report_descriptor, ": ".join(filter(None, ("namespaces", error.strerror, error.filename))))
        os._exit(1)
    if pid:
        # The child is process 1 of its namespace: only here its number outside is known.
        os.write(report_descriptor, f"{pid}\n".encode())
        os._exit(0)
    try:
        os.setsid()
        _prepare(plan, report_descriptor)
    except OSError as error:
        _report(report_descriptor, ": ".join(filter(None, (error.strerror or str(error), error.filename))))
        os._exit(128)
    except BaseException as error:
        _report(report_descriptor, repr(error))
        os._exit(128)
    _report(report_descriptor, execute(plan.arguments, plan.variables))
    os._exit(128)


def enter_cgroup(cgroup: str) -> None:
    """Move this process, and so all that it starts, into a cgroup, given by its folder; nowhere without one.

    Raises:
        OSError: The kernel refuses it.
    """
    if not cgroup:
        return
    descriptor = os.open(f"{cgroup}/cgroup.procs", os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(descriptor, b"0")
    finally:
        os.close(descriptor)


def execute(arguments: tuple[str, ...], variables: dict[str, str]) -> str:
    """Become a program; return why that is not possible, in the words of a container runtime."""
    name = arguments[0]
    try:
        os.execve(find_program(name, variables.get("PATH", "")), arguments, variables)  # noqa: S606 - no shell
    except FileNotFoundError:
        reason = "no such file or directory" if "/" in name else "executable file not found in $PATH"
    except OSError as error:
        reason = "exec format error" if error.errno == errno.ENOEXEC else (error.strerror or str(error)).lower()
    return f'exec: "{name}": {reason}'


def find_program(name: str, path: str) -> str:
    """Return the path of a program.

    Raises:
        FileNotFoundError: It is in no folder of PATH.
    """
    if "/" in name:
        return name
    for folder in path.split(":"):
        candidate = Path(folder, name)
        if os.access(candidate, os.X_OK) and not candidate.is_dir():
            return str(candidate)
    raise FileNotFoundError(name)


def reset_signals() -> None:
    """Undo what Python changed: a program begins with the default of every signal."""
    # Python ignores some, and so does a shell for what it starts in the background.
    for number in signal.valid_signals():
        if signal.getsignal(number) not in (signal.SIG_DFL, None):
            signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def _map_user(plan: LaunchPlan, user: int, group: int) -> None:
    """Make the container's user the one that runs the lab: the only one that there is."""
    for name, content in (
        ("setgroups", "deny"),
        ("uid_map", f"{plan.user} {user} 1"),
        ("gid_map", f"{plan.group} {group} 1"),
    ):
        descriptor = os.open(f"/proc/self/{name}", os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.write(descriptor, content.encode())
        except PermissionError:
            # The lab's own namespace, above this one, already denies it for all below.
            if name != "setgroups":
                raise
        finally:
            os.close(descriptor)


def _prepare(plan: LaunchPlan, report: int) -> None:
    enter_root(plan)
    syscalls.set_host_name(plan.host_name)
    os.umask(0o022)
    # The working folder may be /proc/self/fd/NUMBER: what is open would be a way out, as in CVE-2024-21626.
    os.closerange(3, report)
    os.closerange(report + 1, os.sysconf("SC_OPEN_MAX"))
    os.chdir(plan.working_folder)
    reset_signals()
    syscalls.drop_privileges()
    install_filter()


def _report(descriptor: int, message: str) -> None:
    os.write(descriptor, message.encode())
