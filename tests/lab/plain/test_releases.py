"""Releases of two environments on one cluster: promoted, rolled back, locked, killed in the middle, and looked at."""

import getpass
import json
import os
import re
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support import online_boutique
from tests.support.lab.lab_commands import Lab, eventually
from tests.support.lab.lab_stacks import QUICKLY, STAY_LONGEST, Stack, end, processes, until
from tests.support.lab.release_environments import Releases
from tests.support.lab.work_sizes import Size

pytestmark = pytest.mark.lab

OLD, NEW = "v0.10.6", "v0.10.7"
BRANCH = "0.10.8-new-ads.1"


@pytest.fixture(scope="module")
def both(plain: Lab, platform: Stack, named: Callable[[str], Stack], folder: Path) -> Releases:
    """Two environments; `staging` runs a new version and a build of a branch, `test` the old version."""
    env = {**plain.env, "XDG_STATE_HOME": str(folder / "state")}
    staging, test = (replace(named(name), env=env).create() for name in ("staging", "test"))
    for stack, release in (
        (staging, {"default": NEW, "services": {"adservice": BRANCH}}),
        (test, {"default": OLD}),
    ):
        stack.configure(
            cluster={"kind": "stack", "name": platform.name, "target": stack.name},
            environment={"rollout": QUICKLY, "services": {"loadgenerator": {"enabled": False}}},
            release=release,
        )
        stack.up("--message", f"the first of {stack.name}")
    return Releases(plain, staging, test)


def test_a_release_goes_from_one_environment_to_the_next_and_back(both: Releases) -> None:
    before = both.file(both.test).read_text()
    first = both.running("test")
    output = both.run("promote", "staging", "test", "--yes", code=1)
    assert f"'{BRANCH}': target 'test' refuses it for adservice: is a pre-release" in output
    assert both.file(both.test).read_text() == before

    both.run("release", "set", "staging", "--unset", "adservice")
    both.staging.up()
    planned = both.json("promote", "staging", "test", "--preview")
    assert {change["new"] for change in planned["changes"]} == {NEW}
    assert both.versions("test") == {OLD}
    done = both.json("promote", "staging", "test", "--yes")
    assert done["smoke"]["ok"]
    assert both.versions("test") == {NEW}
    assert "there is nothing to do" in both.run("promote", "staging", "test")
    assert both.history(both.test)[-1]["message"].startswith("promote staging -> test: adservice, ")

    again = both.json("rollback", "test", "--yes")
    assert again["smoke"]["ok"]
    assert both.running("test") == first
    assert both.file(both.test).read_text() == before
    listed = both.json("rollback", "test", "--list")
    assert [(entry["update"], entry["current"]) for entry in listed] == [(3, True), (2, False), (1, False)]
    assert "--to 3: stack 'test' runs that release already" in both.run("rollback", "test", "--to", "3", code=1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("release", "set", "test", "--service", f"adservice={BRANCH}"), "refuses it for adservice: is a pre-release"),
        (("release", "set", "test", "--default", "latest"), "'latest' is no SemVer version"),
        (("promote", "shared", "test", "--yes"), "has deployed no environment, so there is nothing to promote"),
        (("promote", "staging", "shared", "--yes"), "has no boutique:environment"),
        (("promote", "nope", "test", "--yes"), "there is no stack 'nope'"),
        (("promote", "staging", "test"), "cannot ask for confirmation"),
        (("rollback", "staging", "--to", "99", "--yes"), "stack 'staging' has no such update"),
        (("rollback", "shared", "--yes"), "has no former release"),
    ],
)
def test_what_is_refused_changes_nothing(both: Releases, arguments: tuple[str, ...], message: str) -> None:
    files = {path: path.read_text() for path in both.staging.folder.glob("Pulumi*")}
    assert message in both.run(*arguments, code=1)
    assert {path: path.read_text() for path in both.staging.folder.glob("Pulumi*")} == files


def test_whoever_updates_already_is_named_and_nothing_is_changed(both: Releases) -> None:
    before = both.file(both.test).read_text()
    with both.test.start("up", "--yes", "--skip-preview") as other:
        until(lambda: both.is_locked(both.test), other, "the stack is locked")
        os.kill(other.pid, signal.SIGSTOP)
        try:
            output = both.run("promote", "staging", "test", "--yes", code=1)
        finally:
            os.kill(other.pid, signal.SIGCONT)
        end(other)
    assert f"nothing was changed: stack 'test' is being updated by process {other.pid} of " in output
    assert both.file(both.test).read_text() == before
    assert both.versions("test") == {OLD}


