"""What a lab knows of applications: the behaviour of their stand-ins, and the one that stack `local` deploys."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from boutique.application.application_file import KEY, application_names, is_path
from boutique.settings.errors import SettingsError
from boutique.settings.stack import NAMESPACE
from lab.folder import Folder
from ops.applications.standin_document import standin_document
from ops.errors import OperationError
from ops.pulumi import workspace
from ops.pulumi.stack_application import default_reference
from support.files import replace_file

_INSTALLED = Path(__file__).parents[2]
"""Where the package `application` lies too: for a lab that is started where no project is."""


@dataclass(frozen=True)
class LabApplications:
    """The files of a lab to write.

    Attributes:
        behaviour: The behaviour document.
        application: The application of stack `local`; None if neither an option nor the project names one.
    """

    behaviour: str
    application: str | None

    def write(self, folder: Folder) -> None:
        """Write the files; stand-ins that run already keep the behaviour that they have."""
        replace_file(folder.behaviour, self.behaviour)
        if self.application is not None:
            replace_file(folder.application, self.application)


def lab_applications(folder: Folder, references: Sequence[str]) -> LabApplications:
    """Return what a lab should know.

    Args:
        folder: The lab's folder; applications that it knows already are kept.
        references: Names in the folder `application` or paths of files, the one of stack `local` first. Without any
            the lab gets all that the project has, and keeps that of stack `local`.

    Raises:
        OperationError: A file is wrong.
    """
    root = _root()
    chosen = [_absolute(reference, root) for reference in references]
    previous = folder.behaviour.read_text() if folder.behaviour.is_file() else "{}"
    try:
        behaviour = standin_document(chosen or application_names(root), root, previous)
    except SettingsError as error:
        # Those of the folder are there: only an option can name a file that is not.
        lines = (line.replace(f"{NAMESPACE}:{KEY}:", "--application:") for line in error.errors)
        raise OperationError("\n".join(lines)) from None
    return LabApplications(behaviour, chosen[0] if chosen else _former(folder) or default_reference(root))


def _root() -> Path:
    try:
        return workspace.project()
    except OperationError:
        return _INSTALLED


def _absolute(reference: str, root: Path) -> str:
    """Return a reference that is the same from the folder of the project: a path is one from the current folder."""
    if not is_path(reference):
        return reference
    path, folder = Path(reference).resolve(), root.resolve()
    return str(path.relative_to(folder)) if path.is_relative_to(folder) else str(path)


def _former(folder: Folder) -> str | None:
    return folder.application.read_text() if folder.application.is_file() else None
