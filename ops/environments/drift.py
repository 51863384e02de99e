"""Finds drift: differences between the cluster and the state of a stack."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ops.pulumi import engine
from support.deadline import Deadline

_QUIET = ("same", "read", "refresh")
_STACK = "pulumi:pulumi:Stack"


@dataclass(frozen=True, kw_only=True)
class Drift:
    """An object that differs from the state of its stack.

    Attributes:
        kind: Its API version and kind, such as `apps/v1:Deployment`.
        name: Its name in the program.
        what: `changed` or `gone`.
        paths: The fields that changed, if known.
    """

    kind: str
    name: str
    what: str
    paths: tuple[str, ...]

    def __str__(self) -> str:
        fields = f" ({', '.join(self.paths)})" if self.paths else ""
        return f"{self.kind} {self.name}: {self.what}{fields}"


def drift(project: Path, stack: str, deadline: Deadline) -> tuple[Drift, ...]:
    """Return the drift of a stack without a change of its state.

    Args:
        project: The folder of the project.
        stack: The stack.
        deadline: When to give up.

    Raises:
        EngineError: `pulumi refresh` fails.
    """
    # The program has the deployer's current token; the state has the token of the last update, which may be expired.
    printed = engine.run(project, stack, "refresh", "--preview-only", "--run-program", "--json", timeout=deadline.left)
    return tuple(parse_drift(json.loads(printed)))


def parse_drift(document: Mapping[str, Any]) -> Iterator[Drift]:
    """Return the drift from the JSON of `pulumi refresh`."""
    for step in document.get("steps") or ():
        kind, name = step["urn"].split("::")[-2:]
        if step["op"] in _QUIET or kind.rpartition("$")[2] == _STACK:
            continue
        changed = sorted((step.get("detailedDiff") or {}).keys()) or sorted(step.get("diffReasons") or ())
        yield Drift(
            kind=kind.rpartition("$")[2].removeprefix("kubernetes:"),
            name=name,
            what="gone" if step["op"] == "delete" else "changed",
            paths=tuple(changed),
        )
