"""A folder for one stack's file while a command works on it: the project's own folder is never written to."""

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

_LINKED = ("Pulumi.yaml", "__main__.py", "venv")
_PATIENCE, _PAUSE = 1.0, 0.05
"""Seconds to try for: whoever only looks holds a folder for a moment."""


class BusyError(OperationError):
    """Another command on this machine is working on the stack."""


@dataclass(frozen=True)
class Workspace:
    """The project with the file of one stack, held by this process.

    Attributes:
        stack: The stack.
        folder: Where both are.
        held: The open folder, by which this process holds it.
    """

    stack: str
    folder: Path
    held: int

    def configure(self, content: Mapping[str, Any]) -> None:
        """Write the stack's file; `pulumi` may add how its secrets are encrypted."""
        path = self.folder / f"Pulumi.{self.stack}.yaml"
        path.touch(mode=0o600)
        path.write_text(yaml.safe_dump(dict(content)))


def project() -> Path:
    """Return the folder of the project, the nearest above the current one as for `pulumi`.

    Raises:
        OperationError: There is none.
    """
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / "Pulumi.yaml").is_file():
            return folder
    raise OperationError(f"there is no Pulumi.yaml in {here} or above it; change to the folder of the project")


def is_interrupted(stack: str) -> bool:
    """Say whether a command on this machine was killed in the middle of its work on a stack."""
    if (held := _try_lock(_folder(stack))) is None:
        return False
    os.close(held)
    return True


def clear() -> None:
    """Remove what killed commands have left behind in the folders of stacks."""
    for folder in _folders().glob("*"):
        if (held := _try_lock(folder)) is not None:
            shutil.rmtree(folder, ignore_errors=True)
            os.close(held)


@contextmanager
def workspace(project: Path, stack: str) -> Iterator[Workspace]:
    """Hold the folder of a stack; whatever a killed command has left there is removed, and all of it afterwards.

    The system lets go of it when the process ends, however that happens.

    Args:
        project: The folder of the project.
        stack: The stack.

    Raises:
        BusyError: Another process of this machine holds it.
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
    said: Callable[[str], None] | None = None,
    environment: Mapping[str, str] | None = None,
) -> str:
    """Run `pulumi`, once more if only dead processes of this machine had locked the stack.

    Raises:
        EngineError: See `engine.run`.
    """

    def once(*arguments: str) -> str:
        # What creates the stack takes no lock of Pulumi's: should it outlive this process, it still holds the folder.
        # An update has a lock, and hands open files on to plugins that outlive it.
        keeping = (workspace.held,) if arguments[0] == "stack" else ()
        return engine.run(
            workspace.folder, workspace.stack, *arguments, said=said, keeping=keeping, environment=environment
        )

    try:
        return once(*arguments)
    except LockedError as locked:
        if not locked.holders or not all(holder.is_dead for holder in locked.holders):
            raise
        # No other command of this machine can come in between, since this one holds the stack's folder.
        once("cancel", "--yes")
        return once(*arguments)


def _folder(stack: str) -> Path:
    # Stacks of one name in several backends do not get in each other's way.
    backend = "\n".join(os.environ.get(name, "") for name in ("PULUMI_BACKEND_URL", "PULUMI_HOME"))
    digest = hashlib.sha256(f"{backend}\n{stack}".encode()).hexdigest()[:12]
    return _folders() / f"{stack.replace('/', '-')}-{digest}"


def _folders() -> Path:
    return paths.state() / "workspaces"


def _lock(folder: Path, stack: str) -> int:
    """Return the folder, open and locked; it is made if need be."""
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if (held := _try_lock(folder)) is not None:
            return held
        time.sleep(_PAUSE)
    raise BusyError(f"another `boutique` on this machine works on stack {stack!r}; wait until it has ended")


def _try_lock(folder: Path) -> int | None:
    """Return a folder, open and locked; None if it is not there, or another process holds it."""
    try:
        held = os.open(folder, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Whoever held it before may have removed it in the meantime.
        if folder.stat().st_ino == os.fstat(held).st_ino:
            return held
    except (BlockingIOError, FileNotFoundError):
        pass
    os.close(held)
    return None
