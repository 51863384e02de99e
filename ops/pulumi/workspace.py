"""Creates a locked working folder for one stack's file, so that commands do not write to the project's folder."""

import fcntl
import hashlib
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ops.errors import OperationError
from ops.pulumi import engine
from ops.pulumi.engine import LockedError
from support import paths

_LINKED = ("Pulumi.yaml", "__main__.py", "application", "venv")
_PATIENCE, _PAUSE = 1.0, 0.05
"""Seconds to wait for a lock, and between attempts: a command that only reads holds it for a moment."""


class BusyError(OperationError):
    """Another command on this machine is working on the stack."""


@dataclass(frozen=True)
class Workspace:
    """A working folder with the project and the file of one stack, locked by this process.

    Attributes:
        stack: The stack.
        folder: The working folder.
        held: The file descriptor of the folder, which has the lock.
    """

    stack: str
    folder: Path
    held: int

    def configure(self, content: Mapping[str, Any]) -> None:
        """Write the stack's file; `pulumi` may add its secrets provider."""
        path = self.folder / f"Pulumi.{self.stack}.yaml"
        path.touch(mode=0o600)
        path.write_text(yaml.safe_dump(dict(content)))


def project() -> Path:
    """Return the folder of the project: as for `pulumi`, the nearest with a Pulumi.yaml, upwards from the current one.

    Raises:
        OperationError: No folder has a Pulumi.yaml.
    """
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / "Pulumi.yaml").is_file():
            return folder
    raise OperationError(f"there is no Pulumi.yaml in {here} or above it; change to the folder of the project")


def is_interrupted(stack: str) -> bool:
    """Say whether a command on this machine was killed while it worked on a stack."""
    if (held := _try_lock(_folder(stack))) is None:
        return False
    os.close(held)
    return True


def clear() -> None:
    """Remove the working folders that killed commands have left."""
    for folder in _folders().glob("*"):
        if (held := _try_lock(folder)) is not None:
            shutil.rmtree(folder, ignore_errors=True)
            os.close(held)


@contextmanager
def workspace(project: Path, stack: str) -> Iterator[Workspace]:
    """Lock the working folder of a stack, emptied of leftovers of killed commands, and remove it afterwards.

    The kernel releases the lock when the process ends, also after a kill.

    Args:
        project: The folder of the project.
        stack: The stack.

    Raises:
        BusyError: Another process of this machine has the lock.
    """
    folder = _folder(stack)
    held = _lock(folder, stack)
    try:
        for entry in folder.iterdir():
            shutil.rmtree(entry) if entry.is_dir() and not entry.is_symlink() else entry.unlink()
        for name in _LINKED:
            (folder / name).symlink_to(project / name)
        yield Workspace(stack, folder, held)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(held)


def run(
    workspace: Workspace,
    *arguments: str,
    on_line: Callable[[str], None] | None = None,
    environment: Mapping[str, str] | None = None,
) -> str:
    """Run `pulumi`, and once more if only dead processes of this machine had locked the stack.

    Raises:
        EngineError: See `engine.run`.
    """

    def once(*arguments: str) -> str:
        # `pulumi stack init` takes no lock of Pulumi's: if it outlives this process, it still has the folder's lock.
        # An update has Pulumi's lock, and would pass open files on to plugins that outlive it.
        keeping = (workspace.held,) if arguments[0] == "stack" else ()
        return engine.run(
            workspace.folder, workspace.stack, *arguments, on_line=on_line, keeping=keeping, environment=environment
        )

    try:
        return once(*arguments)
    except LockedError as locked:
        if not locked.holders or not all(holder.is_dead for holder in locked.holders):
            raise
        # No other command of this machine can interfere, since this one has the lock of the stack's folder.
        once("cancel", "--yes")
        return once(*arguments)


def unique_name(stack: str) -> str:
    """Return a name for what belongs to a stack on this machine: stacks of one name in several backends differ."""
    backend = "\n".join(os.environ.get(name, "") for name in ("PULUMI_BACKEND_URL", "PULUMI_HOME"))
    digest = hashlib.sha256(f"{backend}\n{stack}".encode()).hexdigest()[:12]
    return f"{stack.replace('/', '-')}-{digest}"


def _folder(stack: str) -> Path:
    return _folders() / unique_name(stack)


def _folders() -> Path:
    return paths.state() / "workspaces"


def _lock(folder: Path, stack: str) -> int:
    """Return the descriptor of the locked folder, which is created if it is missing."""
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if (held := _try_lock(folder)) is not None:
            return held
        time.sleep(_PAUSE)
    raise BusyError(f"another `boutique` on this machine works on stack {stack!r}; wait until it has ended")


def _try_lock(folder: Path) -> int | None:
    """Return the descriptor of a locked folder; None if it is missing, or another process has the lock."""
    try:
        held = os.open(folder, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # The previous owner of the lock may have removed the folder in the meantime.
        if folder.stat().st_ino == os.fstat(held).st_ino:
            return held
    except (BlockingIOError, FileNotFoundError):
        pass
    os.close(held)
    return None
