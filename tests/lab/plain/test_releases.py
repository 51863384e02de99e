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
from tests.support.lab.lab_stacks import QUICKLY, STAY_LONGEST, Stack, end, processes, wait_for_moment
from tests.support.lab.release_environments import Releases
from tests.support.lab.work_sizes import Size

pytestmark = pytest.mark.lab

OLD, NEW = "v0.10.6", "v0.10.7"
BRANCH = "0.10.8-new-ads.1"


@pytest.fixture(scope="module")
def environments(plain: Lab, platform: Stack, name_stack: Callable[[str], Stack], folder: Path) -> Releases:
    """Two environments; `staging` runs a new version and a build of a branch, `test` the old version."""
    env = {**plain.env, "XDG_STATE_HOME": str(folder / "state")}
    staging, test = (replace(name_stack(name), env=env).create() for name in ("staging", "test"))
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


def test_a_release_goes_from_one_environment_to_the_next_and_back(environments: Releases) -> None:
    before = environments.file(environments.test).read_text()
    first = environments.running("test")
    output = environments.run("promote", "staging", "test", "--yes", code=1)
    assert f"'{BRANCH}': target 'test' refuses it for adservice: is a pre-release" in output
    assert environments.file(environments.test).read_text() == before

    environments.run("release", "set", "staging", "--unset", "adservice")
    environments.staging.up()
    planned = environments.json("promote", "staging", "test", "--preview")
    assert {change["new"] for change in planned["changes"]} == {NEW}
    assert environments.versions("test") == {OLD}
    done = environments.json("promote", "staging", "test", "--yes")
    assert done["smoke"]["ok"]
    assert environments.versions("test") == {NEW}
    assert "there is nothing to do" in environments.run("promote", "staging", "test")
    assert environments.history(environments.test)[-1]["message"].startswith("promote staging -> test: adservice, ")

    again = environments.json("rollback", "test", "--yes")
    assert again["smoke"]["ok"]
    assert environments.running("test") == first
    assert environments.file(environments.test).read_text() == before
    listed = environments.json("rollback", "test", "--list")
    assert [(entry["update"], entry["current"]) for entry in listed] == [(3, True), (2, False), (1, False)]
    assert "--to 3: stack 'test' runs that release already" in environments.run("rollback", "test", "--to", "3", code=1)


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
def test_what_is_refused_changes_nothing(environments: Releases, arguments: tuple[str, ...], message: str) -> None:
    files = {path: path.read_text() for path in environments.staging.folder.glob("Pulumi*")}
    assert message in environments.run(*arguments, code=1)
    assert {path: path.read_text() for path in environments.staging.folder.glob("Pulumi*")} == files


def test_whoever_updates_already_is_named_and_nothing_is_changed(environments: Releases) -> None:
    before = environments.file(environments.test).read_text()
    with environments.test.start("up", "--yes", "--skip-preview") as other:
        wait_for_moment(lambda: environments.is_locked(environments.test), other, "the stack is locked")
        os.kill(other.pid, signal.SIGSTOP)
        try:
            output = environments.run("promote", "staging", "test", "--yes", code=1)
        finally:
            os.kill(other.pid, signal.SIGCONT)
        end(other)
    assert f"nothing was changed: stack 'test' is being updated by process {other.pid} of " in output
    assert environments.file(environments.test).read_text() == before
    assert environments.versions("test") == {OLD}


def test_what_was_killed_in_the_middle_the_same_command_finishes(environments: Releases) -> None:
    before = len(environments.history(environments.test))
    with environments.start("promote", "staging", "test", "--yes", "--no-smoke") as running:
        wait_for_moment(lambda: NEW in environments.versions("test"), running, "the first service changes")
        for pid in processes(running.pid):
            os.kill(pid, signal.SIGKILL)
        running.communicate(timeout=STAY_LONGEST)
    assert len(environments.history(environments.test)) == before
    assert environments.is_locked(environments.test), "killed too late"
    assert not any(entry["current"] for entry in environments.json("rollback", "test", "--list")), (
        "the running release is unknown"
    )
    environments.run("promote", "staging", "test", "--yes")
    assert environments.versions("test") == {NEW}
    assert {service["ready"] for service in environments.running("test").values()} == {1}


@contextmanager
def refuse_pods(lab: Lab, namespace: str, app: str) -> Iterator[None]:
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
    eventually(lambda: name in lab.refusal(*pod), "the policy holds")
    try:
        yield
    finally:
        for kind in ("validatingadmissionpolicybinding", "validatingadmissionpolicy"):
            lab.kubectl("delete", kind, name)


def test_all_services_at_once_callees_first_and_a_failure_in_the_middle(environments: Releases) -> None:
    first, failing = "v1.0.0", "v1.1.0"
    environments.edit(
        environments.staging, lambda config: config["boutique:environment"].update(order="dependenciesFirst")
    )
    environments.edit(environments.staging, lambda config: config.update({"boutique:release": {"default": first}}))
    output = environments.staging.up().stdout
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

    with refuse_pods(environments.lab, "staging", "currencyservice"):
        environments.edit(environments.staging, fail)
        failed = environments.staging.up(check=False)
        assert failed.returncode != 0, failed.stdout
        assert "Deployment currencyservice" in failed.stdout
        running = {
            name: service["image"].rpartition(":")[2] for name, service in environments.running("staging").items()
        }
        assert (running["frontend"], running["checkoutservice"], running["adservice"]) == (first, first, failing)
        environments.run("rollback", "staging", "--yes")
        assert environments.versions("staging") == {first}

        environments.edit(environments.staging, fail)
        failed = environments.staging.up(check=False)
        assert failed.returncode != 0, failed.stdout
    environments.edit(environments.staging, lambda config: config["boutique:environment"].update(services=services))
    environments.edit(environments.staging, lambda config: config["boutique:release"].update(default=NEW))
    environments.staging.up()
    assert environments.versions("staging") == {NEW}


