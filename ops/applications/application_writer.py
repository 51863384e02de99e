"""Writes the file of an application as YAML, with what goes with it as comments."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from boutique.application.manifests.import_report import ImportReport

SCHEMA = "application.schema.json"
"""The JSON schema of the file, beside the files in the folder `application`."""
_WIDTH = 110
_SHORT = 84
_IN_ONE_LINE = ("readinessProbe", "livenessProbe", "startupProbe", "requests", "limits", "user")
"""Keys whose values go into one line if they are short."""
_ITEMS_IN_ONE_LINE = ("ports", "httpHeaders", "emptyDirs", "persistentVolumeClaims")
"""Keys whose items each go into one line if they are short."""


class _Flow(dict[str, Any]):
    """A mapping that is written in one line."""


class _FlowList(list[Any]):
    """A list that is written in one line."""


class _Dumper(yaml.SafeDumper):
    """YAML in the form of the committed files."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002
        """Indent lists within mappings too."""
        super().increase_indent(flow, False)


def _flow(dumper: _Dumper, value: _Flow) -> yaml.Node:
    return dumper.represent_mapping("tag:yaml.org,2002:map", value, flow_style=True)


def _flow_list(dumper: _Dumper, value: _FlowList) -> yaml.Node:
    return dumper.represent_sequence("tag:yaml.org,2002:seq", value, flow_style=True)


def _text(dumper: _Dumper, value: str) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)


_Dumper.add_representer(_Flow, _flow)
_Dumper.add_representer(_FlowList, _flow_list)
_Dumper.add_representer(str, _text)


def write_application(content: Mapping[str, Any], report: ImportReport) -> str:
    """Return the file of an application.

    Args:
        content: The application, as the file has it.
        report: Whose settings and secrets follow the application as comments.
    """
    body = yaml.dump(_styled(content), Dumper=_Dumper, sort_keys=False, width=_WIDTH, allow_unicode=True)
    comments = [f"# {line}" if line else "" for line in _comments(report)]
    return "\n".join([f"# yaml-language-server: $schema={SCHEMA}", body.rstrip("\n"), *comments]) + "\n"


def _styled(value: Any, key: str = "", parent: str = "") -> Any:  # noqa: ANN401 - any part of the file
    if isinstance(value, list | Mapping):
        is_short = len(json.dumps(value)) <= _SHORT and "\\n" not in json.dumps(value)
        is_scalars = isinstance(value, list) and not any(isinstance(item, list | Mapping) for item in value)
        if is_short and (is_scalars or key in _IN_ONE_LINE or parent in _ITEMS_IN_ONE_LINE):
            return _whole(value)
    if isinstance(value, Mapping):
        return {name: _styled(item, name, key) for name, item in value.items()}
    if isinstance(value, list):
        return [_styled(item, "", key) for item in value]
    return value


def _whole(value: Any) -> Any:  # noqa: ANN401 - any part of the file
    if isinstance(value, Mapping):
        return _Flow({name: _whole(item) for name, item in value.items()})
    return _FlowList(_whole(item) for item in value) if isinstance(value, list) else value


def _comments(report: ImportReport) -> Iterator[str]:
    if report.services:
        yield ""
        yield "Settings of an environment that the manifests have too, for the stack's file:"
        yield "  boutique:environment:"
        yield "    services:"
        for name, settings in report.services.items():
            yield f"      {name}: {yaml.safe_dump(settings, default_flow_style=True, width=4096).strip()}"
    for name, versions in report.versions.items():
        yield ""
        yield f"Further versions of {name} that the manifests have; each can be a feature's:"
        yield from (f"  {version}" for version in versions)
    yield from _secrets(report)


def _secrets(report: ImportReport) -> Iterator[str]:
    if not report.secrets:
        return
    yield ""
    yield "Secrets by name. Their values are not imported: let another program put them into the namespace (External"
    yield "Secrets, Vault), or set the value of a variable in the stack:"
    for secret, keys in report.secrets.items():
        for key, users in keys.items():
            yield f"  {secret}{f': {key}' if key else ' (whole)'}, used by {', '.join(users)}"
            name = re.sub("[^A-Za-z0-9_-]", "-", f"{secret}-{key}")
            variables = [user.split(".", 1) for user in users if "." in user]
            if variables:
                yield f"    pulumi config set --secret --path 'boutique:serviceSecrets.{name}'"
            for workload, variable in variables:
                path = f"boutique:environment.services.{workload}.secrets.{variable}"
                yield f"    pulumi config set --path '{path}' {name}"