def test_what_was_killed_in_the_middle_the_same_command_finishes(both: Releases) -> None:
    before = len(both.history(both.test))
    with both.start("promote", "staging", "test", "--yes", "--no-smoke") as running:
        until(lambda: NEW in both.versions("test"), running, "the first service changes")
        for pid in processes(running.pid):
            os.kill(pid, signal.SIGKILL)
        running.communicate(timeout=STAY_LONGEST)
    assert len(both.history(both.test)) == before
    assert both.is_locked(both.test), "killed too late"
    assert not any(entry["current"] for entry in both.json("rollback", "test", "--list")), "nobody knows what runs"
    both.run("promote", "staging", "test", "--yes")
    assert both.versions("test") == {NEW}
    assert {service["ready"] for service in both.running("test").values()} == {1}


@contextmanager
def refusing(lab: Lab, namespace: str, app: str) -> Iterator[None]:
    """Have the cluster refuse every new pod of one service, so that its Deployment never gets ready."""
    name = f"no-{app}"
    spec = {
        "failurePolicy": "Fail",
        "matchConstraints": {
            "resourceRules": [
                {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}
            ]
        },
        "validations": [{"expression": f"object.metadata.?labels['app'].orValue('') != '{app}'"}],
    }
    space = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}}}
    binding = {"policyName": name, "validationActions": ["Deny"], "matchResources": space}
    for kind, content in (("ValidatingAdmissionPolicy", spec), ("ValidatingAdmissionPolicyBinding", binding)):
        described = {"kind": kind, "metadata": {"name": name}, "spec": content}
        lab.kubectl(
            "create", "-f", "-", stdin=json.dumps({"apiVersion": "admissionregistration.k8s.io/v1", **described})
        )
    pod = ("run", name, "-n", namespace, "--image=none", f"--labels=app={app}", "--dry-run=server")
    eventually(lambda: name in lab.refused(*pod), "the policy holds")
    try:
        yield
    finally:
        for kind in ("validatingadmissionpolicybinding", "validatingadmissionpolicy"):
            lab.kubectl("delete", kind, name)


def test_all_services_at_once_callees_first_and_a_failure_in_the_middle(both: Releases) -> None:
    first, failing = "v1.0.0", "v1.1.0"
    both.edit(both.staging, lambda config: config["boutique:environment"].update(order="dependenciesFirst"))
    both.edit(both.staging, lambda config: config.update({"boutique:release": {"default": first}}))
    output = both.staging.up().stdout
    begun, done = (places(output, word) for word in ("updating", "updated"))
    for caller in online_boutique.WORKLOADS:
        for callee in caller.callees:
            if {caller.name, callee} <= begun.keys():
                assert done[callee] < begun[caller.name], f"{caller.name} before {callee}"
    assert {"frontend", "checkoutservice", "currencyservice"} <= begun.keys()

    services = {"loadgenerator": {"enabled": False}}
    short = {"rollout": {"timeoutSeconds": 5}}

    def fail(config: dict[str, object]) -> None:
        config["boutique:environment"] = {
            "rollout": QUICKLY,
            "order": "dependenciesFirst",
            "services": {**services, "currencyservice": short},
        }
        config["boutique:release"] = {"default": failing}

    with refusing(both.lab, "staging", "currencyservice"):
        both.edit(both.staging, fail)
        failed = both.staging.up(check=False)
        assert failed.returncode != 0, failed.stdout
        assert "Deployment currencyservice" in failed.stdout
        running = {name: service["image"].rpartition(":")[2] for name, service in both.running("staging").items()}
        assert (running["frontend"], running["checkoutservice"], running["adservice"]) == (first, first, failing)
        both.run("rollback", "staging", "--yes")
        assert both.versions("staging") == {first}

        both.edit(both.staging, fail)
        failed = both.staging.up(check=False)
        assert failed.returncode != 0, failed.stdout
    both.edit(both.staging, lambda config: config["boutique:environment"].update(services=services))
    both.edit(both.staging, lambda config: config["boutique:release"].update(default=NEW))
    both.staging.up()
    assert both.versions("staging") == {NEW}


def places(output: str, word: str) -> dict[str, int]:
    """Return where an update tells of each Deployment that it is being updated, or is."""
    matches = re.finditer(rf"apps/v1:Deployment (\S+) {word}", output)
    return {match[1]: match.start() for match in reversed(list(matches))}


