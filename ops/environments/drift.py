"""What is otherwise in the cluster than a stack left it."""

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
    """One object that is otherwise.

    Attributes:
        kind: Such as `apps/v1:Deployment`.
        name: Its logical name.
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
    """Return what is otherwise than a stack left it; nothing is changed.

    Args:
        project: The folder of the project.
        stack: The stack.
        deadline: When to give up.

    Raises:
        EngineError: Pulumi cannot say.
    """
    # The program has the deployer's token that is valid now; the state has that of the last update.
    printed = engine.run(project, stack, "refresh", "--preview-only", "--run-program", "--json", timeout=deadline.left)
    return tuple(parse_drift(json.loads(printed)))


def parse_drift(document: Mapping[str, Any]) -> Iterator[Drift]:
    """Return what Pulumi's JSON of a refresh tells."""
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
