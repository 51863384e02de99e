"""`boutique audit`: it finds by itself which calls lose the key, and leaves nothing behind, also when it is killed."""

import json
import os
import re
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.support.lab.developer_machines import LONGEST, DeveloperMachine
from tests.support.lab.lab_commands import eventually
from tests.support.lab.lab_stacks import ROOT, processes

pytestmark = [pytest.mark.lab, pytest.mark.usefixtures("nothing_left", "no_marks")]

ROW = re.compile(r"\| (\S+) → (\S+) \| (\S+) \| (\S+) \|")


@pytest.fixture
def no_marks(developer_machine: DeveloperMachine) -> Iterator[None]:
    """After the test no mark of an audit is left on the machine."""
    yield
    assert [*Path(developer_machine.env["XDG_STATE_HOME"], "boutique", "audits").glob("*")] == []


def has_objects(here: DeveloperMachine) -> bool:
    return any("-audit-" in name for _, _, name in here.shop.objects())


def kill(pids: list[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def test_it_finds_what_the_documentation_says(developer_machine: DeveloperMachine) -> None:
    done = developer_machine.run("audit", "local", "--json", check=False)
    assert done.returncode == 3, done.stdout + done.stderr
    document = json.loads(done.stdout)
    assert (document["carried"], document["lost"], document["notExercised"]) == (13, 1, 0)
    documented = {(row[1], row[2]): row[3] for row in ROW.finditer((ROOT / "docs/features.md").read_text())}
    states = {"carried": "yes", "lost": "no"}
    assert {
        (edge["caller"] or "gateway", edge["callee"]): states[edge["state"]] for edge in document["edges"]
    } == documented
    [error] = document["errors"]
    assert error.startswith("checkoutservice -> currencyservice: checkoutservice lost feature=audit-")
    assert document["warnings"] == []
    assert document["notAudited"] == ["redis-cart", "loadgenerator"]
    assert [page["problem"] for page in document["pages"]] == [None] * 6


def test_one_that_is_told_to_end_removes_its_feature_first(developer_machine: DeveloperMachine) -> None:
    running = developer_machine.start("audit", "local")
    eventually(lambda: has_objects(developer_machine), "it has deployed something")
    kill([running.pid], signal.SIGTERM)
    output, wrong = running.communicate(timeout=LONGEST)
    assert running.returncode not in (0, 3), output + wrong
    assert "Traceback" not in wrong


@pytest.mark.parametrize("command", [("audit", "local", "--no-order"), ("feature", "reap")], ids=["audit", "reap"])
def test_what_a_killed_one_left_goes_with_the_next(
    developer_machine: DeveloperMachine, command: tuple[str, ...]
) -> None:
    running = developer_machine.start("audit", "local")
    eventually(lambda: has_objects(developer_machine), "it has deployed something")
    kill(processes(running.pid), signal.SIGKILL)
    running.communicate()
    assert has_objects(developer_machine)
    done = developer_machine.run(*command, check=False)
    # Without an order, the call that loses the key is not made.
    assert done.returncode == 0, done.stdout + done.stderr
    assert "is left" not in done.stdout
