"""Features with errors, and the key and the code of each error."""

from typing import Any

from tests.support.unit.invalid_settings.invalid_case import InvalidCase

ADS = {"adservice": {"version": "0.10.7-new-ads.3"}}
INGRESS = {"certificate": {"kind": "certManager", "issuer": "some"}, "domain": "shop.example.com"}
MESH = {"gatewayApi": {"kind": "present"}}


def feature(**section: Any) -> dict[str, Any]:
    return {"feature": {"environment": "dev", "services": ADS, **section}}


def environment(api: str = "virtual-service", **features: Any) -> dict[str, Any]:
    platform = {"targets": {"dev": {}}, "mesh": MESH, "ingress": INGRESS, "routing": {"api": api}}
    cluster = {"kind": "existing", "context": "here"}
    return {"cluster": cluster, "platform": platform, "environment": {"features": features}}


CASES: list[InvalidCase] = [
    (
        feature(services={"adservice": {"version": "0.10.7"}}),
        [("boutique:feature.services.adservice.version", "release-version")],
    ),
    (
        feature(services={"adservice": {"version": "latest"}}),
        [("boutique:feature.services.adservice.version", "invalid-value")],
    ),
    (feature(services={"adservice": {}}), [("boutique:feature.services.adservice.version", "missing")]),
    (feature(services={}), [("boutique:feature.services", "missing")]),
    (feature(services={"adservise": ADS["adservice"]}), [("boutique:feature.services.adservise", "unknown-service")]),
    (
        feature(services={"redis-cart": {"version": "8.0.0-new-ads.1"}}),
        [("boutique:feature.services.redis-cart", "service-stateful")],
    ),
    (
        feature(services={"loadgenerator": ADS["adservice"]}),
        [("boutique:feature.services.loadgenerator", "service-not-routable")],
    ),
    (feature(services={**ADS, "frontend": {"version": "0.10.7-new-look.1"}}), [("boutique:feature.branch", "missing")]),
    (feature(services={"adservice": {"version": "0.10.7-5"}}), [("boutique:feature.branch", "missing")]),
    (feature(services={**ADS, "frontend": {"version": "0.10.7-5"}}), [("boutique:feature.branch", "missing")]),
    (feature(services={"adservice": {"version": "0.10.8-rc.1"}}), [("boutique:feature.branch", "missing")]),
    (feature(key="New_Ads"), [("boutique:feature.key", "invalid-name")]),
    (feature(key="a" * 60), [("boutique:feature.key", "invalid-name")]),
    (feature(services={"frontend": {"version": "0.10.7-external.1"}}), [("boutique:feature.branch", "invalid-name")]),
    (feature(sessions=["a", "b;c"]), [("boutique:feature.sessions.1", "invalid-session")]),
    (feature(sessions=["a", "b", "a"]), [("boutique:feature.sessions.0", "duplicate")]),
    (feature(expires=5), [("boutique:feature.expires", "string-type")]),
    (
        feature(services={"adservice": {"version": 1.5}}),
        [("boutique:feature.services.adservice.version", "string-type")],
    ),
    (feature(expires="tomorrow"), [("boutique:feature.expires", "invalid-value")]),
    (
        {**feature(), "environment": {"replicas": 1}, "cluster": {"kind": "existing", "context": "here"}},
        [
            ("boutique:environment", "no-target"),
            ("boutique:cluster", "feature-stack-section"),
            ("boutique:environment", "feature-stack-section"),
        ],
    ),
    ({"feature": {"services": ADS}}, [("boutique:feature.environment", "missing")]),
    ({"feature": {"of": "dev", "services": ADS}}, [("boutique:feature.of", "renamed-key")]),
    (environment(demandExpiry=False), [("boutique:environment.features.demandExpiry", "renamed-key")]),
    (environment(defaultTtl="30d"), [("boutique:environment.features.defaultTtl", "above-maximum-ttl")]),
    (environment(maximumTtl="for ever"), [("boutique:environment.features.maximumTtl", "invalid-value")]),
    (
        environment(api="gateway-api", routes={"new-ads": {"services": ["adservice"]}}),
        [("boutique:environment.features.routes", "features-route-themselves")],
    ),
    (
        environment(routes={"new-ads": {"services": ["adservice"], "sessions": ["a b"]}}),
        [("boutique:environment.features.routes.new-ads.sessions.0", "invalid-session")],
    ),
    (
        environment(routes={key: {"services": ["adservice"], "sessions": ["a"]} for key in ("one", "two")}),
        [("boutique:environment.features.routes", "invalid-routes")],
    ),
    (
        environment(routes={"New_Ads": {"services": ["adservice"]}}),
        [("boutique:environment.features.routes", "invalid-routes")],
    ),
    (
        environment(routes={"new-ads": {"services": []}}),
        [("boutique:environment.features.routes.new-ads.services", "too-short")],
    ),
]
