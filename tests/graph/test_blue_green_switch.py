"""What a blue/green release promises: the Service goes over last, and nothing of the way back is touched."""

import json
from typing import Any

import pytest

from tests.support.graph.clear_text import SECRET, SIGNATURE
from tests.support.graph.graph_recorder import Graph, clear
from tests.support.graph.stack_recordings import STACKS, committed_values, record_stack

NAME = "adservice"
CANARY = "canary-of-a-services-secret"


def release(version: str, before: Graph | None = None, **settings: Any) -> Graph:
    """Record the stack `dev` with a service of blue/green releases, after another update of it."""
    config, secret = committed_values("dev")
    own = {"rollout": {"strategy": "blueGreen"}, "secrets": {"KEY": "key"}, "files": {"a.txt": version}, **settings}
    config["boutique:environment"] = json.dumps({"services": {NAME: own}})
    config["boutique:release"] = json.dumps({"services": {NAME: version}})
    config["boutique:serviceSecrets"] = json.dumps({"key": CANARY})
    outputs = {"colours": clear(before.outputs["colours"])} if before else {}
    return record_stack(
        "dev",
        others={**STACKS, "dev": outputs},
        config=(config, [*secret, "boutique:serviceSecrets"]),
        state=before.state if before else None,
    )


def names(graph: Graph, kind: str) -> list[str]:
    return [resource.inputs["metadata"]["name"] for resource in graph.of(kind) if resource.name.startswith(f"{NAME}-")]


def selector(graph: Graph) -> dict[str, str]:
    pod_labels: dict[str, str] = graph.one("Service", NAME).inputs["spec"]["selector"]
    return pod_labels


def test_the_service_goes_over_when_the_new_pods_are_ready() -> None:
    graph = release("1.0.0")
    [pods] = [deployment for deployment in graph.of("Deployment") if deployment.name.startswith(NAME)]
    service = graph.one("Service", NAME)
    assert pods.urn in graph.before(service)
    assert selector(graph).items() <= pods.inputs["spec"]["template"]["metadata"]["labels"].items()
    assert selector(graph)["boutique.dev/colour"] in pods.inputs["metadata"]["name"]
    assert service.inputs["metadata"]["name"] == NAME


def test_the_old_pods_stay_untouched_with_their_files_and_secrets_and_the_way_back_is_a_switch() -> None:
    blue = release("1.0.0")
    green = release("1.1.0", blue)
    assert len(names(green, "Deployment")) == 2
    assert set(names(blue, "Deployment")) < set(names(green, "Deployment"))
    assert len(names(green, "ConfigMap")) == 2
    assert names(green, "Secret") == names(blue, "Secret")
    [old] = [deployment for deployment in blue.of("Deployment") if deployment.name.startswith(f"{NAME}-")]
    assert green.by_urn(old.urn).inputs == old.inputs
    back = release("1.0.0", green)
    assert {resource.urn for resource in back.objects} == {resource.urn for resource in green.objects}
    assert selector(back) == selector(blue) != selector(green)
    for deployment in green.of("Deployment"):
        assert back.by_urn(deployment.urn).inputs == deployment.inputs


def test_a_release_after_the_next_drops_the_first() -> None:
    blue = release("1.0.0")
    third = release("1.2.0", release("1.1.0", blue))
    assert not set(names(blue, "Deployment")) & set(names(third, "Deployment"))


def test_what_the_stack_tells_itself_is_secret_and_pods_get_secrets_by_reference() -> None:
    graph = release("1.0.0", release("0.9.0"))
    assert graph.outputs["colours"][SIGNATURE] == SECRET
    assert CANARY in json.dumps(clear(graph.outputs["colours"]))
    assert CANARY not in json.dumps(
        {key: value for key, value in graph.outputs.items() if key not in ("colours", "environment")}
    )
    for deployment in graph.of("Deployment"):
        assert CANARY not in json.dumps(deployment.inputs)
    [secret] = [secret for secret in graph.of("Secret") if secret.name.startswith(NAME)]
    assert secret.inputs["stringData"] == {"KEY": CANARY}
    assert secret.inputs["immutable"]
    [pods] = [deployment for deployment in graph.of("Deployment") if deployment.name.startswith(NAME)][:1]
    [container] = pods.inputs["spec"]["template"]["spec"]["containers"]
    [variable] = [variable for variable in container["env"] if variable["name"] == "KEY"]
    assert variable["valueFrom"]["secretKeyRef"] == {"name": secret.inputs["metadata"]["name"], "key": "KEY"}


@pytest.mark.parametrize("strategy", ["rolling", "recreate", "blueGreen"])
def test_another_strategy_leaves_the_service_and_the_identity_where_they_are(strategy: str) -> None:
    graph = release("1.0.0", release("0.9.0"), rollout={"strategy": strategy})
    service = graph.one("Service", NAME)
    assert service.urn == release("1.0.0").one("Service", NAME).urn
    assert graph.one("ServiceAccount", NAME)
    [pods] = [deployment for deployment in graph.of("Deployment") if deployment.name.startswith(NAME)][:1]
    assert pods.inputs["spec"]["strategy"]["type"] == ("Recreate" if strategy == "recreate" else "RollingUpdate")


def test_callees_come_first_where_that_is_asked_for() -> None:
    config, secret = committed_values("dev")
    for order in ("parallel", "dependenciesFirst"):
        config["boutique:environment"] = json.dumps({"order": order})
        graph = record_stack("dev", config=(config, secret))
        before = graph.before(graph.one("Deployment", "frontend"))
        assert (graph.one("Deployment", "currencyservice").urn in before) == (order == "dependenciesFirst")
