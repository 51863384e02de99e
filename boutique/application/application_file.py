"""Reads the file of an application, and finds all errors in it before anything is created."""

from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from boutique.application.application import Application
from boutique.application.application_checks import application_errors
from boutique.settings.errors import ErrorLine, SettingsError, nearest
from boutique.settings.fields import expand_variables
from boutique.settings.validation_errors import explain

FOLDER = "application"
SUFFIX, LAB_SUFFIX = ".yaml", ".lab.yaml"
KEY = "application"
"""The key of a stack's configuration that names the file."""
_LARGEST = 5 * 2**20
"""Bytes; the files of large applications have a few hundred kilobytes."""


def application_reference(text: str) -> str:
    """Return the name or the path of an application, with `${NAME}` replaced by environment variables.

    Raises:
        SettingsError: A variable is not set.
    """
    try:
        return expand_variables(text)
    except ValueError as error:
        raise SettingsError([ErrorLine("variable-not-set", f"boutique:{KEY}: {text!r}: {error}")]) from None


def application_path(reference: str, root: Path) -> Path:
    """Return the file of an application.

    Args:
        reference: Its name in the folder `application`, or a path that ends in `.yaml`.
        root: The folder of the project, where paths begin.

    Raises:
        SettingsError: There is no such file.
    """
    reference = application_reference(reference)
    path = root / reference if is_path(reference) else root / FOLDER / f"{reference}{SUFFIX}"
    if path.is_file():
        return path
    hint = "" if is_path(reference) else nearest(reference, application_names(root))
    name = reference if is_path(reference) else f"{FOLDER}/{path.name}"
    raise SettingsError(
        [
            ErrorLine(
                "missing-application",
                f"boutique:{KEY}: {reference!r}: there is no file {name}{hint}; `boutique application import` writes "
                "one from Kubernetes manifests",
            )
        ]
    )


def is_path(reference: str) -> bool:
    """Say whether a reference to an application is the path of its file, not a name."""
    return "/" in reference or reference.endswith((".yaml", ".yml"))


def lab_path(path: Path) -> Path:
    """Return the file that refines the stand-ins of an application, beside the application's own."""
    return path.with_name(path.name.removesuffix(path.suffix) + LAB_SUFFIX)


def application_names(root: Path) -> list[str]:
    """Return the names of the applications of a project."""
    names = [path.name for path in (root / FOLDER).glob(f"*{SUFFIX}")]
    return sorted(name.removesuffix(SUFFIX) for name in names if not name.endswith(LAB_SUFFIX))


def load_application(reference: str, root: Path) -> Application:
    """Return an application.

    Args:
        reference: Its name in the folder `application`, or a path that ends in `.yaml`.
        root: The folder of the project.

    Raises:
        SettingsError: There is no such file, or something in it is wrong; with a line for each error.
    """
    path = application_path(reference, root)
    return parse_application(path.read_bytes(), str(path.relative_to(root)) if path.is_relative_to(root) else str(path))


def parse_application(content: bytes, name: str) -> Application:
    """Return the application that a file describes.

    Args:
        content: The file.
        name: What messages call it.

    Raises:
        SettingsError: Something in it is wrong; with a line for each error.
    """
    value = parse_yaml(content, name)
    try:
        application = Application.model_validate(value)
    except ValidationError as error:
        raise SettingsError(explain(f"{name}: ", Application, error)) from None
    if errors := list(application_errors(application)):
        raise SettingsError(ErrorLine("invalid-application", f"{name}: {error}") for error in errors)
    return application


def parse_yaml(content: bytes, name: str) -> Any:  # noqa: ANN401 - any content of a file
    """Return what a file that people write holds.

    Args:
        content: The file.
        name: What messages call it.

    Raises:
        SettingsError: It is too large, or is not YAML.
    """
    if len(content) > _LARGEST:
        text = f"{name}: has {len(content)} bytes; the file of an application has at most {_LARGEST}"
        raise SettingsError([ErrorLine("too-large", text)])
    try:
        return yaml.load(content, getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - both are safe
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = f" line {mark.line + 1}, column {mark.column + 1}:" if mark else ""
        text = f"{name}:{line} is not YAML: {error.problem or error.context}"
        raise SettingsError([ErrorLine("not-yaml", text)]) from None
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise SettingsError([ErrorLine("not-yaml", f"{name}: is not YAML: {str(error).splitlines()[0]}")]) from None
