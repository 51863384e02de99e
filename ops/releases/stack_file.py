"""The file of a stack in the project's folder: `Pulumi.<stack>.yaml`."""

import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import yaml

from boutique.application.application import Application
from boutique.application.application_file import KEY
from boutique.checks.load import SECRETS, SERVICE_SECRETS
from boutique.settings.errors import ErrorLine
from boutique.settings.stack import NAMESPACE, SECTIONS
from ops.errors import OperationError
from ops.pulumi.stack_application import application_of, default_reference, read_application
from ops.releases.yaml_edits import edit_config

RELEASE, ENVIRONMENT = "release", "environment"


@dataclass(frozen=True, kw_only=True)
class StackFile:
    """The file of a stack.

    Attributes:
        path: The path of the file.
        text: Its whole text.
        project: The folder of the project.
    """

    path: Path
    text: str
    project: Path = Path()

    @classmethod
    def read(cls, project: Path, stack: str) -> Self:
        """Read the file of a stack.

        Raises:
            OperationError: The file is missing, or is not a stack's file.
        """
        project_settings = _project_settings(project)
        name = stack.rpartition("/")[2]
        path = project / str(project_settings.get("stackConfigDir") or "") / f"Pulumi.{name}.yaml"
        try:
            # `read_text` would replace Windows line ends.
            text = path.read_bytes().decode()
        except UnicodeDecodeError as error:
            raise OperationError(
                f"{path}: is not UTF-8 text: byte {error.start} is invalid; save it as UTF-8"
            ) from None
        except FileNotFoundError:
            raise OperationError(
                f"there is no file {path}; `pulumi config refresh --stack {stack}` writes that of the last update"
            ) from None
        file = cls(path=path, text=text, project=project)
        _ = file.config
        return file

    @property
    def config(self) -> Mapping[str, Any]:
        """Every key of the program's namespace, without the namespace; secrets as they are encrypted.

        Raises:
            OperationError: The file is not YAML with a mapping `config`.
        """
        content = _parse(self.text, self.path)
        config = {} if content.get("config") is None else content["config"]
        prefix = f"{NAMESPACE}:"
        if not isinstance(config, dict):
            raise OperationError(f"{self.path}: config: must be a mapping of keys to values")
        return {
            key.removeprefix(prefix): _parse_value(value)
            for key, value in config.items()
            if isinstance(key, str) and key.startswith(prefix)
        }

    @property
    def secret_names(self) -> tuple[str, ...] | None:
        """The names of the services' secrets; None if all are encrypted as one value."""
        secrets = self.config.get(SERVICE_SECRETS) or {}
        return None if not isinstance(secrets, Mapping) or set(secrets) == {"secure"} else tuple(secrets)

    @property
    def values(self) -> tuple[Mapping[str, Any], list[ErrorLine]]:
        """The input of `boutique.checks.load.load`: every value except secrets, and the errors in secrets."""
        values: dict[str, Any] = {KEY: self.config.get(KEY) or default_reference(self.project)}
        errors: list[ErrorLine] = []
        for key, value in self.config.items():
            if key == KEY:
                continue
            values[key] = value
            if key in SECRETS:
                values[key] = bool(value)
                if value and not _holds_secret(value):
                    errors.append(
                        ErrorLine(
                            "secret-in-clear",
                            f"boutique:{key}: is in clear; set it again with `pulumi config set --secret`",
                        )
                    )
            elif key in SECTIONS and _holds_secret(value):
                values[key] = None
                errors.append(
                    ErrorLine(
                        "secret-in-settings",
                        f"boutique:{key}: holds a secret; secrets are keys of their own: {', '.join(SECRETS)}",
                    )
                )
        return values, errors

    @property
    def application(self) -> Application:
        """The application of the stack.

        Raises:
            OperationError: No application is named, or its file is invalid.
        """
        reference = self.config.get(KEY)
        if isinstance(reference, str):
            return read_application(self.project, reference)
        return application_of(self.project)

    def with_values(self, changes: Mapping[str, Any]) -> Self:
        """Return the file with other values for some keys; None removes one."""
        return replace(self, text=edit_config(self.text, {f"{NAMESPACE}:{key}": new for key, new in changes.items()}))

    def is_on_disk(self) -> bool:
        """Say whether the file has not changed since it was read."""
        return self.path.exists() and self.path.read_bytes() == self.text.encode()

    def replace_with(self, new: Self) -> None:
        """Replace this content of the file by another.

        Raises:
            OperationError: The file has changed since it was read; it is not written.
        """
        if not self.is_on_disk():
            raise OperationError(f"{self.path} has changed in the meantime, and nothing was changed; run this again")
        if new != self:
            new.write()

    def write(self) -> None:
        """Write the file atomically."""
        handle, name = tempfile.mkstemp(prefix=f".{self.path.name}.", dir=self.path.parent)
        new = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(self.text.encode())
                file.flush()
                os.fsync(file.fileno())
            new.chmod(self.path.stat().st_mode & 0o7777)
            # A symbolic link to the file stays.
            new.replace(self.path.resolve())
        finally:
            new.unlink(missing_ok=True)


def _project_settings(project: Path) -> Mapping[str, Any]:
    path = project / "Pulumi.yaml"
    return _parse(path.read_text(encoding="utf-8"), path)


def _parse(text: str, path: Path) -> Mapping[str, Any]:
    try:
        content = yaml.safe_load(text) or {}
    except yaml.YAMLError as error:
        raise OperationError(f"{path}: is not YAML: {' '.join(str(error).split())}") from None
    if not isinstance(content, dict):
        raise OperationError(f"{path}: must be a mapping of keys to values")
    return content


def _parse_value(value: Any) -> Any:  # noqa: ANN401 - any value
    """Return a value as the program gets it; `pulumi config set` may have written an object as JSON."""
    if isinstance(value, str) and value.lstrip().startswith(("{", "[")):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def _holds_secret(value: Any) -> bool:  # noqa: ANN401 - any value
    if isinstance(value, Mapping):
        return set(value) == {"secure"} or any(map(_holds_secret, value.values()))
    return isinstance(value, list) and any(map(_holds_secret, value))
