"""What is in the cluster against the facts of upstream's release manifest, which knows no mesh."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from tests.support.lab.lab_commands import Lab
from tests.support.lab.lab_stacks import ROOT, Stack

pytestmark = pytest.mark.lab

FACTS = Path(__file__).parents[1] / "data" / "online-boutique-v0.10.6.tsv"
DIFFERENCES = ROOT / "docs" / "upstream-differences.md"
ROLLOUT = {"minReadySeconds": 0, "preStopSeconds": 5}
"""As in stack `local`."""

KEYED = {"labels", "annotations", "matchLabels"}
"""Mappings whose keys hold dots."""


@dataclass(frozen=True)
class Fact:
    """What upstream sets; an object without fields to compare has an empty `field`."""

    object: str
    field: str
    value: str


@dataclass(frozen=True)
class Difference:
    """A row of the document; the first three columns are patterns."""

    object: str
    field: str
    ours: str
    why: str

    def covers(self, fact: Fact, actual: str | None) -> bool:
        # Square brackets are part of a field's name here, not a set of characters.
        pairs = ((fact.object, self.object), (fact.field, self.field), (actual or "absent", self.ours))
        return all(fnmatchcase(text, pattern.replace("[", "[[]")) for text, pattern in pairs)


def facts() -> list[Fact]:
    lines = FACTS.read_text().splitlines()
    return [Fact(*line.split("\t")) for line in lines if not line.startswith("#")]


def differences() -> list[Difference]:
    rows = re.findall(r"^\| `([^`]+)` \| `([^`]+)` \| `([^`]+)` \| (.+) \|$", DIFFERENCES.read_text(), re.MULTILINE)
    return [Difference(*row) for row in rows]


def steps(field: str) -> Iterator[str | int]:
    """Yield the keys that lead to a field; `[x]` picks an item of a list by its number or by its name."""
    while field:
        key, _, item, field = re.fullmatch(r"(\w+)(\[([^]]+)\])?\.?(.*)", field).groups()  # type: ignore[union-attr]
        yield key
        if item:
            yield int(item) if item.isdigit() else f"[{item}"
        if key in KEYED and field:
            yield field
            return


def read(content: Any, field: str) -> str | None:
    """Return a field as the table of facts writes it, None if it is not there."""
    for step in steps(field):
        if isinstance(step, int):
            content = content[step] if step < len(content) else None
        elif step.startswith("["):
            content = next((entry for entry in content if entry.get("name") == step[1:]), None)
        else:
            content = content.get(step)
        if content is None:
            return None
    return str(content).lower() if isinstance(content, bool) else str(content)


@pytest.fixture(scope="module")
def stack_outputs(plain: Lab, platform: Stack, name_stack: Callable[[str], Stack]) -> dict[str, Any]:
    stack = name_stack("plain").create()
    stack.configure(
        cluster={"kind": "stack", "name": platform.name, "target": "plain"},
        environment={"rollout": ROLLOUT, "services": {"frontend": {"external": True}}},
    ).up()
    outputs = stack.outputs()
    output = plain.kubectl("get", "deployments,services,serviceaccounts", "-n", outputs["namespace"], "-o", "json")
    objects = {f"{item['kind']}/{item['metadata']['name']}": item for item in json.loads(output)["items"]}
    [address] = objects["Service/frontend-external"]["status"]["loadBalancer"]["ingress"]
    assert outputs["url"] == f"http://{address['ip']}"
    return objects


def differing_facts(deployed: dict[str, Any]) -> list[tuple[Fact, str | None]]:
    compared = [(fact, read(deployed[fact.object], fact.field)) for fact in facts() if fact.field]
    return [(fact, actual) for fact, actual in compared if actual != fact.value]


def test_every_object_of_upstream_is_there(stack_outputs: dict[str, Any]) -> None:
    upstream = {fact.object for fact in facts()}
    assert len(upstream) == 35, "the table of facts is whole"
    assert not upstream - stack_outputs.keys()


def test_every_field_that_upstream_sets_is_equal_or_a_difference_with_a_reason(stack_outputs: dict[str, Any]) -> None:
    rows = differences()
    unexplained = [
        f"{fact.object} {fact.field}: upstream {fact.value!r}, ours {actual!r}"
        for fact, actual in differing_facts(stack_outputs)
        if not any(row.covers(fact, actual) for row in rows)
    ]
    assert not unexplained, "differs from upstream without a row in docs/upstream-differences.md"


def test_every_difference_in_the_document_is_one(stack_outputs: dict[str, Any]) -> None:
    result = differing_facts(stack_outputs)
    rows = differences()
    table = [line for line in DIFFERENCES.read_text().splitlines() if line.startswith("| `")]
    assert len(rows) == len(table) > 0, "a row that cannot be read explains nothing"
    assert not [row for row in rows if not any(row.covers(fact, actual) for fact, actual in result)]
