"""What a feature's configuration may say, and how every mistake in it is named."""

from typing import Any

import pytest

from boutique.features.feature_workloads import FeatureIdentity, identity
from boutique.settings.errors import SettingsError
from boutique.settings.feature_settings import Feature
from tests.support.online_boutique import APPLICATION, load

ADS = {"adservice": {"version": "0.10.7-new-ads.3"}}
IMAGE = {"image": f"registry.example/ads:v1@sha256:{'a' * 64}"}
INGRESS = {"certificate": {"kind": "certManager", "issuer": "some"}, "domain": "shop.example.com"}
MESH = {"gatewayApi": {"kind": "present"}}


def feature(**section: Any) -> dict[str, Any]:
    return {"feature": {"environment": "dev", "services": ADS, **section}}


def environment(api: str = "virtual-service", **features: Any) -> dict[str, Any]:
    platform = {"targets": {"dev": {}}, "mesh": MESH, "ingress": INGRESS, "routing": {"api": api}}
    cluster = {"kind": "existing", "context": "here"}
    return {"cluster": cluster, "platform": platform, "environment": {"features": features}}


def read(**section: Any) -> Feature:
    settings = load(feature(**section)).feature
    assert settings
    return settings


def mistakes(values: dict[str, Any]) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load(values)
    return list(caught.value.errors)


def test_the_smallest_feature_names_its_environment_and_one_version() -> None:
    settings = load({"cluster": {"enabled": False}, **feature()})
    assert settings.feature
    assert settings.cluster is None
    assert settings.feature.services["adservice"].replicas == 1


@pytest.mark.parametrize(
    ("section", "expected"),
    [
        ({}, FeatureIdentity(key="new-ads", branch="new-ads")),
        ({"branch": "feature/New_Ads"}, FeatureIdentity(key="feature-new-ads-3a088e", branch="feature/New_Ads")),
        ({"key": "ads"}, FeatureIdentity(key="ads", branch="new-ads")),
        ({"key": "ads", "branch": "x"}, FeatureIdentity(key="ads", branch="x")),
        ({"services": {"adservice": {"version": "1.0.0-5"}}, "key": "ads"}, FeatureIdentity(key="ads", branch=None)),
    ],
)
def test_a_feature_is_known_by_what_it_says_or_by_the_branch_of_its_versions(
    section: dict[str, Any], expected: FeatureIdentity
) -> None:
    assert identity(APPLICATION, read(**section)) == expected


def test_a_session_that_is_none_is_not_shown() -> None:
    assert "canary" not in str(mistakes(feature(sessions=["canary of a session", "canary", "canary"])))


@pytest.mark.parametrize("named", [{"branch": "rc"}, {"key": "rc"}])
def test_a_branch_may_be_named_as_a_candidate_is(named: dict[str, str]) -> None:
    assert load(feature(services={"adservice": {"version": "0.10.8-rc.1"}}, **named)).feature


def test_an_audit_names_whole_images_whatever_their_tags() -> None:
    images = {"adservice": IMAGE, "frontend": {"image": "front:latest"}}
    section = read(services=images, audit=True, branch="audit-1")
    assert identity(APPLICATION, section) == FeatureIdentity(key="audit-1", branch="audit-1")
    assert section.services["frontend"].version_name == "latest"
    assert section.model_dump(by_alias=True, exclude_unset=True, mode="json")["services"] == images
