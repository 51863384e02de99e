"""`boutique feature` when things go wrong: killed, reaped by many at once, without its state or its objects."""

import json
import os
import random
import signal
import time

import pytest

from tests.support.lab.developer_machines import ADS, LONGEST, DeveloperMachine
from tests.support.lab.lab_commands import eventually
from tests.support.lab.lab_stacks import processes
from tests.support.lab.work_sizes import Size

pytestmark = [pytest.mark.lab, pytest.mark.usefixtures("nothing_left")]


def expire(here: DeveloperMachine, key: str) -> None:
    kinds, label = "deployments,services,httproutes", f"boutique.dev/feature={key}"
    past = "boutique.dev/expires=2020-01-01T00:00:00Z"
    here.shop.lab.kubectl("annotate", kinds, "-n", "local", "-l", label, past, "--overwrite")


def test_any_number_may_reap_at_once_and_only_what_has_expired_goes(
    developer_machine: DeveloperMachine, elsewhere: DeveloperMachine
) -> None:
    developer_machine.run_together(*(("up", name, "--env", "local", *ADS) for name in ("stays", "goes")))
    expire(developer_machine, "goes")
    [row] = json.loads(developer_machine.feature("reap", "--dry-run", "--json").stdout)
    assert row["key"] == "goes"
    running = [
        machine.start("feature", "reap") for machine in (developer_machine, developer_machine, elsewhere, elsewhere)
    ]
    for process in running:
        output, wrong = process.communicate(timeout=LONGEST)
        assert process.returncode == 0, output + wrong
    developer_machine.feature("reap")
    assert set(developer_machine.list_features()) == {"stays"}
    developer_machine.feature("down", "stays")


def test_a_feature_that_lost_its_state_or_its_objects_is_seen_and_removed(developer_machine: DeveloperMachine) -> None:
    developer_machine.run_together(*(("up", name, "--env", "local", *ADS) for name in ("stateless", "hollow")))
    developer_machine.shop.stack("local-stateless").pulumi("stack", "rm", "--yes", "--force")
    label = ("-n", "local", "-l", "boutique.dev/feature=hollow")
    developer_machine.shop.lab.kubectl("delete", "httproutes,services,deployments", *label)
    troubles = {key: feature["trouble"] for key, feature in developer_machine.list_features().items()}
    assert troubles == {"stateless": "its stack is gone", "hollow": "nothing in the cluster"}
    developer_machine.run_together(*(("down", name, "--env", "local") for name in ("hollow", "stateless")))


def test_whatever_is_killed_nothing_is_left(developer_machine: DeveloperMachine, size: Size) -> None:
    seed = int.from_bytes(os.urandom(4))
    print(f"seed {seed}")
    chance = random.Random(seed)  # noqa: S311 - it keeps no secret
    for number in range(size.kills):
        name, doing = f"killed-{number}", ("up", "down")[number % 2]
        up = ("up", name, "--env", "local", "--service", f"adservice=0.10.7-x.{number}", "--session", f"s-{number}")
        if doing == "down":
            developer_machine.feature(*up)
        running = developer_machine.start("feature", *(up if doing == "up" else ("down", name, "--env", "local")))
        time.sleep(chance.uniform(0.5, 8))
        for pid in processes(running.pid) if chance.random() < 0.5 else [running.pid]:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        running.communicate()
        if chance.random() < 0.5 and name in developer_machine.list_features():
            expire(developer_machine, name)
        eventually(lambda: is_removed(developer_machine, name), f"{name} is gone")  # noqa: B023


def is_removed(here: DeveloperMachine, name: str) -> bool:
    """Remove what is left of a feature, and say whether nothing is; a killed command's own pulumi may live on a bit."""
    here.feature("reap", check=False)
    here.feature("down", name, "--env", "local", check=False)
    return f"local-{name}" not in here.stacks() and not any(name in key[2] for key in here.shop.objects())
