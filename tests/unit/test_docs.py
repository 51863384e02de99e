"""What the documentation says is what the code does."""

import re
import runpy
from pathlib import Path

import pytest
import yaml
from markdown_it import MarkdownIt

from policy.rules import RULES
from tests.support.online_boutique import WORKLOADS

ROOT = Path(__file__).parents[2]


def test_the_reference_of_the_configuration_is_fresh() -> None:
    written = runpy.run_path(str(ROOT / "docs/generate.py"))["reference"]()
    assert (ROOT / "docs/configuration.md").read_text() == written, "run `make docs`"
    assert "None" not in written, "a key has no description"


def test_who_may_do_what_is_fresh() -> None:
    written = runpy.run_path(str(ROOT / "docs/access.py"))["document"]()
    assert (ROOT / "docs/generated/access.md").read_text() == written, "run `make docs`"


def test_the_keys_of_stand_ins_are_fresh() -> None:
    written = runpy.run_path(str(ROOT / "docs/stand_ins.py"))["document"]()
    assert (ROOT / "docs/generated/stand-ins.md").read_text() == written, "run `make docs`"


def test_every_decision_has_a_number_of_its_own() -> None:
    decisions = sorted((ROOT / "docs/adr").glob("*.md"))
    assert [int(path.name[:4]) for path in decisions] == list(range(1, len(decisions) + 1))
    assert [path.name for path in decisions if not path.read_text().startswith(f"# {int(path.name[:4])}. ")] == []


def test_the_picture_in_the_readme_is_the_call_graph() -> None:
    drawn = set(re.findall(r"^  ([\w-]+) --> ([\w-]+)", (ROOT / "README.md").read_text(), re.MULTILINE))
    assert drawn == {(caller.name, callee) for caller in WORKLOADS for callee in caller.callees}


def test_the_ingress_of_the_lab_is_the_committed_one() -> None:
    [section] = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs/ingress.md").read_text(), re.DOTALL)
    shown = yaml.safe_load(section)["boutique:platform"]
    committed = yaml.safe_load((ROOT / "Pulumi.local.yaml").read_text())["config"]["boutique:platform"]
    assert shown["ingress"] == committed["ingress"]
    assert shown["targets"]["local"].items() <= committed["targets"]["local"].items()


def test_every_document_that_is_linked_exists() -> None:
    for path in (ROOT / "README.md", *(ROOT / "docs").rglob("*.md")):
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", path.read_text()):
            assert (path.parent / target).exists(), f"{path.name} links to {target}"


PAGES = [path for folder in (ROOT, ROOT / "docs") for path in sorted(folder.glob("*.md"))]


@pytest.mark.parametrize("path", [*PAGES, *sorted((ROOT / "docs").glob("*/*.md"))], ids=lambda path: path.name)
def test_every_row_of_a_table_is_rendered_as_it_is_meant(path: Path) -> None:
    """A cell with a line break is rendered as a row of its own, and a row with more cells than the head loses some."""
    text = path.read_text()
    lines = text.splitlines()
    head, rows, is_head = 0, 0, False
    for token in MarkdownIt().enable("table").parse(text):
        is_head = token.type == "thead_open" or (is_head and token.type != "thead_close")
        if token.type == "tr_open" and token.map:
            line = lines[token.map[0]].strip()
            cells = len(re.split(r"(?<!\\)\|", line)) - 2
            head = cells if is_head else head
            assert line.startswith("|"), f"line {token.map[0] + 1} of {path.name} is part of another row: {line}"
            assert line.endswith("|"), f"line {token.map[0] + 1} of {path.name} goes on in the next: {line}"
            assert cells == head, f"line {token.map[0] + 1} of {path.name} has {cells} cells, its table {head}: {line}"
            rows += 1
    assert rows == sum(line.lstrip().startswith("|") and "|--" not in line for line in lines), "a row is in no table"


def test_the_page_on_policies_lists_every_rule_and_its_reason() -> None:
    rows = [line for line in (ROOT / "docs/policy.md").read_text().splitlines() if line.startswith("| `")]
    assert rows == [f"| `{rule.name}` | {rule.level} | {rule.why} |" for rule in RULES]
