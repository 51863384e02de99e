"""The environment variables of a container, as a workload's keys."""

import re
from collections.abc import Iterator, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any

from boutique.application.manifests.import_context import ImportContext, texts

_NAME = re.compile("[A-Za-z_][A-Za-z0-9_]*")
_REFERENCE = re.compile(r"\$\(([^()]+)\)")
_SOURCES = ("fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef")


@dataclass
class ImportedVariables:
    """The variables of one container."""

    env: dict[str, Any] = field(default_factory=dict)
    calls: dict[str, str] = field(default_factory=dict)
    calls_by_name: list[str] = field(default_factory=list)
    env_from: list[dict[str, Any]] = field(default_factory=list)


def take_variables(container: MutableMapping[str, Any], context: ImportContext) -> ImportedVariables:
    """Return a container's variables; those that no key can say stay in the container."""
    result = ImportedVariables()
    values: dict[str, Any] = {}
    for item in container.pop("envFrom", None) or []:
        values.update(_expanded(item, result, context))
    rest = []
    for variable in container.pop("env", None) or []:
        name = variable.get("name") if isinstance(variable, Mapping) else None
        value = _value(variable, context) if isinstance(name, str) else None
        if not variable.get("valueFrom") and not isinstance(variable.get("value", ""), str):
            continue
        if name is None or value is None or not _NAME.fullmatch(name):
            rest.append(variable)
            continue
        values.pop(name, None)
        values[name] = value
    if rest:
        container["env"] = rest
    referenced = {
        name
        for value in values.values()
        if isinstance(value, str)
        for name in _REFERENCE.findall(value)
    }  # fmt: skip
    for name, value in values.items():
        _sort(name, value, result, context, is_referenced=name in referenced)
    return result


def _expanded(item: Any, result: ImportedVariables, context: ImportContext) -> Mapping[str, str]:  # noqa: ANN401
    """Return the variables of a ConfigMap among the manifests; another source stays one."""
    reference = (item.get("configMapRef") or {}) if isinstance(item, Mapping) else {}
    config_map = context.config_map(reference.get("name"))
    if config_map:
        entries = texts(config_map.content.get("data") or {}).items()
        named = {f"{item.get('prefix') or ''}{key}": value for key, value in entries}
        for key in named:
            if not _NAME.fullmatch(key):
                context.leave_out(f"envFrom.{config_map.reference}.{key}", "is not a variable's name: letters and '_'")
        return {key: value for key, value in named.items() if _NAME.fullmatch(key)}
    if secret := (item.get("secretRef") or {}).get("name"):
        context.report.use_secret(secret, "", context.pair.name)
    elif reference:
        context.note(
            f"envFrom: ConfigMap/{reference.get('name')} is not among the manifests; its namespace has to have it"
        )
    result.env_from.append(dict(item))
    return {}


def _value(variable: Mapping[str, Any], context: ImportContext) -> Any:  # noqa: ANN401 - a text or a source
    """Return a variable's text, or where it comes from; None if no key can say it."""
    name = variable["name"]
    source = variable.get("valueFrom")
    if not source:
        return variable.get("value", "")
    if not set(source) <= set(_SOURCES):
        return None
    reference = source.get("configMapKeyRef") or {}
    if config_map := context.config_map(reference.get("name")):
        data = texts(config_map.content.get("data") or {})
        if reference.get("key") in data:
            return data[reference["key"]]
    if reference:
        context.note(
            f"env.{name}: key {reference.get('key')!r} of ConfigMap/{reference.get('name')} is not among the "
            "manifests; its namespace has to have it"
        )
    if secret := source.get("secretKeyRef"):
        context.report.use_secret(str(secret.get("name")), str(secret.get("key")), f"{context.pair.name}.{name}")
    return dict(source)


def _sort(
    name: str,
    value: Any,  # noqa: ANN401 - a text or a source
    result: ImportedVariables,
    context: ImportContext,
    *,
    is_referenced: bool,
) -> None:
    template, callees = ("", ()) if not isinstance(value, str) else context.addresses.template(
        name, value, context.pair.name
    )  # fmt: skip
    # Variables with addresses come last, so that another one cannot refer to them; braces have a meaning in them.
    if callees and not is_referenced and "{" not in value:
        result.calls[name] = template
        return
    result.env[name] = value
    result.calls_by_name += [callee for callee in callees if callee not in result.calls_by_name]
    if isinstance(value, str) and not callees and _is_doubtful(value, context):
        context.note(
            f"env.{name}: {value!r} is the name of a Service, and taken as a text; if it is an address, move the "
            f"variable to calls, as '{{{value}}}'"
        )


def _is_doubtful(value: str, context: ImportContext) -> bool:
    return context.addresses.is_bare_name(value) and value not in context.pair.addresses


def texts_of(container: Mapping[str, Any]) -> Iterator[str]:
    """Yield the command and the arguments of a container."""
    for key in ("command", "args"):
        yield from (part for part in container.get(key) or [] if isinstance(part, str))
