"""`boutique status`: what it makes of stacks, pods, features and histories, and of those that do not answer."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from boutique.kubernetes import api_groups
from boutique.outputs import SCHEMA_VERSION, VERSION
from ops.cli import app
from ops.environments import environment_status
from ops.environments.drift import Drift, parse_drift
from ops.features.inventory import ClusterFeature
from ops.pulumi import engine
from ops.pulumi.deployed_stack import StackError
from ops.pulumi.stack_history import Entry
from ops.pulumi.stack_outputs import Once
from ops.smoke.namespace_objects import Namespace
from ops.smoke.running_pods import RunningWorkload
from support.deadline import Deadline
from tests.support.online_boutique import write_project
from tests.support.unit.smoke_fakes import deployer

URN = "urn:pulumi:test::boutique::boutique:index:Microservice${}::{}"


def outputs(version: str) -> dict[str, Any]:
    service = {"image": f"shop/adservice:{version}", "deployment": "adservice", "version": version, "replicas": 2}
    return {
        VERSION: SCHEMA_VERSION,
        "namespace": "place",
        "application": "online-boutique",
        "url": "nowhere",
        "routes": {},
        "services": {"adservice": service},
        "target": {"stack": "organization/boutique/nonprod", "name": "place"},
    }


class StackFakes:
    """Stacks, and what is asked of each."""

    def __init__(self) -> None:
        content = deployer(1)
        self.stacks: dict[str, dict[str, Any] | None] = {
            "nonprod": {
                VERSION: SCHEMA_VERSION,
                "targets": {
                    "place": {
                        "namespace": "place",
                        "kubeconfig": content,
                        "meshed": True,
                        "application": "online-boutique",
                    }
                },
            },
            "dev": outputs("v0.10.7"),
            "dev-a": {"of": "dev"},
            "dev-eu": outputs("v0.10.5"),
            "test": outputs("v0.10.6"),
        }
        self.running = RunningWorkload(replicas=2, ready=2, images=("shop/adservice:v0.10.7",), trouble=())
        self.silent = ""
        self.unavailable: tuple[str, ...] = ()
        self.drifts: tuple[Drift, ...] = ()
        self.read: list[str] = []

    def outputs(self, stack: str, _: Deadline) -> Mapping[str, Any]:
        name = stack.rpartition("/")[2]
        self.read.append(name)
        content = self.stacks.get(name)
        if content is None:
            raise StackError(f"pulumi cannot read stack {name!r}")
        return content

    def objects(self, _: Namespace) -> Any:
        return ()

    def features(self, _: Any) -> tuple[ClusterFeature, ...]:
        since = datetime(2026, 1, 10, tzinfo=UTC)
        given = {"branch": "a", "since": since, "expires": None, "versions": {"adservice": "1.0.0-a.1"}}
        return (ClusterFeature(key="a", stack="dev-a", sessions=0, objects=(), **given),)

    def history(self, *_: Any, **__: Any) -> tuple[Entry, ...]:
        given = {"when": datetime(2026, 1, 10, tzinfo=UTC), "who": "ann@host", "message": "m", "config": {}}
        return (Entry(number=1, kind="update", result="succeeded", **given),)


@pytest.fixture
def stack_fakes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> StackFakes:
    made = StackFakes()
    monkeypatch.setattr(environment_status, "outputs_of", made.outputs)
    monkeypatch.setattr(engine, "list_stacks", lambda *_: made.stacks)
    monkeypatch.setattr(environment_status, "objects", made.objects)
    monkeypatch.setattr(environment_status, "features", made.features)
    monkeypatch.setattr(environment_status, "history", made.history)
    monkeypatch.setattr(api_groups, "unavailable", lambda _: made.unavailable)
    monkeypatch.setattr(environment_status, "drift", lambda _, stack, __: made.drifts if stack == "dev" else ())
    monkeypatch.setattr(
        environment_status,
        "try_running_pods",
        lambda *_, **__: (None, made.silent) if made.silent else ({"adservice": made.running}, ""),
    )
    write_project(tmp_path)
    monkeypatch.chdir(tmp_path)
    return made


def run(*arguments: str, code: int = 0) -> Result:
    done = CliRunner().invoke(app, ["status", *arguments])
    assert done.exit_code == code, f"{done.output}{done.exception!r}"
    return done


def stack_statuses(*arguments: str, code: int = 0) -> dict[str, Any]:
    return {entry["stack"]: entry for entry in json.loads(run(*arguments, "--json", code=code).stdout)}


def test_all_environments_are_found_and_nothing_else(stack_fakes: StackFakes) -> None:
    assert list(stack_statuses()) == ["dev", "dev-eu", "test"]
    assert "dev-a" not in stack_fakes.read, "its objects tell that it is a feature"
    assert stack_fakes.read.count("nonprod") == 1, "the stack of the cluster is read once for all"


def test_a_service_has_what_runs_beside_what_is_wanted(stack_fakes: StackFakes) -> None:
    assert stack_statuses("test")["test"]["services"] == {
        "adservice": {"versions": ["v0.10.7"], "wanted": "v0.10.6", "ready": 2, "replicas": 2}
    }
    lines = [line.split() for line in run("dev", "test").stdout.splitlines()]
    assert lines[0] == ["dev", "test"]
    assert lines[1] == ["adservice", "v0.10.7", "2/2", "v0.10.7", "(wanted:", "v0.10.6)", "2/2"]
    assert lines[2] == ["features", "a", "a"]
    assert lines[3][-3:] == ["ago", "by", "ann@host"]
    assert stack_fakes.read


def test_an_api_that_nothing_answers_for_is_warned_of_and_no_failure(stack_fakes: StackFakes) -> None:
    assert stack_statuses("test")["test"]["warnings"] == []
    stack_fakes.unavailable = ("v1beta1.metrics.k8s.io",)
    [line] = stack_statuses("test")["test"]["warnings"]
    assert "run `kubectl delete apiservice v1beta1.metrics.k8s.io`" in line
    assert "test: warning: APIService v1beta1.metrics.k8s.io is registered" in " ".join(run("test").stdout.split())
    stack_fakes.silent = "the API server does not answer"
    assert stack_statuses("test", code=1)["test"]["warnings"] == []


def test_one_that_does_not_answer_hides_no_other(stack_fakes: StackFakes) -> None:
    stack_fakes.stacks["test"] = None
    output = run("dev", "test", code=1).stdout
    assert "v0.10.7 2/2" in output
    assert "test: pulumi cannot read stack 'test'" in output
    everything = stack_statuses(code=1)
    assert everything["test"]["trouble"] == ["pulumi cannot read stack 'test'"]
    assert everything["dev"]["services"]["adservice"]["ready"] == 2


def test_without_an_answer_of_the_cluster_what_the_stack_wants(stack_fakes: StackFakes) -> None:
    stack_fakes.silent = "the API server does not answer"
    status = stack_statuses("dev", code=1)["dev"]
    assert status["services"]["adservice"] == {
        "versions": ["v0.10.7"],
        "wanted": "v0.10.7",
        "ready": None,
        "replicas": 2,
    }
    assert status["trouble"] == ["the API server does not answer"]
    assert "v0.10.7 ?/2" in run("dev", code=1).stdout


def test_drift_is_looked_for_if_asked_to_and_has_a_code(stack_fakes: StackFakes) -> None:
    stack_fakes.drifts = (Drift(kind="apps/v1:Deployment", name="adservice", what="changed", paths=("spec.replicas",)),)
    assert stack_statuses("dev")["dev"]["drift"] is None
    assert stack_statuses("test", "--refresh")["test"]["drift"] == []
    output = run("dev", "test", "--refresh", code=3).stdout
    assert "dev: drift: apps/v1:Deployment adservice: changed (spec.replicas)" in output
    assert [line.split()[1:] for line in output.splitlines() if line.startswith("drift")] == [["1", "differ", "none"]]


def test_no_environment_at_all_is_said(stack_fakes: StackFakes) -> None:
    stack_fakes.stacks.clear()
    assert "no stack has an environment that was deployed" in str(run(code=1).exception)


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        ({"op": "same"}, []),
        ({"op": "refresh"}, []),
        ({"op": "delete"}, ["v1:Service adservice: gone"]),
        (
            {"op": "update", "detailedDiff": {"spec.b": {}, "spec.a": {}}},
            ["v1:Service adservice: changed (spec.a, spec.b)"],
        ),
        ({"op": "update", "detailedDiff": None}, ["v1:Service adservice: changed"]),
    ],
)
def test_what_pulumi_tells_of_a_refresh(step: dict[str, Any], expected: list[str]) -> None:
    change = {"urn": URN.format("kubernetes:v1:Service", "adservice"), **step}
    stack = {"urn": "urn:pulumi:test::boutique::pulumi:pulumi:Stack::boutique-test", "op": "update"}
    assert [str(difference) for difference in parse_drift({"steps": [change, stack]})] == expected


def test_what_could_not_be_read_is_tried_again() -> None:
    answers: list[Callable[[], Mapping[str, Any]]] = [lambda: {}["missing"], lambda: {"a": 1}]
    read = Once(lambda *_: answers.pop(0)())
    with pytest.raises(KeyError):
        read("dev", Deadline(1))
    assert read("dev", Deadline(1)) == read("organization/boutique/dev", Deadline(1)) == {"a": 1}
