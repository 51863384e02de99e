"""What the pods of Deployments take at most while an update replaces them."""

from decimal import Decimal
from typing import Any

import pytest

from boutique.features.feature_workloads import feature_workloads
from boutique.settings.feature_settings import Feature
from boutique.settings.stack import Environment
from boutique.workloads.pod_demand import PodSet, deployed_pod_set, peak, pod_set, release_peak, total_peak
from boutique.workloads.resolved_workload import ResolvedWorkload, resolve_workloads
from tests.support.online_boutique import APPLICATION

GIB = Decimal(2**30)


def service(name: str = "adservice", **environment: Any) -> ResolvedWorkload:
    [resolved] = [
        workload
        for workload in resolve_workloads(APPLICATION, Environment.model_validate(environment))
        if workload.workload.name == name
    ]
    return resolved


def pods(replicas: int, surge: int = 0, memory: int = 1, image: str = "a") -> PodSet:
    return PodSet(
        replicas=replicas,
        surge=surge,
        one={"pods": Decimal(1), "limits.memory": memory * GIB},
        template=(image, frozenset()),
    )


def counts(amounts: Any) -> tuple[int, int]:
    """Return the pods and their memory in GiB."""
    return int(amounts.get("pods", 0)), int(amounts.get("limits.memory", 0) / GIB)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        pytest.param(None, pods(3, surge=1), (3, 3), id="a new one needs no surge"),
        pytest.param(pods(3), None, (3, 3), id="what is left out is deleted at the end"),
        pytest.param(pods(3), pods(3, surge=1), (3, 3), id="nothing changes"),
        pytest.param(pods(3), pods(5, surge=1), (5, 5), id="more of the same"),
        pytest.param(pods(5), pods(3, surge=1), (5, 5), id="fewer of the same"),
        pytest.param(pods(3), pods(3, surge=1, image="b"), (4, 4), id="a rolling update"),
        pytest.param(pods(3), pods(3, image="b"), (3, 3), id="recreated"),
        pytest.param(pods(4), pods(4, surge=1, memory=2, image="b"), (5, 9), id="larger pods"),
        pytest.param(pods(4, memory=2), pods(4, surge=1, image="b"), (5, 9), id="smaller pods"),
        pytest.param(None, None, (0, 0), id="nothing"),
    ],
)
def test_the_most_that_one_deployment_takes(old: PodSet | None, new: PodSet | None, expected: tuple[int, int]) -> None:
    assert counts(peak(old, new)) == expected


def test_all_are_updated_at_once() -> None:
    old = {"a": pods(2), "gone": pods(1)}
    assert counts(total_peak(old, {"a": pods(2, surge=1, image="b"), "new": pods(4)})) == (3 + 1 + 4, 8)


@pytest.mark.parametrize(
    ("environment", "surge"),
    [
        ({"replicas": 1}, 1),
        ({"replicas": 4}, 1),
        ({"replicas": 5}, 2),
        ({"replicas": 3, "rollout": {"maxSurge": "100%"}}, 3),
        # Kubernetes adds no more pods than there are replicas.
        ({"replicas": 2, "rollout": {"maxSurge": 50}}, 2),
        ({"replicas": 3, "rollout": {"strategy": "recreate"}}, 0),
        ({"replicas": 3, "rollout": {"strategy": "blueGreen"}}, 0),
    ],
)
def test_the_surge_of_each_strategy(environment: dict[str, Any], surge: int) -> None:
    assert pod_set(service(**environment), meshed=True).surge == surge


def test_a_feature_of_a_blue_green_service_is_updated_pod_by_pod() -> None:
    environment = Environment.model_validate({"rollout": {"strategy": "blueGreen"}})
    feature = Feature.model_validate(
        {"environment": "dev", "services": {"adservice": {"version": "1.0.0-x.1", "replicas": 2}}}
    )
    [workload] = feature_workloads(APPLICATION, environment, feature, "x")
    assert (pod_set(workload, meshed=True).surge, pod_set(workload, meshed=True).replicas) == (1, 2)
    assert release_peak([workload], meshed=True)["pods"] == 3


def test_a_proxy_counts_where_there_is_a_mesh() -> None:
    plain, meshed = (pod_set(service(), meshed=mesh).one for mesh in (False, True))
    assert meshed["limits.memory"] - plain["limits.memory"] == GIB
    assert meshed["requests.cpu"] - plain["requests.cpu"] == Decimal("0.1")


def test_a_release_of_all_services_takes_two_of_what_is_switched_and_a_surge_of_the_rest() -> None:
    environment = Environment.model_validate(
        {"replicas": 4, "services": {"adservice": {"rollout": {"strategy": "blueGreen"}}}}
    )
    need = release_peak(resolve_workloads(APPLICATION, environment), meshed=False)
    # Ten services with four replicas, of which one is blue/green; one store; one load generator with a surge.
    assert need["pods"] == 9 * 5 + 2 * 4 + 1 + 2


def live_deployment(service: ResolvedWorkload, **container: Any) -> dict[str, Any]:
    """Return the Deployment of a service as the API server has it."""
    given: dict[str, Any] = {
        "image": str(service.image),
        "env": [
            *({"name": name, "value": value} for name, value in service.variables.items() if value),
            *({"name": name} for name, value in service.variables.items() if not value),
            {"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "x", "key": "KEY"}}},
        ],
        "resources": {
            "requests": service.requests.as_written(),
            "limits": service.limits.as_written(),
        },
    }
    containers = [{**given, **container}]
    return {"spec": {"replicas": service.replicas, "template": {"spec": {"containers": containers}}}}


def test_a_deployment_that_is_as_configured_is_not_replaced() -> None:
    for workload in resolve_workloads(
        APPLICATION,
        Environment.model_validate({"services": {"adservice": {"variables": {"EMPTY": ""}}}}),
    ):
        assert pod_set(workload, meshed=True).is_made_like(deployed_pod_set(live_deployment(workload), meshed=True)), (
            workload.name
        )


@pytest.mark.parametrize(
    "container",
    [{"image": "other:1"}, {"env": []}, {"resources": {"requests": {"cpu": "1", "memory": "1Gi"}}}],
)
def test_a_deployment_that_differs_is(container: dict[str, Any]) -> None:
    assert not pod_set(service(), meshed=True).is_made_like(
        deployed_pod_set(live_deployment(service(), **container), meshed=True)
    )


def test_what_a_container_does_not_name_is_the_default_of_the_target() -> None:
    bare = deployed_pod_set(live_deployment(service(), resources={}), meshed=False).one
    assert (bare["requests.cpu"], bare["limits.memory"] / 2**20) == (Decimal("0.05"), 128)
    # Kubernetes takes a limit without a request for both.
    limited = deployed_pod_set(live_deployment(service(), resources={"limits": {"cpu": "2"}}), meshed=False).one
    assert (limited["requests.cpu"], limited["limits.cpu"]) == (2, 2)
