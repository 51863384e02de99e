"""`make up` is killed at any moment of a first deployment and of an upgrade of the mesh; the next one ends well.

KILL_SEED repeats a run: its number is printed.
"""

import os
import random

import pytest

from tests.support.lab.make_up import STUCK, MakeCommand, Moment, at_status, interrupt, kill_all, random_moment
from tests.support.lab.work_sizes import Size

pytestmark = pytest.mark.lab

FIRST, UPGRADE = 40.0, 18.0
"""Seconds in which a deployment is killed: about what it takes on two cores, without the smoke test."""
VERSIONS = ("1.31.1", "1.31.0")
"""Of Istio: another one restarts the control plane. The lab runs its own for any."""


def resume_after_kill(making: MakeCommand, moment: Moment, number: int) -> None:
    """Kill one deployment, and check that the next is whole."""
    killed = interrupt(making, moment)
    stuck = [status for status in making.statuses() if status in STUCK]
    print(f"kill {number}: {'' if killed else 'too late for '}{moment.what}; stuck: {', '.join(stuck) or 'nothing'}")
    output = making.up()
    assert "all green" in output
    if moment.kill is kill_all:
        # What outlives the group may have come to its end since.
        assert [status for status in stuck if f" is {status}" not in output] == [], "it is said what was stuck"
    assert set(making.statuses()) <= {"deployed", "superseded", "failed"}
    making.stack.pulumi("preview", "--refresh", "--expect-no-changes")


def test_a_killed_make_up_is_carried_on(make_command: MakeCommand, size: Size) -> None:
    seed = int(os.environ.get("KILL_SEED") or int.from_bytes(os.urandom(4)))
    print(f"KILL_SEED={seed}")
    chance = random.Random(seed)  # noqa: S311 - it keeps no secret
    for number in range(0, size.deployments, 2):
        make_command.lab.boutique("down", "--delete")
        make_command.configure(version=VERSIONS[0])
        exact = number == 0
        first = at_status(make_command, "istiod", "pending-install") if exact else random_moment(chance, FIRST)
        resume_after_kill(make_command, first, number)
        make_command.configure(version=VERSIONS[1])
        upgrade = at_status(make_command, "istiod", "pending-upgrade") if exact else random_moment(chance, UPGRADE)
        resume_after_kill(make_command, upgrade, number + 1)
        if exact:
            assert "failed" in make_command.statuses("istiod"), "the upgrade was really in the middle"
