"""Finds the file of an application that a user names."""

from pathlib import Path

from boutique.application.application import Application
from ops.pulumi.stack_application import read_application
from ops.pulumi.workspace import project


def find_application(reference: str) -> Application:
    """Return an application.

    Args:
        reference: Its name in the folder `application` of the project, or a path from the current folder.

    Raises:
        OperationError: There is no such file, or it is invalid.
    """
    path = Path(reference)
    if path.suffix in (".yaml", ".yml") and path.is_file():
        return read_application(path.resolve().parent, path.name)
    return read_application(project(), reference)
