"""Updates that are interrupted, and what the next one makes of them."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.support.lab.cluster_objects import deployments, is_available
from tests.support.lab.lab_commands import Lab, eventually
from tests.support.lab.lab_stacks import QUICKLY, Stack, end, processes, wait_for_moment

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def stack(platform: Stack, name_stack: Callable[[str], Stack]) -> Stack:
    """A stack that is deployed as a whole when a test begins."""
    assert platform.name == "shared"
    stack = set_version(name_stack("shop").create(), "v1.0.0")
    stack.up()
    return stack


def set_version(stack: Stack, tag: str) -> Stack:
    """Set the version of every service of the shop's own makers: all of their Deployments change."""
    return stack.configure(
        cluster={"kind": "stack", "name": "shared", "target": stack.name},
        environment={"images": {"tag": tag}, "rollout": QUICKLY},
    )


def locks(lab: Lab, stack: Stack) -> list[Path]:
    state = Path(urlsplit(lab.env["PULUMI_BACKEND_URL"]).path)
    return list((state / ".pulumi/locks/organization/boutique" / stack.name).glob("*.json"))


def count_updated(lab: Lab, stack: Stack, tag: str) -> int:
    """Return how many Deployments there are of a version."""
    images = [
        deployment["spec"]["template"]["spec"]["containers"][0]["image"]
        for deployment in deployments(lab, stack.name).values()
    ]
    return sum(image.endswith(f":{tag}") for image in images)


def assert_whole(lab: Lab, stack: Stack, tag: str) -> None:
    """Check that nothing is lost and nothing is there twice, in the cluster and in the state."""
    stack.pulumi("preview", "--refresh", "--expect-no-changes")
    urns = [resource["urn"] for resource in stack.resources()]
    workloads = deployments(lab, stack.name)
    assert len(workloads) == 12
    assert count_updated(lab, stack, tag) == 11, "all but the store"
    assert all(is_available(deployment) for deployment in workloads.values())
    assert len(urns) == len(set(urns))
    assert sum("Deployment::" in urn for urn in urns) == 12


@contextmanager
def kill_update(lab: Lab, stack: Stack, tag: str) -> Iterator[int]:
    """Kill an update in its middle and yield its session: its plugins would outlive it by up to five minutes."""
    with stack.start("up", "--yes", "--skip-preview") as running:
        try:
            wait_for_moment(lambda: count_updated(lab, stack, tag) >= 2, running, "it was killed")
            running.kill()
            end(running)
            assert locks(lab, stack), "the update was killed before its end"
            yield running.pid
        finally:
            for pid in processes(running.pid):
                os.kill(pid, signal.SIGKILL)


def test_killed_first_update_is_picked_up(plain: Lab, platform: Stack, name_stack: Callable[[str], Stack]) -> None:
    assert platform.name == "shared"
    stack = set_version(name_stack("first").create(), "v1.0.0")
    with kill_update(plain, stack, "v1.0.0") as session:
        assert processes(session), "there is something to clear up"
        assert "boutique/first" in plain.boutique("up").stderr
        eventually(lambda: not processes(session), "nothing of the killed update runs")
        stack.up()
    # Later updates have to find every object that the killed update created.
    set_version(stack, "v1.1.0").up()
    assert_whole(plain, stack, "v1.1.0")


def test_killed_later_update_is_picked_up(plain: Lab, stack: Stack) -> None:
    set_version(stack, "v1.1.0")
    with kill_update(plain, stack, "v1.1.0"):
        assert "boutique/shop" in plain.boutique("up").stderr
        stack.up()
        assert_whole(plain, stack, "v1.1.0")


@pytest.mark.parametrize(
    ("component", "tag"), [("kube-apiserver", "v1.2.0"), pytest.param("etcd", "v1.3.0", marks=pytest.mark.soak)]
)
def test_update_recovers_from_a_killed_control_plane(plain: Lab, stack: Stack, component: str, tag: str) -> None:
    pid = plain.component(component)["pid"]
    assert isinstance(pid, int)
    set_version(stack, tag)
    with stack.start("up", "--yes", "--skip-preview") as running:
        wait_for_moment(lambda: count_updated(plain, stack, tag) >= 2, running, f"{component} was killed")
        plain.kill(pid)
        end(running)
    eventually(lambda: bool(plain.status()["ready"]), f"{component} is back")
    stack.up()
    assert_whole(plain, stack, tag)


def test_second_update_at_the_same_time_is_refused(plain: Lab, stack: Stack) -> None:
    set_version(stack, "v1.4.0")
    with stack.start("up", "--yes", "--skip-preview") as running:
        wait_for_moment(lambda: bool(locks(plain, stack)), running, "it held the lock")
        # Held for as long as the other one takes, however busy the machine is.
        running.send_signal(signal.SIGSTOP)
        try:
            refused = stack.up(check=False)
        finally:
            running.send_signal(signal.SIGCONT)
        output = end(running)
    assert refused.returncode != 0
    assert "locked" in refused.stdout
    assert f"pid {running.pid}" in refused.stdout
    assert running.returncode == 0, output
    assert_whole(plain, stack, "v1.4.0")
