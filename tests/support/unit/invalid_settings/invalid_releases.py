"""Releases with errors, and the key and the code of each error."""

from typing import Any

from tests.support.unit.invalid_settings.invalid_case import InvalidCase
from tests.support.version_tags import DIGEST

CLUSTER = {"kind": "existing", "context": "here"}


def values(release: Any, **environment: Any) -> dict[str, Any]:
    return {"cluster": CLUSTER, "platform": {"targets": {"dev": {}}}, "environment": environment, "release": release}


def prod(release: Any, **environment: Any) -> dict[str, Any]:
    """Return a stack with a target that lets releases in only, and no features."""
    certificate = {"kind": "certManager", "issuer": "some"}
    ingress = {"domain": "shop.example.com", "certificate": certificate}
    platform = {"targets": {"prod": {"channel": {}}}, "mesh": {}, "ingress": ingress}
    return {**values(release, **environment), "platform": platform}


CASES: list[InvalidCase] = [
    (
        values({"default": "1.2.3"}, images={"tag": "1.2.4"}),
        [("boutique:environment.images.tag", "versions-in-release")],
    ),
    (
        values({"default": "1.2.3"}, services={"adservice": {"image": {"tag": "1.2.4"}}}),
        [("boutique:environment.services.adservice.image.tag", "versions-in-release")],
    ),
    (
        values({}, services={"adservice": {"image": {"digest": DIGEST}}}),
        [("boutique:environment.services.adservice.image.digest", "versions-in-release")],
    ),
    (
        values({"services": {"loadgenerator": "1.2.3"}}, services={"loadgenerator": {"enabled": False}}),
        [("boutique:release.services.loadgenerator", "service-disabled")],
    ),
    (values({"services": {"adsevice": "1.2.3"}}), [("boutique:release.services.adsevice", "unknown-service")]),
    (values({"service": {}}), [("boutique:release.service", "unknown-key")]),
    (values({"services": {"adservice": ""}}), [("boutique:release.services.adservice", "invalid-value")]),
    (values({"services": {"adservice": 1.2}}), [("boutique:release.services.adservice", "string-type")]),
    (
        {"cluster": CLUSTER, "platform": {"targets": {"dev": {}}}, "release": {"default": "1.2.3"}},
        [("boutique:release", "no-environment")],
    ),
    (
        {"feature": {"environment": "dev", "services": {"adservice": {"version": "1.2.3-a.1"}}}, "release": {}},
        [("boutique:release", "no-environment"), ("boutique:release", "feature-stack-section")],
    ),
    (prod({"services": {"adservice": "0.10.7-a.1"}}), [("boutique:release.services.adservice", "version-refused")]),
    (prod({"default": "latest"}), [("boutique:release.default", "version-refused")]),
    (prod({"default": "0.10.6"}, features={}), [("boutique:environment.features", "features-refused")]),
]
