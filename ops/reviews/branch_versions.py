"""Finds the service versions that a branch changes in an environment."""

from dataclasses import replace
from pathlib import Path

from boutique.checks.load import is_present
from ops.errors import OperationError
from ops.releases.file_checks import read
from ops.releases.service_versions import Pins, requested_pins
from ops.releases.stack_file import ENVIRONMENT, StackFile
from ops.reviews.changed_files import base_text


def versions(project: Path, stack: str, base: str) -> dict[str, str]:
    """Return the new tags of the services whose tag this branch has changed since it left another.

    Args:
        project: The folder of the project.
        stack: The stack of an environment.
        base: The other branch, or a commit of it.

    Raises:
        OperationError: There is no such stack file or commit, or the file has no valid environment.
    """
    file = StackFile.read(project, stack)
    text = base_text(project, base, str(file.path.relative_to(project)))
    old_file = None if text is None else replace(file, path=Path(f"{file.path.name} of {base}"), text=text)
    return changed_versions(old_file, file)


def changed_versions(old_file: StackFile | None, file: StackFile) -> dict[str, str]:
    """Return the new tags of the services whose tag differs.

    Args:
        old_file: The earlier file of the stack; None if it did not exist.
        file: The current file of the stack.

    Raises:
        OperationError: A file has no valid environment, or a service has no tag.
    """
    new = requested_pins(*read(file))
    old: Pins = (
        requested_pins(*read(old_file)) if old_file is not None and is_present(old_file.config.get(ENVIRONMENT)) else {}
    )
    differing = {name: pin for name, pin in new.items() if name not in old or old[name].tag != pin.tag}
    if tagless := [name for name, pin in differing.items() if not pin.tag]:
        raise OperationError(
            f"{file.path.name}: {', '.join(tagless)}: a digest alone names no version; write tag@digest"
        )
    return {name: pin.tag for name, pin in differing.items() if pin.tag}
