"""Settings on top of the catalogue."""

from typing import Any

from boutique.settings.stack import Environment
from boutique.workloads.resolved_workload import ResolvedWorkload, resolve_workloads
from tests.support.online_boutique import APPLICATION, REDIS_CART, WORKLOADS

DIGEST = "sha256:" + "0" * 64


def environment(**values: Any) -> dict[str, ResolvedWorkload]:
    return {
        workload.workload.name: workload
        for workload in resolve_workloads(APPLICATION, Environment.model_validate(values))
    }


def test_without_settings_it_is_the_catalogue() -> None:
    services = environment()
    assert list(services) == [workload.name for workload in WORKLOADS]
    for workload in WORKLOADS:
        assert str(services[workload.name].image) == str(workload.image)
        assert services[workload.name].requests == workload.requests
        assert services[workload.name].replicas == 1


def test_a_registry_and_a_tag_for_all_leave_what_others_publish_alone() -> None:
    services = environment(images={"repository": "registry.example/shop", "tag": "1.2.3"})
    assert str(services["adservice"].image) == "registry.example/shop/adservice:1.2.3"
    assert str(services["redis-cart"].image) == str(REDIS_CART.image)


def test_a_services_own_image_wins_and_is_taken_whole() -> None:
    services = environment(
        images={"repository": "registry.example/shop", "tag": "1.2.3", "pullSecrets": ["shared"]},
        services={
            "adservice": {"image": {"repository": "other.example/ads", "tag": "2.0.0", "pullSecrets": ["own"]}},
            "redis-cart": {"image": {"digest": DIGEST}},
        },
    )
    assert str(services["adservice"].image) == "other.example/ads:2.0.0"
    assert services["adservice"].pull_secrets == ("own",)
    assert services["frontend"].pull_secrets == ("shared",)
    assert str(services["redis-cart"].image) == f"redis:8.8.1-alpine@{DIGEST}"


def test_replicas_for_all_leave_the_store_and_the_load_at_one() -> None:
    services = environment(replicas=3, services={"adservice": {"replicas": 2}})
    assert {name: workload.replicas for name, workload in services.items() if workload.replicas != 3} == {
        "adservice": 2,
        "redis-cart": 1,
        "loadgenerator": 1,
    }


def test_a_service_overrides_only_what_it_names() -> None:
    services = environment(
        rollout={"preStopSeconds": 7, "maxSurge": 2},
        availability={"antiAffinity": False},
        services={"frontend": {"rollout": {"minReadySeconds": 3}, "resources": {"limits": {"cpu": "2"}}}},
    )
    frontend = services["frontend"]
    assert (frontend.rollout.pre_stop_seconds, frontend.rollout.min_ready_seconds) == (7, 3)
    assert (frontend.rollout.surge, services["adservice"].rollout.min_ready_seconds) == (2, 10)
    assert not frontend.availability.anti_affinity
    assert frontend.availability.topology_spread
    assert frontend.limits.as_written() == {"cpu": "2", "memory": "128Mi"}


def test_variables_are_added_and_addresses_come_from_the_catalogue() -> None:
    frontend = environment(services={"frontend": {"variables": {"ENV_PLATFORM": "aws", "ENABLE_PROFILER": "1"}}})[
        "frontend"
    ]
    assert frontend.variables["ENV_PLATFORM"] == "aws"
    assert frontend.variables["ENABLE_PROFILER"] == "1"
    assert frontend.variables["CHECKOUT_SERVICE_ADDR"] == "checkoutservice:5050"


def test_an_optional_workload_can_be_left_out() -> None:
    assert "loadgenerator" not in environment(services={"loadgenerator": {"enabled": False}})
