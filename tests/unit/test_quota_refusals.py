"""What does not fit a quota is refused with the key, what is needed, what there is, and the remedy."""

from decimal import Decimal
from typing import Any

import pytest

from boutique.checks.limit_range import limit_refusals
from boutique.checks.quota_fit import Room, environment_refusals, feature_refusals, feature_room, target_room
from boutique.kubernetes import listing
from boutique.settings.errors import SettingsError
from boutique.settings.stack import Environment
from boutique.targets import namespace_quota
from boutique.targets.namespace_quota import NAME, Quota
from boutique.targets.quota import hard_limits
from boutique.workloads.object_names import object_names
from boutique.workloads.pod_demand import release_peak
from boutique.workloads.resolved_workload import resolve_workloads
from tests.support import online_boutique
from tests.support.online_boutique import APPLICATION, load

ROOM = target_room("dev", owner="nonprod", meshed=True, is_read=True)
BLUE_GREEN = {"rollout": {"strategy": "blueGreen"}}


def mistakes(environment: dict[str, Any], replicas: int = 1, **platform: Any) -> list[str]:
    targets = {"local": {"replicas": replicas}}
    cluster = {"kind": "existing", "context": "x"}
    try:
        load({"cluster": cluster, "platform": {"targets": targets, "mesh": {}, **platform}, "environment": environment})
    except SettingsError as error:
        return list(error.errors)
    return []


def resources(kind: str, name: str, value: str, service: str = "frontend") -> dict[str, Any]:
    return {"services": {service: {"resources": {kind: {name: value}}}}}


