"""Replicas that an autoscaler sets: what it wants is what status and smoke test compare with."""

from types import SimpleNamespace
from typing import Any

import pytest

from boutique.features import feature_workloads
from boutique.names.image_reference import Reference
from boutique.outputs import SCHEMA_VERSION, VERSION, DeployedService
from boutique.settings.feature_settings import Feature
from boutique.settings.stack import Environment
from ops.environments.environment_status import service
from ops.pulumi.deployed_stack import DeployedStack, deployed_stack
from ops.smoke import smoke_test
from ops.smoke.running_pods import RunningWorkload
from support.deadline import Deadline
from tests.support.online_boutique import APPLICATION

IMAGE = Reference.parse("shop/ads:v1")
WANTED = DeployedService(image=IMAGE, version="v1", replicas=1, autoscaled=True, deployment="adservice")
SCALED = [(True, 3, 3, True), (True, 3, 2, False), (False, 3, 3, False), (False, 1, 1, True)]


def running_workloads(replicas: int, ready: int) -> dict[str, RunningWorkload]:
    return {"adservice": RunningWorkload(replicas=replicas, ready=ready, images=(str(IMAGE),), trouble=())}


@pytest.mark.parametrize(("autoscaled", "replicas", "ready", "well"), SCALED)
def test_status_compares_with_what_the_autoscaler_wants(
    autoscaled: bool, replicas: int, ready: int, well: bool
) -> None:
    wanted = WANTED.model_copy(update={"autoscaled": autoscaled})
    assert service(wanted, running_workloads(replicas, ready), "adservice").is_well is well


@pytest.mark.parametrize(("autoscaled", "replicas", "ready", "well"), SCALED)
def test_the_smoke_test_compares_with_what_the_autoscaler_wants(
    autoscaled: bool, replicas: int, ready: int, well: bool
) -> None:
    wanted = WANTED.model_copy(update={"autoscaled": autoscaled})
    stack = DeployedStack(
        name="dev",
        application="online-boutique",
        namespace="dev",
        url="",
        services={"adservice": wanted},
        kubeconfig="",
    )
    outside: Any = SimpleNamespace(unreachable=False, link=None, errors=(), warnings=())
    [result] = smoke_test.result(stack, running_workloads(replicas, ready), "", outside).services
    assert (not result.errors) is well
    assert result.replicas == (replicas if autoscaled else 1)


@pytest.mark.parametrize("autoscaled", [{"autoscaled": True}, {}])
def test_a_stack_says_which_services_are_autoscaled(autoscaled: dict[str, bool]) -> None:
    target = {"stack": "organization/boutique/dev", "name": "dev"}
    kubeconfig = '{"clusters": [{"cluster": {"server": "https://127.0.0.1:1"}}]}'
    given = {"image": str(IMAGE), "version": "v1", "replicas": 1, "deployment": "adservice", **autoscaled}
    outputs = {
        VERSION: SCHEMA_VERSION,
        "namespace": "dev",
        "url": "",
        "routes": {},
        "target": target,
        "targets": {
            "dev": {"namespace": "dev", "kubeconfig": kubeconfig, "meshed": True, "application": "online-boutique"}
        },
        "application": "online-boutique",
        "services": {"adservice": given},
    }
    stack = deployed_stack("dev", Deadline(5), lambda *_: outputs)
    assert stack.services["adservice"].autoscaled is bool(autoscaled)


def test_a_feature_of_an_autoscaled_service_has_replicas_of_its_own() -> None:
    environment = Environment.model_validate({"services": {"adservice": {"autoscaled": True, "replicas": 3}}})
    feature = Feature.model_validate({"environment": "dev", "services": {"adservice": {"version": "0.10.7-new-ads.1"}}})
    [changed] = feature_workloads.feature_workloads(APPLICATION, environment, feature, "new-ads")
    assert (changed.autoscaled, changed.replicas) == (False, 1)
