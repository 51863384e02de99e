"""Manifests made of a table of facts: object, field and value."""

import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml

FACTS = Path(__file__).parents[2] / "lab" / "data" / "online-boutique-v0.10.6.tsv"
KEYED = ("labels", "annotations", "matchLabels", "selector")
"""Mappings whose keys hold dots."""
VERSIONS = {"Deployment": "apps/v1", "Service": "v1", "ServiceAccount": "v1"}
_NUMBERS = ("port", "targetPort", "containerPort", "replicas", "fsGroup", "runAsUser", "runAsGroup")


def upstream_manifests() -> list[dict[str, Any]]:
    """Return the objects of upstream's release manifest."""
    objects: dict[str, dict[str, Any]] = {}
    for line in FACTS.read_text().splitlines():
        if line.startswith("#"):
            continue
        reference, field, value = line.split("\t")
        kind, name = reference.split("/")
        content = objects.setdefault(
            reference, {"apiVersion": VERSIONS[kind], "kind": kind, "metadata": {"name": name}}
        )
        if field:
            put(content, steps(field), value)
    for content in objects.values():
        for volume in content.get("spec", {}).get("template", {}).get("spec", {}).get("volumes", []):
            # The table has no empty values.
            volume["emptyDir"] = {}
    return list(objects.values())


def upstream_text() -> bytes:
    """Return upstream's release manifest as YAML."""
    return yaml.safe_dump_all(upstream_manifests(), sort_keys=False).encode()


def steps(field: str) -> list[str | int]:
    """Return the keys that lead to a field; `[x]` is an item of a list by its number or, with the bracket, its name."""
    path: list[str | int] = []
    while field:
        match = re.fullmatch(r"(\w+)(\[([^]]+)\])?\.?(.*)", field)
        assert match
        key, _, item, field = match.groups()
        path.append(key)
        if item:
            path.append(int(item) if item.isdigit() else f"[{item}")
        if key in KEYED and field and not field.startswith("matchLabels"):
            return [*path, field]
    return path


def put(content: Any, path: list[str | int], value: str) -> None:
    """Set a field."""
    for step, following in pairwise(path):
        empty: Any = [] if isinstance(following, int) or following.startswith("[") else {}
        if isinstance(step, int):
            content += [{}] * (step + 1 - len(content))
            content = content[step]
        elif step.startswith("["):
            item = next((entry for entry in content if entry.get("name") == step[1:]), None)
            if item is None:
                content.append(item := {"name": step[1:]})
            content = item
        else:
            content = content.setdefault(step, empty)
    key = path[-1]
    if isinstance(key, int):
        content.append(value)
    else:
        content[key] = typed_value(str(key), value)


def typed_value(key: str, value: str) -> str | int | bool:
    """Return a value with the type that the API has for it."""
    if value in ("true", "false") and not key.startswith("sidecar"):
        return value == "true"
    return int(value) if value.isdigit() and (key in _NUMBERS or key.endswith("Seconds")) else value
