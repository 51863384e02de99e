"""The URNs that long-lived stacks may hold in their state, so that a rename is noticed before it replaces anything.

A line is lost when the program neither registers its URN nor claims it by an alias, its own or one inherited from a
component whose name the child's begins with (the rule of pulumi/pkg/resource/deploy/step_generator.go).
Lines are added by `make ledger`, and removed by hand in the change that means to delete the resource.
"""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.support.graph.graph_recorder import Graph, Registered
from tests.support.graph.stack_recordings import deployable, record_stack

FOLDER = Path(__file__).parents[3] / "tests/graph/urns"


def read(stack: str) -> list[str]:
    path = FOLDER / f"{stack}.txt"
    return path.read_text().split() if path.exists() else []


def owned_urns(graph: Graph) -> set[str]:
    """Return every URN that the program registers or claims."""
    return {urn for resource in graph.resources for urn in (resource.urn, *_aliased_urns(resource, graph))}


def lost_urns(urns: Iterable[str], graph: Graph) -> list[str]:
    return sorted(set(urns) - owned_urns(graph))


def append(stack: str, graph: Graph) -> int:
    """Add what is new and return how much that is."""
    urns = read(stack)
    new = sorted({resource.urn for resource in graph.resources} - set(urns))
    if new:
        FOLDER.mkdir(exist_ok=True)
        (FOLDER / f"{stack}.txt").write_text("\n".join(sorted([*urns, *new])) + "\n")
    return len(new)


def _aliased_urns(resource: Registered, graph: Graph) -> Iterator[str]:
    head, kind = resource.urn.rsplit("::", 2)[0], resource.type
    for alias in resource.request.aliases:
        yield alias.urn or _urn(head, resource, alias.spec.type or kind, alias.spec.name or resource.name)
    parent = next((candidate for candidate in graph.resources if candidate.urn == resource.parent), None)
    for claimed in _aliased_urns(parent, graph) if parent else ():
        kinds, name = claimed.split("::")[2:]
        renamed = resource.name.startswith(parent.name) if parent else False
        child = name + resource.name.removeprefix(parent.name) if parent and renamed else resource.name
        yield f"{head}::{kinds.split('$')[-1]}${kind}::{child}"


def _urn(head: str, resource: Registered, kind: str, name: str) -> str:
    parents = resource.urn.split("::")[2].split("$")[:-1]
    return f"{head}::{'$'.join([*parents, kind])}::{name}"


if __name__ == "__main__":
    for stack in deployable():
        print(f"{stack}: {append(stack, record_stack(stack))} new lines", file=sys.stderr)
