"""Deploys a new version of a stack's file: writes the file, then runs `pulumi up`."""

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
    """A planned update of a stack.

    Attributes:
        stack: The stack.
        before: Its current file.
        after: Its new file.
        message: The message of the update.
    """

    stack: str
    before: StackFile
    after: StackFile
    message: str


def preview_update(project: Path, update: Update, progress: Progress) -> str:
    """Return the output of `pulumi preview`; the stack's file does not change.

    Raises:
        EngineError: The preview fails.
    """
    with workspace(project, update.stack) as stack_workspace:
        copy = stack_workspace.folder / update.after.path.name
        copy.touch(mode=0o600)
        copy.write_bytes(update.after.text.encode())
        # Paths in the file are relative to the project's folder.
        project_workspace = replace(stack_workspace, folder=project)
        return run(project_workspace, "preview", "--config-file", str(copy), on_line=lambda line: progress(line))


def deploy(project: Path, update: Update, progress: Progress) -> None:
    """Write the stack's file and run `pulumi up`; after a kill in between, the next `pulumi up` finishes the update.

    Raises:
        LockedError: Another process is updating the stack; the file is restored.
        OperationError: The file has changed since it was read and is not written, or the update fails; then the new
            file stays.
    """
    with workspace(project, update.stack) as stack_workspace:
        update.before.replace_with(update.after)
        arguments = ("up", "--yes", "--skip-preview", "--suppress-outputs", "--message", sign_message(update.message))
        try:
            run(replace(stack_workspace, folder=project), *arguments, on_line=lambda line: progress(line))
        except LockedError as error:
            if update.after != update.before and update.after.is_on_disk():
                update.before.write()
            raise OperationError(f"{UNCHANGED}: {error}") from None
        except EngineError as error:
            raise OperationError(
                f"the update of {update.stack!r} failed: {error}\n{update.after.path.name} has the new release: "
                f"`pulumi up --stack {update.stack}` finishes it once you have fixed that, "
                f"`boutique rollback {update.stack}` goes back"
            ) from None


def sign_message(message: str) -> str:
    """Append the user and the host to the message of an update: a file backend does not record them."""
    try:
        user = getpass.getuser()
    except (OSError, KeyError):
        return message
    return f"{message} (by {user}@{socket.gethostname()})"