def test_many_releases_back_over_a_failed_one_with_all_that_belongs_to_it(both: Releases, size: Size) -> None:
    contents = {"files": {"ads.conf": "first"}, "secrets": {"TOKEN": "token"}}
    both.edit(both.test, lambda config: config["boutique:environment"]["services"].update(adservice=contents))
    both.keep_secret(both.test, "token", "canary-1")
    both.test.up()
    first, kept = both.running("test"), both.contents("test")
    text = both.file(both.test).read_text()
    origin = max(entry["update"] for entry in both.json("rollback", "test", "--list"))
    for number in range(1, size.releases):
        services = {"adservice": f"v1.0.{number}"}
        both.edit(both.test, lambda config: config["boutique:release"].update(services=services))  # noqa: B023
        both.test.up()
    contents |= {"files": {"ads.conf": "second"}, "variables": {"GREETING": "hello"}, "replicas": 2}
    both.edit(both.test, lambda config: config["boutique:environment"]["services"].update(adservice=contents))
    both.keep_secret(both.test, "token", "canary-2")
    both.test.up()
    changed = both.running("test")["adservice"]
    assert (changed["replicas"], changed["variables"]["GREETING"]) == (2, "hello")
    assert {*both.contents("test").values()} == {"second", "canary-2"}
    last = both.file(both.test).read_text()
    both.file(both.test).write_text(last.replace("replicas: 2", "replicas: many"))
    both.test.up(check=False)
    assert both.history(both.test)[-1]["result"] == "failed"

    listed = both.json("rollback", "test", "--list")
    assert [entry["update"] for entry in listed[: size.releases + 1]] == [
        *range(origin + size.releases, origin - 1, -1)
    ]
    assert not any(entry["current"] for entry in listed)
    both.run("rollback", "test", "--yes", "--no-smoke")
    assert both.file(both.test).read_text() == last, "the last that was deployed to its end"
    output = both.run("rollback", "test", "--to", str(origin), "--yes")
    assert "secret token: its former content comes back" in output
    assert "canary" not in output + both.file(both.test).read_text()
    assert "smoke test: all green" in output
    assert both.running("test") == first
    assert both.contents("test") == kept
    assert set(kept.values()) == {"first", "canary-1"}
    assert without_secrets(both.file(both.test).read_text()) == without_secrets(text)


def without_secrets(text: str) -> str:
    """Return a stack's file without what is another text each time that it is encrypted."""
    return "".join(line for line in text.splitlines(keepends=True) if "secure:" not in line)


@pytest.fixture
def scaled(both: Releases) -> Iterator[Callable[[int], None]]:
    def scale(replicas: int) -> None:
        both.lab.kubectl("scale", "-n", "test", "deployment/adservice", f"--replicas={replicas}")

    yield scale
    scale(1)


def test_the_status_of_all_and_what_somebody_changed_by_hand(both: Releases, scaled: Callable[[int], None]) -> None:
    statuses = {
        status["stack"]: status for status in both.json("status", "staging", "test", "--refresh", "--timeout", "600")
    }
    assert list(statuses) == ["staging", "test"]
    for status in statuses.values():
        assert status["services"]["adservice"] == {"versions": [NEW], "wanted": NEW, "ready": 1, "replicas": 1}
        assert (status["drift"], status["trouble"], status["features"]) == ([], [], [])
    assert statuses["test"]["updated"]["by"].startswith(f"{getpass.getuser()}@")
    scaled(0)
    output = both.run("status", "test", "--refresh", "--timeout", "600", code=3)
    assert "test: drift: apps/v1:Deployment adservice: changed (spec.replicas)" in output
    assert "0/1" in output
    assert {"staging", "test"} <= {status["stack"] for status in both.json("status")}


def test_an_environment_with_all_defaults_is_an_environment_to_every_command(
    both: Releases, platform: Stack, named: Callable[[str], Stack]
) -> None:
    stack = replace(named("defaults"), env=both.test.env).create()
    target = {"kind": "stack", "name": platform.name, "target": stack.name}
    stack.configure(cluster=target, environment={}, release={"default": OLD}).up()
    assert both.versions("defaults") == {OLD}
    assert {change["new"] for change in both.json("promote", "staging", "defaults", "--preview")["changes"]} == {NEW}
    assert [entry["current"] for entry in both.json("rollback", "defaults", "--list")] == [True]
    both.run("release", "set", "defaults", "--default", NEW)
    assert f"default: {NEW}" in both.file(stack).read_text()
    assert "boutique:environment: {}" in both.file(stack).read_text()
    assert both.json("status", "defaults")
    stack.pulumi("preview")
