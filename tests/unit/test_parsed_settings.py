"""Values of the configuration are parsed when it is loaded, and written as they were."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from ipaddress import IPv4Network
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from boutique.application.workload import EmptyDir, PersistentVolumeClaim
from boutique.names.image_reference import Reference, version_of
from boutique.names.semver import Version
from boutique.settings.durations import Duration
from boutique.settings.eks_settings import NewNetwork
from boutique.settings.feature_settings import Feature, Features
from boutique.settings.release_settings import Pin, Release
from boutique.settings.resource_settings import ContainerResources
from boutique.settings.rollout import Rollout
from boutique.settings.stack import ServiceSettings

DIGEST = f"sha256:{'0' * 64}"
FEATURE = {
    "environment": "dev",
    "services": {"adservice": {"version": "v0.10.7-new-ads.3"}},
    "expires": "2026-01-31T18:00:00Z",
}
FEATURES = {"defaultTtl": "48h", "maximumTtl": "14d"}


@pytest.mark.parametrize(
    ("model", "values"),
    [
        (Feature, FEATURE),
        (Features, FEATURES),
        (Release, {"default": "v1.2.3"}),
        (ContainerResources, {"requests": {"cpu": "0.5", "memory": "64Mi"}, "limits": {"cpu": "1500m"}}),
        (EmptyDir, {"mountPath": "/cache", "sizeLimit": "8Mi"}),
        (PersistentVolumeClaim, {"mountPath": "/data", "size": "10Gi"}),
        (Release, {"services": {"adservice": f"1.2.3@{DIGEST}", "redis-cart": f"@{DIGEST}"}}),
        (NewNetwork, {"kind": "new", "cidr": "10.4.0.0/16"}),
        (Rollout, {"scaleDownDelay": "90m"}),
        (ServiceSettings, {"initImage": f"registry.example:5000/busybox:1@{DIGEST}"}),
    ],
)
def test_values_are_written_as_they_were_and_read_again(model: type[BaseModel], values: dict[str, Any]) -> None:
    settings = model.model_validate(values)
    for mode in ("json", "python"):
        assert settings.model_dump(by_alias=True, exclude_unset=True, mode=mode) == values
    assert (
        model.model_validate(values) == settings == model.model_validate_json(settings.model_dump_json(by_alias=True))
    )


def test_values_have_the_types_that_they_are_used_as() -> None:
    feature, features = Feature.model_validate(FEATURE), Features.model_validate(FEATURES)
    assert feature.expires == datetime(2026, 1, 31, 18, tzinfo=UTC)
    version = feature.services["adservice"].version
    assert (version, version.branch) == (Version.parse("v0.10.7-new-ads.3"), "new-ads")
    assert features.default_ttl.length == timedelta(hours=48)
    assert Features().maximum_ttl == Duration.parse("14d")
    assert Release.model_validate({"services": {"adservice": "1"}}).services == {"adservice": Pin(tag="1")}
    release = Release.model_validate({"default": "v1.2.3"})
    assert release.default == Pin(tag="v1.2.3")
    assert release.pin("adservice", own_image=False) is release.default
    assert release.pin("redis-cart", own_image=True) is None
    assert NewNetwork.model_validate({"kind": "new", "cidr": "10.4.0.0/16"}).cidr == IPv4Network("10.4.0.0/16")
    # YAML reads a number of cores without quotes as a number.
    limits = ContainerResources.model_validate({"limits": {"cpu": 1.5, "memory": "64Mi"}}).limits
    assert limits.cpu is not None
    assert limits.memory is not None
    assert (limits.cpu.text, limits.cpu.amount, limits.memory.amount) == ("1.5", Decimal("1.5"), 64 * 2**20)
    assert ServiceSettings.model_validate({"initImage": "busybox:1"}).init_image == Reference.parse("busybox:1")


@pytest.mark.parametrize(
    ("image", "version"),
    [
        ("shop/ads:1", "1"),
        (f"registry.example:5000/ads:1@{DIGEST}", "1"),
        (f"shop/ads@{DIGEST}", "sha256-000000000000"),
        ("registry.example:5000/ads", "registry.example:5000/ads"),
    ],
)
def test_the_version_of_an_image_is_its_tag_or_its_digest(image: str, version: str) -> None:
    assert version_of(image) == version


@pytest.mark.parametrize(
    ("model", "values", "reason"),
    [
        (Release, {"default": f"1.2.3@{DIGEST}"}, "an image tag cannot hold ':', '@'"),
        (ContainerResources, {"limits": {"cpu": "64Mi"}}, "must be cores such as 2, 0.5 or 100m"),
        (ContainerResources, {"limits": {"cpu": "1e3"}}, "must be cores such as 2, 0.5 or 100m"),
        (ContainerResources, {"limits": {"cpu": True}}, "must be text"),
        (ContainerResources, {"limits": {"memory": "1"}}, "must be bytes such as 64Mi or 1Gi"),
        (ContainerResources, {"limits": {"memory": 1}}, "must be text"),
        (NewNetwork, {"kind": "new", "cidr": "10.4.0.1/16"}, "must be a network such as 10.0.0.0/16, with no bits set"),
        (PersistentVolumeClaim, {"mountPath": "/data", "size": "10"}, "must be bytes such as 64Mi or 1Gi"),
    ],
)
def test_a_value_of_another_form_is_refused_when_it_is_loaded(
    model: type[BaseModel], values: dict[str, Any], reason: str
) -> None:
    with pytest.raises(ValidationError, match=reason):
        model.model_validate(values)
