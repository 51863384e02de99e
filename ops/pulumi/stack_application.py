"""The application of a stack, by the files of the project."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from boutique.application.application import Application
from boutique.application.application_file import KEY, load_application
from boutique.settings.errors import SettingsError
from boutique.settings.stack import NAMESPACE
from ops.errors import OperationError


def read_application(project: Path, reference: str) -> Application:
    """Return an application.

    Args:
        project: The folder of the project.
        reference: The name of its file in the folder `application`, or the path.

    Raises:
        OperationError: There is no such file, or it is invalid.
    """
    try:
        return load_application(reference, project)
    except SettingsError as error:
        raise OperationError(str(error)) from None


def default_reference(project: Path) -> str | None:
    """Return the application of stacks that name none, from Pulumi.yaml; None if the project names none."""
    settings = _config(project / "Pulumi.yaml")
    entry = settings.get(KEY, settings.get(f"{NAMESPACE}:{KEY}"))
    value = entry.get("value", entry.get("default")) if isinstance(entry, Mapping) else entry
    return None if value is None else str(value)


def application_of(project: Path, stack: str | None = None) -> Application:
    """Return the application of a stack, or that of stacks that name none.

    Args:
        project: The folder of the project.
        stack: The stack; one without a file has the project's application.

    Raises:
        OperationError: No application is named, or its file is invalid.
    """
    reference = None
    if stack is not None:
        name = stack.rpartition("/")[2]
        reference = _config(project / f"Pulumi.{name}.yaml").get(f"{NAMESPACE}:{KEY}")
    reference = reference or default_reference(project)
    if not isinstance(reference, str):
        raise OperationError(
            f"{NAMESPACE}:{KEY}: is missing in Pulumi.yaml and in the file of the stack; name a file of the folder "
            "application"
        )
    return read_application(project, reference)


def _config(path: Path) -> Mapping[str, Any]:
    """Return the section `config` of a file of Pulumi's; nothing of a file that is missing or that others report."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return {}
    config = content.get("config") if isinstance(content, Mapping) else None
    return config if isinstance(config, Mapping) else {}
