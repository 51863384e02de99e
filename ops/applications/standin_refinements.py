"""Reads `<application>.lab.yaml`: what the stand-ins of an application do beyond what its own file tells.

The file has `workloads`: by name, fields of `Behaviour` that take the place of derived ones; and `definitions`, where
anything may stand that `workloads` refers to by YAML's anchors.
"""

from collections.abc import Mapping
from typing import Any

from boutique.application.application import Application
from boutique.application.application_file import parse_yaml
from boutique.settings.errors import ErrorLine, SettingsError, nearest
from lab.standins.behaviour import Behaviour
from lab.standins.decoding import decode_fields

KEYS = ("definitions", "workloads")


def parse_refinements(content: bytes, name: str, application: Application) -> dict[str, Mapping[str, Any]]:
    """Return fields of `Behaviour` by the names of workloads.

    Args:
        content: The file.
        name: What messages call it.
        application: The application whose workloads it refines.

    Raises:
        SettingsError: Something in it is wrong.
    """
    value = parse_yaml(content, name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise SettingsError([_error(f"{name}: must be a mapping with the keys {' and '.join(KEYS)}")])
    if unknown := [key for key in value if key not in KEYS]:
        raise SettingsError(
            _error(f"{name}: {key!r}: there is no such key{nearest(str(key), KEYS)}") for key in unknown
        )
    workloads = value.get("workloads") or {}
    if not isinstance(workloads, dict):
        raise SettingsError([_error(f"{name}: workloads: must be a mapping of names to behaviours")])
    errors: list[ErrorLine] = []
    refinements: dict[str, Mapping[str, Any]] = {}
    for workload, fields in workloads.items():
        place = f"{name}: workloads.{workload}"
        if workload not in application.workloads_by_name:
            known = nearest(str(workload), application.workloads_by_name)
            errors.append(_error(f"{place}: the application {application.name!r} has no such workload{known}"))
            continue
        try:
            refinements[workload] = decode_fields(Behaviour, fields, place)
        except ValueError as error:
            errors.append(_error(str(error)))
    if errors:
        raise SettingsError(errors)
    return refinements


def _error(text: str) -> ErrorLine:
    return ErrorLine("invalid-stand-ins", text)
