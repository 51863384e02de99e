"""Hosts and gateways with errors, and the key and the code of each error."""

from typing import Any

from tests.support.unit.invalid_settings.invalid_case import InvalidCase

CERTIFICATE = {"kind": "certManager", "issuer": "letsencrypt"}
ARN = "arn:aws:acm:eu-central-1:123456789012:certificate/0a1b"


def stack(targets: dict[str, Any], mesh: Any = {}, **ingress: Any) -> dict[str, Any]:  # noqa: B006 - never changed
    front = {"certificate": CERTIFICATE, **ingress}
    platform = {"targets": targets, "ingress": front, **({} if mesh is None else {"mesh": mesh})}
    return {"cluster": {"kind": "existing", "context": "here"}, "platform": platform}


CASES: list[InvalidCase] = [
    (
        stack({"dev": {"host": "a.example"}, "test": {"host": "a.example"}}),
        [("boutique:platform.targets", "shared-host")],
    ),
    (stack({name: {"host": "a.example"} for name in ("a", "b", "c")}), [("boutique:platform.targets", "shared-host")]),
    (stack({name: {} for name in ("a", "b", "c")}), [("boutique:platform.targets.a.host", "missing")]),
    (
        {
            "cluster": {"kind": "existing", "context": "here"},
            "platform": {"targets": {name: {"host": f"{name}.example"} for name in ("a", "b")}},
        },
        [("boutique:platform.targets.a.host", "no-ingress")],
    ),
    (
        stack({"dev": {"host": "a.example"}, "test": {"host": "x.y.a.example"}}),
        [("boutique:platform.targets.test.host", "nested-host")],
    ),
    (
        stack({"dev": {"host": "x.a.example"}, "prod": {"host": "a.example"}}),
        [("boutique:platform.targets.dev.host", "nested-host")],
    ),
    (stack({"dev": {}}), [("boutique:platform.targets.dev.host", "missing")]),
    (
        {
            "cluster": {"kind": "existing", "context": "here"},
            "platform": {"targets": {"dev": {"host": "a.example"}}},
        },
        [("boutique:platform.targets.dev.host", "no-ingress")],
    ),
    (stack({"dev": {"host": "a.example"}}, mesh=None), [("boutique:platform.ingress", "no-mesh")]),
    (stack({"dev": {"host": "Shop.example"}}), [("boutique:platform.targets.dev.host", "invalid-value")]),
    (stack({"dev": {"host": "shop"}}), [("boutique:platform.targets.dev.host", "invalid-value")]),
    (stack({"dev": {"host": "*.shop.example"}}), [("boutique:platform.targets.dev.host", "invalid-value")]),
    (
        stack({f"t{number}": {} for number in range(32)}, domain="a.example"),
        [("boutique:platform.targets", "too-many-targets")],
    ),
    (stack({"dev": {"host": "a.example"}}, replicas=6), [("boutique:platform.ingress.maxReplicas", "below-replicas")]),
    (
        stack({"dev": {"host": "a.example"}}, certificate={"kind": "acm", "arn": ARN}),
        [("boutique:platform.ingress.certificate.kind", "acm-without-nlb")],
    ),
    (
        stack({"dev": {"host": "a.example"}}, loadBalancer={"kind": "elb"}),
        [("boutique:platform.ingress.loadBalancer.kind", "unknown-kind")],
    ),
    (stack({"dev": {"host": "a.example"}}, port=0), [("boutique:platform.ingress.port", "greater-than-equal")]),
    (
        stack({"dev": {"host": "a.example"}}, port="${NOWHERE_SET}"),
        [("boutique:platform.ingress.port", "invalid-value")],
    ),
    (stack({"dev": {"host": "a.example"}}, port="8443"), [("boutique:platform.ingress.port", "int-type")]),
]
