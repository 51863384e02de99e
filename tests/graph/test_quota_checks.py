"""An update that its namespace has no room for is refused before anything is registered."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import pulumi
import pytest

from boutique.kubernetes import listing
from boutique.kubernetes.kubeconfig import KubeconfigError
from boutique.targets.quota import hard_limits
from tests.support import online_boutique
from tests.support.graph.cloud_answers import KUBECONFIG
from tests.support.graph.graph_recorder import Graph, clear
from tests.support.graph.stack_recordings import STACKS, committed_values, record_stack

Objects = Mapping[str, list[dict[str, Any]]]
GIVEN = hard_limits(online_boutique.WORKLOADS, 1)


def quota(name: str = "environment", **hard: str) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": "local"}, "spec": {"hard": hard}}


def deployment(name: str, owner: str, replicas: int = 1) -> dict[str, Any]:
    container = {"image": "other:1", "resources": {}}
    return {
        "metadata": {"name": name, "annotations": {"boutique.dev/owner": owner}},
        "spec": {"replicas": replicas, "template": {"spec": {"containers": [container]}}},
    }


Answer = Callable[[Objects], None]


@pytest.fixture
def answer(monkeypatch: pytest.MonkeyPatch) -> Answer:
    """Have API servers answer with objects, by collection."""

    def prepare(objects: Objects) -> None:
        monkeypatch.setattr("boutique.kubernetes.client.ensure_reachable", lambda *_: None)
        monkeypatch.setattr(
            listing, "list_objects", lambda _, __, collection, **___: tuple(objects.get(collection, ()))
        )

    return prepare


def refusal_message(stack: str, **arguments: Any) -> str:
    with pytest.raises(pulumi.RunError) as caught:
        record_stack(stack, answering=False, **arguments)
    return str(caught.value)


def change_section(stack: str, section: str, **values: Any) -> tuple[dict[str, str], list[str]]:
    config, secret = committed_values(stack)
    config[f"boutique:{section}"] = json.dumps({**json.loads(config[f"boutique:{section}"]), **values})
    return config, secret


def test_a_quota_of_another_stack_is_the_one_that_the_api_server_has(answer: Answer) -> None:
    answer({listing.RESOURCE_QUOTAS: [quota(pods="10")]})
    message = refusal_message("dev")
    assert (
        "boutique:platform.targets.dev.replicas: target 'dev': the update does not fit its quota 'environment'"
        in message
    )
    assert (
        "it needs 11 of pods, it gives 10; raise boutique:platform.targets.dev.replicas to 1 in the stack 'nonprod'"
        in message
    )
    assert record_stack("dev", answering=True).of("Deployment")


def test_a_smaller_quota_made_by_hand_is_refused_too(answer: Answer) -> None:
    answer({listing.RESOURCE_QUOTAS: [quota(**GIVEN), quota("small", **{"limits.memory": "1Gi"})]})
    assert (
        "quota 'small': it needs 13Gi of limits.memory, it gives 1Gi; raise the ResourceQuota 'small'"
        in refusal_message("dev")
    )


def test_an_update_that_changes_no_pod_fits_exactly_what_is_there(answer: Answer) -> None:
    first = record_stack("dev")
    live = [json.loads(json.dumps(dict(deployment.inputs))) for deployment in first.of("Deployment")]
    for inputs in live:
        for container in inputs["spec"]["template"]["spec"]["containers"]:
            container["env"] = [entry for entry in container["env"] if "value" in entry]
    answer({listing.RESOURCE_QUOTAS: [quota(pods="11")], listing.DEPLOYMENTS: live})
    graph = record_stack("dev", answering=False)
    assert graph.of("Deployment")
    # One service of another version needs a pod more.
    message = refusal_message("dev", config=change_section("dev", "release", services={"adservice": "v9.9.9"}))
    assert "it needs 12 of pods, it gives 11" in message


def test_features_beside_an_environment_count(answer: Answer) -> None:
    others = [deployment("adservice-new-ads", "dev-new-ads", 3), deployment("redis-by-hand", "")]
    answer({listing.RESOURCE_QUOTAS: [quota(pods="14")], listing.DEPLOYMENTS: others})
    message = refusal_message("dev")
    assert (
        "it needs 15 of pods, it gives 14, with adservice-new-ads, redis-by-hand that this stack does not plan"
        in message
    )


def test_a_feature_that_does_not_fit_beside_what_is_there(answer: Answer) -> None:
    others = [deployment("frontend", "dev", 12)]
    answer({listing.RESOURCE_QUOTAS: [quota(pods="12")], listing.DEPLOYMENTS: others})
    message = refusal_message("dev-new-ads")
    assert "boutique:feature.services.adservice: namespace 'dev': the update does not fit its quota" in message
    assert "it needs 13 of pods, it gives 12, with frontend that this stack does not plan; destroy a feature" in message
    answer({listing.RESOURCE_QUOTAS: [quota(pods="13")], listing.DEPLOYMENTS: others})
    assert record_stack("dev-new-ads", answering=False).of("Deployment")


def test_a_limit_range_made_by_hand_is_kept(answer: Answer) -> None:
    item = {"type": "Container", "max": {"memory": "200Mi"}}
    answer({listing.LIMIT_RANGES: [{"metadata": {"name": "small"}, "spec": {"limits": [item]}}]})
    message = refusal_message("dev")
    assert (
        "boutique:environment.services.adservice.resources.limits.memory: 300Mi: a LimitRange of the namespace"
        in message
    )


def previous_stack(recorded: Mapping[str, str] | None, replicas: int) -> dict[str, Any]:
    """Return what the stack `local` was before: its outputs, its state, and its configuration now."""
    targets = {
        "local": {"namespace": "local", "kubeconfig": KUBECONFIG, "meshed": True, "application": "online-boutique"}
    }
    state = (
        {"urn::quota": {"type": "kubernetes:core/v1:ResourceQuota", "outputs": quota(**recorded)}} if recorded else {}
    )
    platform = json.loads(committed_values("local")[0]["boutique:platform"])
    platform["targets"]["local"]["replicas"] = replicas
    return {
        "others": {**STACKS, "local": {"targets": targets}},
        "state": state,
        "config": change_section("local", "platform", targets=platform["targets"]),
    }


def test_a_quota_of_this_stack_that_was_changed_by_hand_holds(answer: Answer) -> None:
    answer({listing.RESOURCE_QUOTAS: [quota(**{**GIVEN, "pods": "5"})]})
    message = refusal_message("local", **previous_stack(GIVEN, 1))
    assert (
        "it needs 12 of pods, it gives 5; raise boutique:platform.targets.local.replicas to 1, or the quota itself"
        in message
    )


def test_a_quota_that_this_update_raises_is_taken_as_raised(answer: Answer) -> None:
    answer({listing.RESOURCE_QUOTAS: [quota(**{**GIVEN, "pods": "5"})]})
    assert record_stack("local", answering=False, **previous_stack(GIVEN, 2)).of("Deployment")


@pytest.mark.parametrize("facts", [{}, {"namespace": "elsewhere", "kubeconfig": KUBECONFIG}])
def test_a_namespace_that_is_not_there_yet_is_not_asked_for(
    facts: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse_call(_: str, __: str, collection: str, **___: str) -> tuple[()]:
        assert collection == listing.VIRTUAL_SERVICES, "the namespace was asked for"
        return ()

    monkeypatch.setattr("boutique.kubernetes.client.ensure_reachable", lambda *_: None)
    monkeypatch.setattr(listing, "list_objects", refuse_call)
    others = {**STACKS, "local": {"targets": {"local": facts}}}
    assert record_stack("local", answering=False, others=others).of("Deployment")


def test_an_environment_that_does_not_let_this_stack_in_yet_is_deployed_with_a_warning(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def unauthorized(_: str, __: str, collection: str, **___: str) -> tuple[()]:
        if collection != listing.VIRTUAL_SERVICES:
            raise KubeconfigError("the API server answers 401")
        return ()

    messages: list[str] = []
    monkeypatch.setattr("boutique.kubernetes.client.ensure_reachable", lambda *_: None)
    monkeypatch.setattr(listing, "list_objects", unauthorized)
    monkeypatch.setattr(pulumi.log, "warn", lambda text, *_: messages.append(text))
    assert record_stack("local", answering=False, **previous_stack(GIVEN, 1)).of("Deployment")
    [warning] = [message for message in messages if "cannot be read" in message]
    assert warning.endswith("the API server answers 401")


def test_another_stacks_target_that_does_not_say_how_much_it_has_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(_: str, __: str, collection: str, **___: str) -> tuple[()]:
        if collection == listing.RESOURCE_QUOTAS:
            raise KubeconfigError("the API server answers 403")
        return ()

    monkeypatch.setattr("boutique.kubernetes.client.ensure_reachable", lambda *_: None)
    monkeypatch.setattr(listing, "list_objects", forbidden)
    assert "the API server answers 403" in refusal_message("dev")


def record_release(version: str, before: Graph | None = None) -> Graph:
    """Record the stack `dev` with blue/green releases of all services, after another update of it."""
    config, secret = change_section("dev", "environment", rollout={"strategy": "blueGreen"})
    config["boutique:release"] = json.dumps({"default": version})
    outputs = {"colours": clear(before.outputs["colours"])} if before else {}
    return record_stack(
        "dev", others={**STACKS, "dev": outputs}, config=(config, secret), state=before.state if before else None
    )


def test_ten_releases_of_all_services_share_two_deployments_each() -> None:
    graph = record_release("v1.0.0")
    for number in range(1, 10):
        before, graph = graph, record_release(f"v1.0.{number}", graph)
        names = [deployment.name for deployment in graph.of("Deployment") if deployment.name != "redis-cart"]
        assert sorted(names) == sorted(
            f"{workload.name}-{suffix}"
            for workload in online_boutique.WORKLOADS
            if workload.name not in ("redis-cart", "loadgenerator")
            for suffix in ("blue", "green")
        )
        active = {deployment.inputs["metadata"]["name"]: deployment.urn for deployment in before.of("Deployment")}
        for service in before.of("Service"):
            revision = service.inputs["spec"]["selector"].get("boutique.dev/colour")
            if revision and service.name == service.inputs["metadata"]["name"]:
                name = f"{service.name}-{revision}"
                assert graph.by_urn(active[name]).inputs["metadata"]["name"] == name, "what serves stays where it is"
        switched = [deployment for deployment in graph.of("Deployment") if deployment.name != "redis-cart"]
        assert all(deployment.request.deleteBeforeReplace for deployment in switched)
        assert not graph.one("Deployment", "redis-cart").request.deleteBeforeReplace
