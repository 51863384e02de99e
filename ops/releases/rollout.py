"""Deploys what a stack's file is about to say: the file first, then `pulumi up`."""

import getpass
import socket
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from ops.errors import OperationError
from ops.pulumi.engine import EngineError, LockedError
from ops.pulumi.workspace import run, workspace
from ops.releases.file_checks import UNCHANGED
from ops.releases.stack_file import StackFile

Progress = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Update:
    """One update of a stack.

    Attributes:
        stack: The stack.
        before: Its file as it is.
        after: Its file as it is to be.
        message: What the update is for.
    """

    stack: str
    before: StackFile
    after: StackFile
    message: str


def preview_update(project: Path, update: Update, progress: Progress) -> str:
    """Return what `pulumi preview` says would be done; the stack's file stays as it is.

    Raises:
        EngineError: Pulumi refuses.
    """
    with workspace(project, update.stack) as stack_workspace:
        copy = stack_workspace.folder / update.after.path.name
        copy.touch(mode=0o600)
        copy.write_bytes(update.after.text.encode())
        # In the project's folder, to which paths in the file are relative.
        project_workspace = replace(stack_workspace, folder=project)
        return run(project_workspace, "preview", "--config-file", str(copy), said=lambda line: progress(line))


def deploy(project: Path, update: Update, progress: Progress) -> None:
    """Write the stack's file and run `pulumi up`; whatever is killed in between, the next `pulumi up` finishes.

    Raises:
        LockedError: Somebody else is updating the stack; the file is as before.
        OperationError: The file has changed since it was read and is left alone, or the update fails; then the file
            stays as the update wants it.
    """
    with workspace(project, update.stack) as stack_workspace:
        update.before.replace_with(update.after)
        arguments = ("up", "--yes", "--skip-preview", "--suppress-outputs", "--message", sign_message(update.message))
        try:
            run(replace(stack_workspace, folder=project), *arguments, said=lambda line: progress(line))
        except LockedError as error:
            if update.after != update.before and update.after.is_on_disk():
                update.before.write()
            raise OperationError(f"{UNCHANGED}: {error}") from None
        except EngineError as error:
            raise OperationError(
                f"the update of {update.stack!r} failed: {error}\n{update.after.path.name} has the new release: "
                f"`pulumi up --stack {update.stack}` finishes it once that is mended, "
                f"`boutique rollback {update.stack}` goes back"
            ) from None


def sign_message(message: str) -> str:
    """Return the message of an update with who runs it: a file backend knows nobody."""
    try:
        user = getpass.getuser()
    except (OSError, KeyError):
        return message
    return f"{message} (by {user}@{socket.gethostname()})"