@pytest.mark.parametrize("replicas", [1, 2, 5])
@pytest.mark.parametrize("rollout", [{}, {"strategy": "blueGreen"}, {"maxSurge": "100%"}, {"maxSurge": 99}])
def test_as_many_replicas_as_the_target_names_fit_with_every_strategy(replicas: int, rollout: dict[str, Any]) -> None:
    services = {"loadgenerator": {"replicas": replicas}}
    assert not mistakes({"replicas": replicas, "rollout": rollout, "services": services}, replicas)


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        (
            resources("limits", "memory", "16Gi"),
            "boutique:environment.services.frontend.resources.limits.memory: 16Gi: target 'local': the update does not "
            "fit its quota 'environment': it needs 59.5Gi of limits.memory, it gives 43.4Gi; lower it, or raise "
            "boutique:platform.targets.local.replicas to 2",
        ),
        (
            {"services": {"frontend": {"resources": {"requests": {"cpu": "5"}, "limits": {"cpu": "5"}}}}},
            "boutique:environment.services.frontend.resources.requests.cpu: 5: ",
        ),
        (
            {**BLUE_GREEN, **resources("limits", "memory", "12Gi", "adservice")},
            "boutique:environment.services.adservice.resources.limits.memory: 12Gi: ",
        ),
        (
            {"services": {"frontend": {"resources": {"limits": {"memory": "900Gi"}}}}},
            "raise boutique:platform.targets.local.replicas to 43",
        ),
        (resources("limits", "memory", "9000Gi"), "take fewer or smaller pods"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_key(environment: dict[str, Any], expected: str) -> None:
    [message] = mistakes(environment)
    assert expected in message


def test_too_many_replicas_are_one_mistake() -> None:
    [message] = mistakes({"replicas": 2})
    assert message.startswith("boutique:platform.targets.local.replicas: 1: leaves no room for the 2 replicas of ")


def refusals(environment: dict[str, Any], hard: dict[str, str], name: str = NAME, room: Room = ROOM) -> list[str]:
    section = Environment.model_validate(environment)
    need = release_peak(resolve_workloads(APPLICATION, section), meshed=True)
    return list(environment_refusals(APPLICATION, section, [Quota.of(name, hard)], need, room))


def test_another_stack_raises_its_own_quota() -> None:
    [message] = refusals({"replicas": 3, **BLUE_GREEN}, hard_limits(online_boutique.WORKLOADS, 1))
    assert message.startswith("boutique:environment.replicas: 3: target 'dev': ")
    assert message.endswith(
        "lower it, or raise boutique:platform.targets.dev.replicas to 2 in the stack 'nonprod' and run `pulumi up` "
        "there, or the quota itself if it was changed by hand"
    )


@pytest.mark.parametrize(
    ("environment", "key"),
    [
        ({"replicas": 2, **BLUE_GREEN}, "boutique:environment.replicas: 2: "),
        (
            {"replicas": 2, "services": {"adservice": {"replicas": 30}}},
            "boutique:environment.services.adservice.replicas",
        ),
        (
            {"rollout": {"strategy": "recreate"}, "services": {"adservice": {"replicas": 9}}},
            "services.adservice.replicas",
        ),
        # One more pod with each strategy: no key of the environment adds anything.
        ({"services": {"adservice": BLUE_GREEN}}, "boutique:platform.targets.dev.replicas: "),
    ],
)
def test_the_key_that_adds_most_is_named(environment: dict[str, Any], key: str) -> None:
    [message] = refusals(environment, {"pods": "19"})
    assert key in message.partition(": target ")[0] + ": "


def test_a_quota_of_somebody_elses_is_raised_where_it_is() -> None:
    [message] = refusals({}, {"count/pods": "20", "limits.cpu": "1"}, name="small")
    assert "quota 'small': it needs 51.525 of limits.cpu, it gives 1, 23 of pods, it gives 20" in message
    assert message.startswith("boutique:environment: target 'dev': ")
    assert message.endswith("raise the ResourceQuota 'small' of the namespace")


def test_a_small_gap_is_told_in_full() -> None:
    need = {"requests.memory": Decimal(10 * 2**30 + 1)}
    [message] = environment_refusals(APPLICATION, Environment(), [Quota.of("x", {"memory": "10Gi"})], need, ROOM)
    assert "it needs 10737418241 of requests.memory, it gives 10737418240" in message


def test_what_else_is_in_the_namespace_is_named() -> None:
    room = target_room("dev", meshed=True, others=("adservice-new-ads",))
    [message] = refusals({}, {"pods": "20"}, room=room)
    assert "with adservice-new-ads that this stack does not plan" in message


def test_a_feature_that_does_not_fit_is_told_what_can_be_done() -> None:
    services = [workload for workload in resolve_workloads(APPLICATION, Environment()) if workload.name == "adservice"]
    quota, room = Quota.of(NAME, {"pods": "24"}), feature_room("dev", meshed=True)
    [message] = feature_refusals(APPLICATION, services, [quota], {"pods": Decimal(25)}, room)
    assert message.code == "quota-exceeded"
    assert message.startswith(
        "boutique:feature.services.adservice: namespace 'dev': the update does not fit its quota "
    )
    assert "it needs 25 of pods, it gives 24; destroy a feature that is no longer needed" in message
    assert "raise the replicas of its target in boutique:platform.targets to 1 in the stack that owns" in message
    assert not list(feature_refusals(APPLICATION, services, [quota], {"pods": Decimal(24)}, room))


@pytest.mark.parametrize(
    ("spec", "counts"),
    [
        ({}, True),
        ({"scopes": ["NotTerminating", "NotBestEffort"]}, True),
        ({"scopes": ["Terminating"]}, False),
        ({"scopes": ["BestEffort"]}, False),
        ({"scopeSelector": {"matchExpressions": [{"scopeName": "PriorityClass", "operator": "Exists"}]}}, False),
        ({"scopeSelector": {"matchExpressions": [{"scopeName": "PriorityClass", "operator": "DoesNotExist"}]}}, True),
        ({"scopeSelector": {"matchExpressions": [{"scopeName": "NotBestEffort", "operator": "Exists"}]}}, True),
        ({"scopeSelector": {"matchExpressions": [{"scopeName": "BestEffort", "operator": "Exists"}]}}, False),
    ],
)
def test_only_quotas_that_pods_of_services_count_against(
    spec: dict[str, Any], counts: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    quota = {
        "metadata": {"name": "x"},
        "spec": {"hard": {"cpu": "2", "requests.cpu": "1500m", "count/pods": "3"}, **spec},
    }
    monkeypatch.setattr(listing, "list_objects", lambda *_, **__: (quota,))
    quotas = namespace_quota.quotas("", "dev")
    assert len(quotas) == counts
    assert all(quota.hard == {"requests.cpu": Decimal("1.5"), "pods": Decimal(3)} for quota in quotas)


def test_objects_are_counted_where_a_quota_does(monkeypatch: pytest.MonkeyPatch) -> None:
    environment = {
        **BLUE_GREEN,
        "services": {"adservice": {"files": {"a": "b"}, "secrets": {"KEY": "key"}}, "frontend": {"external": True}},
    }
    services = resolve_workloads(APPLICATION, Environment.model_validate(environment))
    names = object_names(services)
    assert {key: len(members) for key, members in names.items()} == {
        "deployments.apps": 12,
        "services": 12,
        "configmaps": 1,
        "secrets": 1,
        "persistentvolumeclaims": 0,
    }
    existing = {
        listing.SERVICES: ["adservice", "adservice-feature"],
        listing.CONFIG_MAPS: ["kube-root-ca.crt"],
    }
    requests: list[str] = []

    def list_objects(_: str, __: str, collection: str, **___: str) -> list[dict[str, Any]]:
        requests.append(collection)
        return [{"metadata": {"name": name}} for name in existing[collection]]

    monkeypatch.setattr(listing, "list_objects", list_objects)
    quota = Quota.of("objects", {"services": "13", "count/configmaps": "1", "persistentvolumeclaims": "0"})
    counts = namespace_quota.object_counts("", "dev", [quota], names)
    assert counts == {"services": 13, "configmaps": 2}
    assert set(requests) == {listing.SERVICES, listing.CONFIG_MAPS}
    [message] = environment_refusals(APPLICATION, Environment.model_validate(environment), [quota], counts, ROOM)
    assert "it needs 2 of configmaps, it gives 1; raise the ResourceQuota 'objects' of the namespace" in message


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        ({"type": "Container", "max": {"memory": "200Mi"}}, "services.adservice.resources.limits.memory: 300Mi: "),
        ({"type": "Container", "min": {"cpu": "150m"}}, "services.frontend.resources.requests.cpu: 0.1: "),
        ({"type": "Pod", "max": {"memory": "1200Mi"}}, "services.adservice.resources.limits.memory: 1.3Gi (with its "),
        (
            {"type": "Container", "maxLimitRequestRatio": {"cpu": "1"}},
            "services.adservice.resources.limits.cpu: 0.3: a LimitRange of the namespace allows each container 1 times",
        ),
        ({"type": "Container", "max": {"cpu": "1"}}, "Istio's proxy in every pod, resources.limits.cpu: 2: "),
        ({"type": "PersistentVolumeClaim", "max": {"storage": "1Gi"}}, ""),
        ({"type": "Container", "default": {"cpu": "1m"}}, ""),
    ],
)
def test_a_limit_range_is_kept(item: dict[str, Any], expected: str) -> None:
    messages = list(
        limit_refusals(
            resolve_workloads(APPLICATION, Environment()),
            [item],
            meshed=True,
            section="boutique:environment",
        )
    )
    assert bool(messages) == bool(expected)
    assert not messages or any(expected in message for message in messages), messages
    assert {error.code for error in messages} <= {"limit-range"}


def test_without_a_mesh_there_is_no_proxy_to_refuse() -> None:
    item = {"type": "Container", "max": {"cpu": "1"}}
    assert not list(
        limit_refusals(
            resolve_workloads(APPLICATION, Environment()),
            [item],
            meshed=False,
            section="boutique:environment",
        )
    )
