"""Starts a lab and stops it, from outside."""

import os
import shutil
import signal
import socket
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing

from lab import record
from lab.errors import LabError
from lab.folder import Folder, LabSettings, folders, settings
from lab.ports import PORTS, Port
from lab.preparation import prepare
from lab.supervision import namespaces
from lab.supervision.publish import listen, listen_on_first
from lab.toolchain.build import Toolchain

_PATIENCE = 180.0
_GRACE = 60.0
_POLL = 0.05


def up(where: Folder, toolchain: Toolchain, chosen: Mapping[str, int], progress: Callable[[str], None]) -> None:
    """Start a lab and wait until a workload could run; if it is being started already, wait with it.

    Args:
        where: The lab's folder.
        toolchain: The tools to start it with.
        chosen: Where the host reaches what `lab.ports` names; the port of the last time, or a free one, if not given.
        progress: Hears what is awaited.

    Raises:
        LabError: It cannot be started, or does not become ready.
    """
    namespaces.check()
    deadline = time.monotonic() + _PATIENCE
    while True:
        where.create()
        lock = record.take(where.lock)
        if lock is None:
            if _await(where, progress, deadline):
                return
            continue
        try:
            _launch(where, lock, toolchain, chosen)
        finally:
            os.close(lock)
        if not _await(where, progress, deadline):
            raise LabError(_why(where))
        return


def down(where: Folder, *, delete: bool = False) -> bool:
    """Stop a lab; say whether it was running.

    Args:
        where: The lab's folder.
        delete: Whether to delete its data as well.
    """
    if not where.root.is_dir():
        return False
    was_running = record.is_held(where.lock)
    deadline = time.monotonic() + _GRACE
    asked = False
    while (lock := record.take(where.lock)) is None:
        found = record.read(where.record)
        late = time.monotonic() > deadline
        if found is not None and found.pid and (late or not asked):
            _signal(where, found.pid, signal.SIGKILL if late else signal.SIGTERM)
            asked = True
        time.sleep(_POLL)
    try:
        where.record.unlink(missing_ok=True)
        if delete:
            shutil.rmtree(where.root)
    finally:
        os.close(lock)
    return was_running


def _launch(where: Folder, lock: int, toolchain: Toolchain, chosen: Mapping[str, int]) -> None:
    where.record.unlink(missing_ok=True)
    wanted = {**settings(where).ports, **chosen}
    with ExitStack() as stack:
        listeners = {
            name: stack.enter_context(closing(_listen(port, wanted.get(name)))) for name, port in PORTS.items()
        }
        actual = {name: listener.getsockname()[1] for name, listener in listeners.items()}
        prepare(where, toolchain, actual["api"])
        LabSettings(actual, str(toolchain.bin)).write(where)
        namespaces.launch(where, toolchain.bin, lock, {name: listener.fileno() for name, listener in listeners.items()})


def _listen(port: Port, wanted: int | None) -> socket.socket:
    if wanted:
        return listen(wanted, port.option)
    taken = {number for other in folders() for number in settings(other).ports.values()}
    return listen_on_first(number for number in range(port.first, port.first + 100) if number not in taken)


def _await(where: Folder, progress: Callable[[str], None], deadline: float) -> bool:
    """Wait until a lab is ready; say whether it is, or ended before."""
    awaited = "supervisor"
    while True:
        found = record.read(where.record)
        if found is not None and found.ready:
            return True
        if not record.is_held(where.lock):
            return False
        awaited = found.awaited if found is not None and found.awaited else awaited
        progress(awaited)
        if time.monotonic() > deadline:
            down(where)
            raise LabError(_story(where, awaited, f"{awaited} was not ready after {_PATIENCE:.0f} s"))
        time.sleep(_POLL)


def _why(where: Folder) -> str:
    found = record.read(where.record)
    if found is not None and found.failed:
        return _story(where, found.failed, f"{found.failed} does not start")
    return _story(where, "supervisor", "the supervisor ended")


def _story(where: Folder, component: str, what: str) -> str:
    """Return what went wrong with the end of the log that may say why."""
    log = where.logs / f"{component}.log"
    if not log.exists():
        return f"lab {where.name}: {what}. Its logs are in {where.logs}"
    lines = log.read_text(errors="replace").splitlines()[-8:]
    return "\n".join([f"lab {where.name}: {what}. The end of {log}:", *(f"  {line}" for line in lines)])


def _signal(where: Folder, pid: int, number: signal.Signals) -> None:
    """Send a signal to the supervisor, and to nobody who got its process number since."""
    try:
        process = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        if record.is_held(where.lock):
            signal.pidfd_send_signal(process, number)
    except ProcessLookupError:
        pass
    finally:
        os.close(process)
