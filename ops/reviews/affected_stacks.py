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


def affected(changed: Iterable[str], files: Mapping[str, Any]) -> Affected:
    """Return which stacks are concerned when files change.

    Args:
        changed: The paths of the files, from the folder of the project.
        files: What the stack files say, by stack.
    """
    why: dict[str, str] = {}
    removed = []
    for path in sorted(changed):
        if found := _STACK_FILE.fullmatch(path):
            if found["stack"] in files:
                why.setdefault(found["stack"], f"{path} changes")
            else:
                removed.append(found["stack"])
        elif not _ELSEWHERE.fullmatch(path):
            for stack in files:
                why.setdefault(stack, f"{path} changes")
    depending = {stack: needed for stack, content in files.items() if (needed := origin(content))}
    # As often as a chain may be long: a feature of an environment on another stack's cluster.
    for _ in files:
        for stack, needed in depending.items():
            if needed in why or needed in removed:
                why.setdefault(stack, f"it depends on {needed}")
    return Affected(stacks=dict(sorted(why.items())), removed=tuple(removed))


def origin(content: Any) -> str | None:  # noqa: ANN401 - whatever a file holds
    """Return the stack that a stack reads the outputs of; None if it needs no other."""
    config = content.get("config") if isinstance(content, Mapping) else None
    sections = [_section(config, "boutique:cluster").get("name"), _section(config, "boutique:feature").get("of")]
    return next((each.rpartition("/")[2] for each in sections if isinstance(each, str)), None)


def _section(config: object, key: str) -> Mapping[str, Any]:
    found = config.get(key) if isinstance(config, Mapping) else None
    return found if isinstance(found, Mapping) else {}
