"""Environments and clusters with errors, and the key and the code of each error."""

from typing import Any

from tests.support.unit.invalid_settings.invalid_case import InvalidCase

CLUSTER = {"kind": "existing", "context": "here"}
PLATFORM: dict[str, Any] = {"targets": {"dev": {}}}


def valid(**sections: Any) -> dict[str, Any]:
    return {"cluster": CLUSTER, "platform": PLATFORM, **sections}


def platform_with_mesh(**mesh: Any) -> dict[str, Any]:
    return {"cluster": CLUSTER, "platform": {**PLATFORM, "mesh": mesh}}


CASES: list[InvalidCase] = [
    (valid(enviroment={}), [("boutique:enviroment", "unknown-key")]),
    (valid(environment={"replica": 2}), [("boutique:environment.replica", "unknown-key")]),
    (
        valid(environment={"services": {"frontned": {}}}),
        [("boutique:environment.services.frontned", "unknown-service")],
    ),
    (valid(environment={"replicas": "two"}), [("boutique:environment.replicas", "int-type")]),
    (valid(environment={"replicas": 0}), [("boutique:environment.replicas", "greater-than-equal")]),
    (valid(environment={"replicas": -3}), [("boutique:environment.replicas", "greater-than-equal")]),
    (valid(environment={"replicas": True}), [("boutique:environment.replicas", "int-type")]),
    (
        valid(environment={"services": {"adservice": {"image": {"tag": "1.0+2"}}}}),
        [("boutique:environment.services.adservice.image.tag", "invalid-value")],
    ),
    ({"platform": PLATFORM}, [("boutique:cluster", "missing")]),
    (valid(cluster={"context": "x"}), [("boutique:cluster.kind", "missing")]),
    (valid(cluster={"kind": "exist"}), [("boutique:cluster.kind", "unknown-kind")]),
    (valid(cluster={"kind": "existing"}), [("boutique:cluster.context", "missing")]),
    (
        valid(cluster={"kind": "existing", "contxt": "x"}),
        [("boutique:cluster.context", "missing"), ("boutique:cluster.contxt", "unknown-key")],
    ),
    (valid(environment={"podUser": "openshift"}), [("boutique:environment.podUser", "literal-error")]),
    (valid(environment={"target": "dv"}), [("boutique:environment.target", "unknown-target")]),
    (
        {"cluster": CLUSTER, "platform": {"targets": {"a": {}, "b": {}}}, "environment": {"replicas": 1}},
        [("boutique:environment.target", "missing")],
    ),
    ({"cluster": CLUSTER, "environment": {"replicas": 1}}, [("boutique:environment", "no-target")]),
    ({"cluster": CLUSTER, "environment": {}, "platform": {"enabled": False}}, [("boutique:environment", "no-target")]),
    (
        {"cluster": {"kind": "stack", "name": "s", "target": "t"}, "platform": PLATFORM},
        [("boutique:platform", "platform-without-rights")],
    ),
    ({"cluster": CLUSTER}, [("boutique:cluster", "nothing-to-build")]),
    (
        valid(environment={"services": {"redis-cart": {"replicas": 2}}}),
        [("boutique:environment.services.redis-cart.replicas", "store-replicas")],
    ),
    (
        valid(environment={"services": {"frontend": {"enabled": False}}}),
        [("boutique:environment.services.frontend.enabled", "service-required")],
    ),
    (
        valid(environment={"services": {"adservice": {"external": True}}}),
        [("boutique:environment.services.adservice.external", "no-external-service")],
    ),
    (valid(environment={"features": {}}), [("boutique:environment.features", "no-ingress")]),
    (
        valid(environment={"services": {"frontend": {"variables": {"AD_SERVICE_ADDR": "elsewhere:1"}}}}),
        [("boutique:environment.services.frontend.variables.AD_SERVICE_ADDR", "application-variable")],
    ),
    (valid(environment={"replicas": 3}), [("boutique:platform.targets.dev.replicas", "target-replicas")]),
    (
        valid(environment={"services": {"adservice": {"resources": {"requests": {"cpu": "5"}}}}}),
        [("boutique:environment.services.adservice.resources.requests.cpu", "request-above-limit")],
    ),
    (
        valid(environment={"services": {"adservice": {"rollout": {"minReadySeconds": 300}}}}),
        [("boutique:environment.services.adservice.rollout.minReadySeconds", "ready-after-timeout")],
    ),
    (
        valid(
            environment={
                "rollout": {"minReadySeconds": 300},
                "services": {"adservice": {"rollout": {"timeoutSeconds": 200}}},
            }
        ),
        [
            ("boutique:environment.rollout.minReadySeconds", "ready-after-timeout"),
            ("boutique:environment.services.adservice.rollout.minReadySeconds", "ready-after-timeout"),
        ],
    ),
    (
        valid(environment={"services": {"adservice": {"resources": {"limits": {"cpu": "64Mi", "memory": "1"}}}}}),
        [
            ("boutique:environment.services.adservice.resources.limits.cpu", "invalid-value"),
            ("boutique:environment.services.adservice.resources.limits.memory", "invalid-value"),
        ],
    ),
    (
        {"cluster": {"kind": "stack", "name": "s", "target": "t"}, "environment": {}, "registryCredentials": True},
        [("boutique:registryCredentials", "misplaced-secret")],
    ),
    (valid(environment={"images": {"pullSecrets": "a"}}), [("boutique:environment.images.pullSecrets", "tuple-type")]),
    (valid(cluster="eks"), [("boutique:cluster", "dict-type")]),
    (valid(cluster={"kind": None}), [("boutique:cluster.kind", "missing")]),
    (valid(environment={"rollout": {"maxSurge": "0"}}), [("boutique:environment.rollout.maxSurge", "invalid-value")]),
    (
        {**platform_with_mesh(), "environment": {"services": {"frontend": {"external": True}}}},
        [("boutique:environment.services.frontend.external", "mesh-refuses-clients")],
    ),
    (
        valid(environment={"services": {"adservice": {"autoscaled": True, "rollout": {"strategy": "blueGreen"}}}}),
        [("boutique:environment.services.adservice.autoscaled", "autoscaled-blue-green")],
    ),
    (
        valid(environment={"services": {"adservice": {"variables": {"TOKEN": "a"}, "secrets": {"TOKEN": "token"}}}}),
        [("boutique:environment.services.adservice.secrets.TOKEN", "duplicate-variable")],
    ),
    (
        valid(environment={"services": {"frontend": {"rollout": {"prePromotionCheck": {}}}}}),
        [("boutique:environment.services.frontend.rollout.prePromotionCheck", "empty-check")],
    ),
    (
        valid(environment={"services": {"adservice": {"rollout": {"prePromotionCheck": {"path": "/"}}}}}),
        [("boutique:environment.services.adservice.rollout.prePromotionCheck.path", "no-http-probe")],
    ),
    (
        valid(environment={"services": {"adservice": {"initImage": "busybox:1"}}}),
        [("boutique:environment.services.adservice.initImage", "no-init-container")],
    ),
    (
        valid(environment={"services": {"redis-cart": {"autoscaled": True}}}),
        [("boutique:environment.services.redis-cart.autoscaled", "store-autoscaled")],
    ),
    (
        valid(environment={"services": {"redis-cart": {"rollout": {"strategy": "blueGreen"}}}}),
        [("boutique:environment.services.redis-cart.rollout.strategy", "strategy-unsupported")],
    ),
    (
        valid(environment={"services": {"adservice": {"resources": {"limits": {"memory": "90Gi"}}}}}),
        [("boutique:environment.services.adservice.resources.limits.memory", "quota-exceeded")],
    ),
    (
        {"cluster": {"kind": "stack", "name": "s", "target": "t"}, "environment": {"target": "t"}},
        [("boutique:environment.target", "redundant-target")],
    ),
]
