"""Starts a lab and stops it, from outside."""

import os
import signal
import socket
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing
from dataclasses import replace

from lab import record
from lab.containers.resource_limits import prepare_limits, write_limit_groups
from lab.errors import LabError
from lab.folder import Folder, folders, settings
from lab.ports import PORTS, Port
from lab.preparation import prepare
from lab.supervision import namespaces
from lab.supervision.published_ports import listen, listen_on_first
from lab.toolchain.build import Toolchain
from support.folder_removal import remove_folder

_PATIENCE = 180.0
_GRACE = 60.0
_POLL = 0.05


def up(folder: Folder, toolchain: Toolchain, ports: Mapping[str, int], progress: Callable[[str], None]) -> None:
    """Start a lab and wait until a workload could run; if it is being started already, wait with it.

    Args:
        folder: The lab's folder.
        toolchain: The tools to start it with.
        ports: The host's ports of the endpoints in `lab.ports`; by default the port of the last start, or a free one.
        progress: Is called with the name of the component that is awaited.

    Raises:
        LabError: It cannot be started, or does not become ready.
    """
    namespaces.check()
    deadline = time.monotonic() + _PATIENCE
    while True:
        folder.create()
        lock = record.take(folder.lock)
        if lock is None:
            if _await(folder, progress, deadline):
                return
            continue
        try:
            _launch(folder, lock, toolchain, ports)
        finally:
            os.close(lock)
        if not _await(folder, progress, deadline):
            raise LabError(_explain_failure(folder))
        return


def down(folder: Folder, *, delete: bool = False) -> bool:
    """Stop a lab; say whether it was running.

    Args:
        folder: The lab's folder.
        delete: Whether to delete its data as well.

    Raises:
        LabError: Its data cannot be deleted.
    """
    if not folder.root.is_dir():
        return False
    was_running = record.is_held(folder.lock)
    deadline = time.monotonic() + _GRACE
    signalled = False
    while (lock := record.take(folder.lock)) is None:
        supervisor = record.read(folder.record)
        late = time.monotonic() > deadline
        if supervisor is not None and supervisor.pid and (late or not signalled):
            _signal(folder, supervisor.pid, signal.SIGKILL if late else signal.SIGTERM)
            signalled = True
        time.sleep(_POLL)
    try:
        folder.record.unlink(missing_ok=True)
        if delete:
            remove_folder(folder.root)
    except OSError as error:
        message = (
            f"lab {folder.name} cannot be deleted: {error.filename or folder.root}: {error.strerror or error}; make it "
            f"removable by you, then run `boutique lab down --name {folder.name} --delete` again"
        )
        raise LabError(message) from error
    finally:
        os.close(lock)
    return was_running


def _launch(folder: Folder, lock: int, toolchain: Toolchain, ports: Mapping[str, int]) -> None:
    folder.record.unlink(missing_ok=True)
    requested = {**settings(folder).ports, **ports}
    with ExitStack() as stack:
        listeners = {
            name: stack.enter_context(closing(_listen(port, requested.get(name)))) for name, port in PORTS.items()
        }
        actual = {name: listener.getsockname()[1] for name, listener in listeners.items()}
        prepare(folder, toolchain, actual["api"])
        replace(settings(folder), ports=actual, tools=str(toolchain.bin)).write(folder)
        write_limit_groups(folder.limits, prepare_limits(folder.name))
        namespaces.launch(
            folder, toolchain.bin, lock, {name: listener.fileno() for name, listener in listeners.items()}
        )


def _listen(port: Port, requested: int | None) -> socket.socket:
    if requested:
        return listen(requested, port.option)
    used = {number for other in folders() for number in settings(other).ports.values()}
    return listen_on_first(number for number in range(port.first, port.first + 100) if number not in used)


def _await(folder: Folder, progress: Callable[[str], None], deadline: float) -> bool:
    """Wait until a lab is ready; say whether it is, or ended before."""
    awaited = "supervisor"
    while True:
        supervisor = record.read(folder.record)
        if supervisor is not None and supervisor.ready:
            return True
        if not record.is_held(folder.lock):
            return False
        awaited = supervisor.awaited if supervisor is not None and supervisor.awaited else awaited
        progress(awaited)
        if time.monotonic() > deadline:
            down(folder)
            raise LabError(_failure_message(folder, awaited, f"{awaited} was not ready after {_PATIENCE:.0f} s"))
        time.sleep(_POLL)


def _explain_failure(folder: Folder) -> str:
    supervisor = record.read(folder.record)
    if supervisor is not None and supervisor.failed:
        return _failure_message(folder, supervisor.failed, f"{supervisor.failed} does not start")
    return _failure_message(folder, "supervisor", "the supervisor ended")


def _failure_message(folder: Folder, component: str, problem: str) -> str:
    """Return a problem with the end of the log that may explain it."""
    log = folder.logs / f"{component}.log"
    if not log.exists():
        return f"lab {folder.name}: {problem}. Its logs are in {folder.logs}"
    lines = log.read_text(errors="replace").splitlines()[-8:]
    return "\n".join([f"lab {folder.name}: {problem}. The end of {log}:", *(f"  {line}" for line in lines)])


def _signal(folder: Folder, pid: int, number: signal.Signals) -> None:
    """Send a signal to the supervisor, and not to a process that has reused its number."""
    try:
        process = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        if record.is_held(folder.lock):
            signal.pidfd_send_signal(process, number)
    except ProcessLookupError:
        pass
    finally:
        os.close(process)
