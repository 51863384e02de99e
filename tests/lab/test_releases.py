"""Releases of two environments on one cluster: promoted, rolled back, locked, killed in the middle, and looked at."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from labs import BOUTIQUE, Lab
from stacks import QUICKLY, STAY_LONGEST, Stack, end, processes, project, until

pytestmark = pytest.mark.lab

CANDIDATES = {"prereleases": r"^(|rc\.[0-9]+)$"}
ALL = {"prereleases": ".*", "features": True}
OLD, NEW = "v0.10.6", "v0.10.7"
BRANCH = "0.10.8-new-ads.1"


@dataclass(frozen=True)
class Releases:
    """Two environments, `dev` and `test`, and the command.

    Attributes:
        lab: Where they are.
        dev: One.
        test: The other.
    """

    lab: Lab
    dev: Stack
    test: Stack

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*BOUTIQUE, *arguments],
            cwd=self.dev.folder,
            env=dict(self.dev.env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, *arguments: str, code: int = 0) -> str:
        began = time.monotonic()
        with self.start(*arguments) as running:
            said = end(running)
        print(f"boutique {' '.join(arguments)}: {time.monotonic() - began:.1f} s")
        assert running.returncode == code, said
        assert "Traceback" not in said
        return said

    def json(self, *arguments: str, code: int = 0) -> Any:
        """Return what a command prints for a program, without what it says of its progress."""
        said = self.run(*arguments, "--json", code=code)
        return json.loads(said[min(at for at in (said.find("{"), said.find("[")) if at >= 0) :])

    def file(self, stack: Stack) -> Path:
        return stack.folder / f"Pulumi.{stack.name}.yaml"

    def running(self, space: str) -> dict[str, dict[str, Any]]:
        """Return what the Deployments ask for and have: image, variables, replicas."""
        items = json.loads(self.lab.kubectl("get", "deployments", "-n", space, "-o", "json"))["items"]
        found = {}
        for each in items:
            container = each["spec"]["template"]["spec"]["containers"][0]
            found[each["metadata"]["name"]] = {
                "image": container["image"],
                "variables": {one["name"]: one.get("value") for one in container.get("env", ())},
                "replicas": each["spec"]["replicas"],
                "ready": each["status"].get("readyReplicas", 0),
            }
        return found

    def versions(self, space: str) -> set[str]:
        found = self.running(space).items()
        return {each["image"].rpartition(":")[2] for name, each in found if name != "redis-cart"}

    def history(self, stack: Stack) -> list[Mapping[str, Any]]:
        """Return the updates of a stack, the oldest first."""
        said = stack.pulumi("stack", "history", "--json", "--page-size", "100", "--page", "1").stdout
        found: list[Mapping[str, Any]] = json.loads(said)
        return found[::-1]

    def is_locked(self, stack: Stack) -> bool:
        backend = Path(stack.env["PULUMI_BACKEND_URL"].removeprefix("file://"), ".pulumi", "locks")
        return any(backend.rglob(f"{stack.name}/*.json"))


@pytest.fixture(scope="module")
def both(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Releases]:
    """Two targets without a mesh; `dev` runs a new version and a build of a branch, `test` the old version."""
    folder = tmp_path_factory.mktemp("releases")
    env = {**lab.env, "XDG_STATE_HOME": str(folder / "state")}
    (folder / "project").mkdir()
    named = project(folder / "project", env)
    owner, dev, test = (named(name).create() for name in ("releases", "dev", "test"))
    spaces = {"dev": {"channel": ALL, "protect": False}, "test": {"channel": CANDIDATES, "protect": False}}
    owner.configure(cluster={"kind": "existing", "context": "boutique-lab"}, platform={"targets": spaces})
    for stack, release in (
        (dev, {"default": NEW, "services": {"adservice": BRANCH}}),
        (test, {"default": OLD}),
    ):
        stack.configure(
            cluster={"kind": "stack", "name": "releases", "target": stack.name},
            environment={"rollout": QUICKLY, "services": {"loadgenerator": {"enabled": False}}},
            release=release,
        )
    made: list[Stack] = []
    try:
        for each in (owner, dev, test):
            made.append(each)
            each.up("--message", f"the first of {each.name}")
        yield Releases(lab, dev, test)
    finally:
        for each in reversed(made):
            each.pulumi("destroy", "--yes", "--skip-preview", "--remove")


def test_a_release_goes_from_one_environment_to_the_next_and_back(both: Releases) -> None:
    before = both.file(both.test).read_text()
    first = both.running("test")
    said = both.run("promote", "dev", "test", "--yes", code=1)
    assert f"'{BRANCH}': target 'test' refuses it for adservice: is a pre-release" in said
    assert both.file(both.test).read_text() == before

    both.run("release", "set", "dev", "--unset", "adservice")
    both.dev.up()
    planned = both.json("promote", "dev", "test", "--preview")
    assert {each["new"] for each in planned["changes"]} == {NEW}
    assert both.versions("test") == {OLD}
    done = both.json("promote", "dev", "test", "--yes")
    assert done["smoke"]["ok"]
    assert both.versions("test") == {NEW}
    assert "there is nothing to do" in both.run("promote", "dev", "test")
    assert both.history(both.test)[-1]["message"].startswith("promote dev -> test: adservice, ")

    again = both.json("rollback", "test", "--yes")
    assert again["smoke"]["ok"]
    assert both.running("test") == first
    assert both.file(both.test).read_text() == before
    listed = both.json("rollback", "test", "--list")
    assert [(each["update"], each["current"]) for each in listed] == [(3, True), (2, False), (1, False)]
    assert "--to 3: stack 'test' runs that release already" in both.run("rollback", "test", "--to", "3", code=1)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("release", "set", "test", "--service", f"adservice={BRANCH}"), "refuses it for adservice: is a pre-release"),
        (("release", "set", "test", "--default", "latest"), "'latest' is no SemVer version"),
        (("promote", "releases", "test", "--yes"), "has deployed no environment, so there is nothing to promote"),
        (("promote", "dev", "releases", "--yes"), "has no boutique:environment"),
        (("promote", "nope", "test", "--yes"), "there is no stack 'nope'"),
        (("promote", "dev", "test"), "nobody is there to ask"),
        (("rollback", "dev", "--to", "99", "--yes"), "stack 'dev' has no such update"),
        (("rollback", "releases", "--yes"), "has no former release"),
    ],
)
def test_what_is_refused_changes_nothing(both: Releases, arguments: tuple[str, ...], said: str) -> None:
    files = {path: path.read_text() for path in both.dev.folder.glob("Pulumi*")}
    assert said in both.run(*arguments, code=1)
    assert {path: path.read_text() for path in both.dev.folder.glob("Pulumi*")} == files


def test_whoever_updates_already_is_named_and_nothing_is_changed(both: Releases) -> None:
    before = both.file(both.test).read_text()
    with both.test.start("up", "--yes", "--skip-preview") as other:
        until(lambda: both.is_locked(both.test), other, "the stack is locked")
        os.kill(other.pid, signal.SIGSTOP)
        try:
            said = both.run("promote", "dev", "test", "--yes", code=1)
        finally:
            os.kill(other.pid, signal.SIGCONT)
        end(other)
    assert f"nothing was changed: stack 'test' is being updated by process {other.pid} of " in said
    assert both.file(both.test).read_text() == before
    assert both.versions("test") == {OLD}


def test_what_was_killed_in_the_middle_the_same_command_finishes(both: Releases) -> None:
    before = len(both.history(both.test))
    with both.start("promote", "dev", "test", "--yes", "--no-smoke") as running:
        until(lambda: NEW in both.versions("test"), running, "the first service changes")
        for pid in processes(running.pid):
            os.kill(pid, signal.SIGKILL)
        running.communicate(timeout=STAY_LONGEST)
    assert len(both.history(both.test)) == before
    assert both.is_locked(both.test), "killed too late"
    both.run("promote", "dev", "test", "--yes")
    assert both.versions("test") == {NEW}
    assert {each["ready"] for each in both.running("test").values()} == {1}


def test_ten_releases_back_over_a_failed_one_with_all_that_belongs_to_it(both: Releases) -> None:
    first = both.running("test")
    origin = max(each["update"] for each in both.json("rollback", "test", "--list"))
    text = both.file(both.test).read_text()
    for number in range(1, 10):
        one = f"default: {NEW}\n    services:\n      adservice: v1.0.{number}"
        both.file(both.test).write_text(text.replace(f"default: {NEW}", one))
        both.test.up()
    section = "boutique:environment:\n    replicas: 2\n"
    both.file(both.test).write_text(both.file(both.test).read_text().replace("boutique:environment:\n", section))
    services = "services:\n      adservice:\n        variables: {GREETING: hello}\n"
    both.file(both.test).write_text(both.file(both.test).read_text().replace("services:\n", services, 1))
    both.test.up()
    changed = both.running("test")["adservice"]
    assert (changed["replicas"], changed["variables"]["GREETING"]) == (2, "hello")
    wrong = both.file(both.test).read_text()
    both.file(both.test).write_text(wrong.replace("replicas: 2", "replicas: many"))
    both.test.up(check=False)
    assert both.history(both.test)[-1]["result"] == "failed"

    listed = both.json("rollback", "test", "--list")
    assert [each["update"] for each in listed[:11]] == [*range(origin + 10, origin - 1, -1)]
    assert not any(each["current"] for each in listed)
    both.run("rollback", "test", "--yes", "--no-smoke")
    assert both.file(both.test).read_text() == wrong, "the last that was deployed to its end"
    done = both.json("rollback", "test", "--to", str(origin), "--yes")
    assert done["smoke"]["ok"]
    assert both.running("test") == first
    assert both.file(both.test).read_text() == text


@pytest.fixture
def scaled(both: Releases) -> Iterator[Callable[[int], None]]:
    def scale(replicas: int) -> None:
        both.lab.kubectl("scale", "-n", "test", "deployment/adservice", f"--replicas={replicas}")

    yield scale
    scale(1)


def test_the_status_of_all_and_what_somebody_changed_by_hand(both: Releases, scaled: Callable[[int], None]) -> None:
    found = {each["stack"]: each for each in both.json("status", "dev", "test", "--refresh")}
    assert list(found) == ["dev", "test"]
    for each in found.values():
        assert each["services"]["adservice"] == {"versions": [NEW], "wanted": NEW, "ready": 1, "replicas": 1}
        assert (each["drift"], each["trouble"], each["features"]) == ([], [], [])
    assert found["test"]["updated"]["by"].startswith("root@")
    scaled(0)
    said = both.run("status", "test", "--refresh", code=3)
    assert "test: drift: apps/v1:Deployment adservice: changed (spec.replicas)" in said
    assert "0/1" in said
    assert {"dev", "test"} <= {each["stack"] for each in both.json("status")}
