"""Which stacks a change of the project's files is about."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

_STACK_FILE = re.compile(r"Pulumi\.(?P<stack>[^/]+)\.ya?ml")
_ELSEWHERE = re.compile(
    r"(\.[^/]+|bench|ci|docs|lab|ops|policy|tests)/.*|[^/]*\.md|\.[^/]+|Makefile|pyproject\.toml|requirements-dev\.txt|LICENSE"
)
"""Files that no program of a stack reads; whatever else changes may change every stack."""


@dataclass(frozen=True, kw_only=True)
class Affected:
    """What a change is about.

    Attributes:
        stacks: Why each stack is concerned, by its name.
        removed: Stacks whose file is gone, so that nobody can say what would become of them.
    """

    stacks: Mapping[str, str]
    removed: tuple[str, ...]


def affected_stacks(changed: Iterable[str], files: Mapping[str, Any]) -> Affected:
    """Return which stacks are concerned when files change.

    Args:
        changed: The paths of the files, from the folder of the project.
        files: What the stack files say, by stack.
    """
    reasons: dict[str, str] = {}
    removed = []
    for path in sorted(changed):
        if match := _STACK_FILE.fullmatch(path):
            if match["stack"] in files:
                reasons.setdefault(match["stack"], f"{path} changes")
            else:
                removed.append(match["stack"])
        elif not _ELSEWHERE.fullmatch(path):
            for stack in files:
                reasons.setdefault(stack, f"{path} changes")
    depending = {stack: required for stack, content in files.items() if (required := origin(content))}
    # As often as a chain may be long: a feature of an environment on another stack's cluster.
    for _ in files:
        for stack, required in depending.items():
            if required in reasons or required in removed:
                reasons.setdefault(stack, f"it depends on {required}")
    return Affected(stacks=dict(sorted(reasons.items())), removed=tuple(removed))


def origin(content: Any) -> str | None:  # noqa: ANN401 - whatever a file holds
    """Return the stack that a stack reads the outputs of; None if it needs no other."""
    config = content.get("config") if isinstance(content, Mapping) else None
    sections = [_section(config, "boutique:cluster").get("name"), _section(config, "boutique:feature").get("of")]
    return next((name.rpartition("/")[2] for name in sections if isinstance(name, str)), None)


def _section(config: object, key: str) -> Mapping[str, Any]:
    value = config.get(key) if isinstance(config, Mapping) else None
    return value if isinstance(value, Mapping) else {}
