"""Several applications on one cluster: each target has the names, policies and quotas of its own."""

import json
from typing import Any

import pulumi
import pytest

from boutique.application.application_file import load_application
from boutique.targets.quota import hard_limits
from tests.support.graph.graph_recorder import Graph
from tests.support.graph.stack_recordings import committed_values, record_stack
from tests.support.online_boutique import APPLICATION, ROOT

PATH = "tests/unit/data/everything.yaml"
OTHER = load_application(PATH, ROOT)


@pytest.fixture(scope="module")
def graph() -> Graph:
    """The cluster of dev and test, where test is for another application."""
    values, secret = committed_values("nonprod")
    platform: dict[str, Any] = json.loads(values["boutique:platform"])
    platform["targets"]["test"]["application"] = PATH
    return record_stack("nonprod", config=({**values, "boutique:platform": json.dumps(platform)}, secret))


def names(graph: Graph, kind: str, namespace: str) -> set[str]:
    return {name for _, where, name in (resource.object_name for resource in graph.of(kind)) if where == namespace}


def test_policies_are_those_of_the_targets_own_call_graph(graph: Graph) -> None:
    for kind in ("AuthorizationPolicy", "NetworkPolicy"):
        own, other = names(graph, kind, "dev"), names(graph, kind, "test")
        assert {"frontend", "cartservice"} <= own
        assert not other & {"frontend", "cartservice"}
        assert OTHER.entry.workload in other


def test_a_quota_fits_the_targets_own_application(graph: Graph) -> None:
    quotas = {quota.object_name[1]: quota.inputs["spec"]["hard"] for quota in graph.of("ResourceQuota")}
    assert quotas["dev"]["pods"] == hard_limits(APPLICATION.workloads, 2)["pods"]
    assert quotas["test"]["pods"] == hard_limits(OTHER.workloads, 2)["pods"]
    assert quotas["dev"] != quotas["test"]


def test_objects_say_which_application_they_are_for(graph: Graph) -> None:
    parts = {
        namespace.object_name[2]: namespace.inputs["metadata"]["labels"]["app.kubernetes.io/part-of"]
        for namespace in graph.of("Namespace")
    }
    assert (parts["dev"], parts["test"]) == (APPLICATION.name, OTHER.name)


def test_rules_of_the_api_server_name_the_targets_own_workloads(graph: Graph) -> None:
    rules = {policy.object_name[2]: json.dumps(policy.inputs) for policy in graph.of("ValidatingAdmissionPolicy")}
    assert "cartservice" in rules[f"{APPLICATION.name}-secrets-dev"]
    assert "cartservice" not in rules[f"{OTHER.name}-secrets-test"]


def test_other_stacks_learn_which_application_a_target_is_for(graph: Graph) -> None:
    targets = graph.outputs["targets"]["value"]
    assert {name: target["application"] for name, target in targets.items()} == {
        "dev": APPLICATION.name,
        "test": OTHER.name,
    }


def test_an_environment_of_another_application_is_refused_before_anything_else() -> None:
    values, secret = committed_values("dev")
    values = {
        **values,
        "boutique:application": PATH,
        "boutique:environment": "{}",
        "boutique:release": json.dumps({"enabled": False}),
    }
    line = f"boutique:application: {OTHER.name!r}: target 'dev' is for {APPLICATION.name!r}; name that one here"
    with pytest.raises(pulumi.RunError, match=line):
        record_stack("dev", config=(values, secret))
