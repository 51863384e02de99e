"""Finds the stacks that a change of the project's files affects."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

_STACK_FILE = re.compile(r"Pulumi\.(?P<stack>[^/]+)\.ya?ml")
_NOT_IN_PROGRAM = re.compile(
    r"(\.[^/]+|bench|ci|docs|lab|ops|policy|tests)/.*|[^/]*\.md|\.[^/]+|Makefile|pyproject\.toml|requirements-dev\.txt|LICENSE"
)
"""Files that no stack's program reads; a change of any other file may change every stack."""


@dataclass(frozen=True, kw_only=True)
class Affected:
    """The stacks that a change affects.

    Attributes:
        stacks: The reason for each affected stack, by its name.
        removed: Stacks whose file is deleted, so that no preview of them is possible.
    """

    stacks: Mapping[str, str]
    removed: tuple[str, ...]


def affected_stacks(changed: Iterable[str], files: Mapping[str, Any]) -> Affected:
    """Return the stacks that changed files affect.

    Args:
        changed: The paths of the files, relative to the folder of the project.
        files: The contents of the stack files, by stack.
    """
    reasons: dict[str, str] = {}
    removed = []
    for path in sorted(changed):
        if match := _STACK_FILE.fullmatch(path):
            if match["stack"] in files:
                reasons.setdefault(match["stack"], f"{path} changes")
            else:
                removed.append(match["stack"])
        elif not _NOT_IN_PROGRAM.fullmatch(path):
            for stack in files:
                reasons.setdefault(stack, f"{path} changes")
    depending = {stack: required for stack, content in files.items() if (required := origin(content))}
    # One pass per stack, since a chain may be that long: a feature of an environment on another stack's cluster.
    for _ in files:
        for stack, required in depending.items():
            if required in reasons or required in removed:
                reasons.setdefault(stack, f"it depends on {required}")
    return Affected(stacks=dict(sorted(reasons.items())), removed=tuple(removed))


def origin(content: Any) -> str | None:  # noqa: ANN401 - any YAML
    """Return the stack whose outputs a stack reads; None if it reads no other stack."""
    config = content.get("config") if isinstance(content, Mapping) else None
    sections = [
        _section(config, "boutique:cluster").get("name"),
        _section(config, "boutique:feature").get("environment"),
    ]
    return next((name.rpartition("/")[2] for name in sections if isinstance(name, str)), None)


def _section(config: object, key: str) -> Mapping[str, Any]:
    value = config.get(key) if isinstance(config, Mapping) else None
    return value if isinstance(value, Mapping) else {}