def places(output: str, word: str) -> dict[str, int]:
    """Return where an update tells of each Deployment that it is being updated, or is."""
    matches = re.finditer(rf"apps/v1:Deployment (\S+) {word}", output)
    return {match[1]: match.start() for match in reversed(list(matches))}


def test_many_releases_back_over_a_failed_one_with_all_that_belongs_to_it(environments: Releases, size: Size) -> None:
    contents = {"files": {"ads.conf": "first"}, "secrets": {"TOKEN": "token"}}
    environments.edit(
        environments.test, lambda config: config["boutique:environment"]["services"].update(adservice=contents)
    )
    environments.keep_secret(environments.test, "token", "canary-1")
    environments.test.up()
    first, kept = environments.running("test"), environments.contents("test")
    text = environments.file(environments.test).read_text()
    origin = max(entry["update"] for entry in environments.json("rollback", "test", "--list"))
    for number in range(1, size.releases):
        services = {"adservice": f"v1.0.{number}"}
        environments.edit(environments.test, lambda config: config["boutique:release"].update(services=services))  # noqa: B023
        environments.test.up()
    contents |= {"files": {"ads.conf": "second"}, "variables": {"GREETING": "hello"}, "replicas": 2}
    environments.edit(
        environments.test, lambda config: config["boutique:environment"]["services"].update(adservice=contents)
    )
    environments.keep_secret(environments.test, "token", "canary-2")
    environments.test.up()
    changed = environments.running("test")["adservice"]
    assert (changed["replicas"], changed["variables"]["GREETING"]) == (2, "hello")
    assert {*environments.contents("test").values()} == {"second", "canary-2"}
    last = environments.file(environments.test).read_text()
    environments.file(environments.test).write_text(last.replace("replicas: 2", "replicas: many"))
    environments.test.up(check=False)
    assert environments.history(environments.test)[-1]["result"] == "failed"

    listed = environments.json("rollback", "test", "--list")
    assert [entry["update"] for entry in listed[: size.releases + 1]] == [
        *range(origin + size.releases, origin - 1, -1)
    ]
    assert not any(entry["current"] for entry in listed)
    environments.run("rollback", "test", "--yes", "--no-smoke")
    assert environments.file(environments.test).read_text() == last, "the last that was deployed to its end"
    output = environments.run("rollback", "test", "--to", str(origin), "--yes")
    assert "secret token: its former content comes back" in output
    assert "canary" not in output + environments.file(environments.test).read_text()
    assert "smoke test: all green" in output
    assert environments.running("test") == first
    assert environments.contents("test") == kept
    assert set(kept.values()) == {"first", "canary-1"}
    assert without_secrets(environments.file(environments.test).read_text()) == without_secrets(text)


def without_secrets(text: str) -> str:
    """Return a stack's file without what is another text each time that it is encrypted."""
    return "".join(line for line in text.splitlines(keepends=True) if "secure:" not in line)


@pytest.fixture
def scale_adservice(environments: Releases) -> Iterator[Callable[[int], None]]:
    def scale(replicas: int) -> None:
        environments.lab.kubectl("scale", "-n", "test", "deployment/adservice", f"--replicas={replicas}")

    yield scale
    scale(1)


def test_the_status_of_all_and_what_somebody_changed_by_hand(
    environments: Releases, scale_adservice: Callable[[int], None]
) -> None:
    statuses = {
        status["stack"]: status
        for status in environments.json("status", "staging", "test", "--refresh", "--timeout", "600")
    }
    assert list(statuses) == ["staging", "test"]
    for status in statuses.values():
        assert status["services"]["adservice"] == {"versions": [NEW], "wanted": NEW, "ready": 1, "replicas": 1}
        assert (status["drift"], status["trouble"], status["features"]) == ([], [], [])
    assert statuses["test"]["updated"]["by"].startswith(f"{getpass.getuser()}@")
    scale_adservice(0)
    output = environments.run("status", "test", "--refresh", "--timeout", "600", code=3)
    assert "test: drift: apps/v1:Deployment adservice: changed (spec.replicas)" in output
    assert "0/1" in output
    assert {"staging", "test"} <= {status["stack"] for status in environments.json("status")}


def test_an_environment_with_all_defaults_is_an_environment_to_every_command(
    environments: Releases, platform: Stack, name_stack: Callable[[str], Stack]
) -> None:
    stack = replace(name_stack("defaults"), env=environments.test.env).create()
    target = {"kind": "stack", "name": platform.name, "target": stack.name}
    stack.configure(cluster=target, environment={}, release={"default": OLD}).up()
    assert environments.versions("defaults") == {OLD}
    assert {
        change["new"] for change in environments.json("promote", "staging", "defaults", "--preview")["changes"]
    } == {NEW}
    assert [entry["current"] for entry in environments.json("rollback", "defaults", "--list")] == [True]
    environments.run("release", "set", "defaults", "--default", NEW)
    assert f"default: {NEW}" in environments.file(stack).read_text()
    assert "boutique:environment: {}" in environments.file(stack).read_text()
    assert environments.json("status", "defaults")
    stack.pulumi("preview")
