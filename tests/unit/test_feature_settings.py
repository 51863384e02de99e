"""What a feature's configuration may say, and how every mistake in it is named."""

from typing import Any

import pytest

from boutique.checks.load import load
from boutique.features.feature_workloads import FeatureIdentity, identity
from boutique.settings.errors import SettingsError
from boutique.settings.feature_settings import Feature

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
    found = load(feature(**section)).feature
    assert found
    return found


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
    assert identity(read(**section)) == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (
            feature(services={"adservice": {"version": "0.10.7"}}),
            "boutique:feature.services.adservice.version: '0.10.7': is a release; a feature runs pre-releases of its "
            "branch, such as 0.10.7-my-branch.1",
        ),
        (
            feature(services={"adservice": {"version": "latest"}}),
            'version: "latest": is no SemVer version: it does n',
        ),
        (feature(services={"adservice": {}}), "boutique:feature.services.adservice.version: is missing"),
        (
            feature(services={"adservice": IMAGE}),
            "boutique:feature.services.adservice.image: belongs to an audit; name a version, which is the tag",
        ),
        (
            feature(services={"adservice": {**IMAGE, **ADS["adservice"]}}, audit=True, branch="a"),
            "boutique:feature.services.adservice.image: replaces the version; remove one of them",
        ),
        (
            feature(services={"adservice": {}}, audit=True, branch="a"),
            "boutique:feature.services.adservice.version: is missing",
        ),
        (
            feature(services={"adservice": {"image": "ads"}}, audit=True, branch="a"),
            "boutique:feature.services.adservice.image: \"ads\": 'ads' has neither a tag nor a digest",
        ),
        (feature(services={}), "boutique:feature.services: is missing; name at least one, such as {adservice: "),
        (
            feature(services={"adservise": ADS["adservice"]}),
            "boutique:feature.services.adservise: \"adservise\": there is no such service; did you mean 'adservice'?",
        ),
        (
            feature(services={"redis-cart": {"version": "8.0.0-new-ads.1"}}),
            "boutique:feature.services.redis-cart: cannot be part of a feature: it is not called by HTTP or gRPC",
        ),
        (
            feature(services={"loadgenerator": ADS["adservice"]}),
            "boutique:feature.services.loadgenerator: cannot be part of a feature",
        ),
        (
            feature(services={**ADS, "frontend": {"version": "0.10.7-new-look.1"}}),
            "boutique:feature.branch: is missing: the versions are of several branches: new-ads, new-look; give",
        ),
        (
            feature(services={"adservice": {"version": "0.10.7-5"}}),
            "boutique:feature.branch: is missing: the versions name no branch, only numbers; give",
        ),
        (
            feature(services={**ADS, "frontend": {"version": "0.10.7-5"}}),
            "boutique:feature.branch: is missing: some versions name no branch, only numbers; give",
        ),
        (
            feature(services={"adservice": {"version": "0.10.8-rc.1"}}),
            "boutique:feature.branch: is missing: 0.10.8-rc.1 is a candidate of the release 0.10.8, for `boutique "
            "release set`, unless 'rc' is a branch; give boutique:feature.branch or boutique:feature.key",
        ),
        (feature(key="New_Ads"), "boutique:feature.key: 'New_Ads' is no key: lower-case letters, digits and single"),
        (feature(key="a" * 60), "boutique:feature.key: 'aaaa"),
        (
            feature(services={"frontend": {"version": "0.10.7-external.1"}}),
            "boutique:feature.branch: 'frontend-external' is the environment's own; another key than 'external'",
        ),
        (feature(sessions=["a", "b;c"]), "boutique:feature.sessions.1: a session id cannot hold ';'"),
        (feature(sessions=["a", "b", "a"]), "boutique:feature.sessions.0: is there 2 times; remove the others"),
        (feature(expires=5), "boutique:feature.expires: 5: must be text (numbers in quotes)"),
        (feature(services={"adservice": {"version": 1.5}}), "version: 1.5: must be text (numbers in quotes)"),
        (feature(expires="tomorrow"), 'boutique:feature.expires: "tomorrow": must be a date and a time with an offset'),
        (
            {**feature(), "environment": {"replicas": 1}, "cluster": {"kind": "existing", "context": "here"}},
            "boutique:environment: a stack with a feature has nothing else: where it goes, it learns from",
        ),
        ({"feature": {"services": ADS}}, "boutique:feature.environment: is missing"),
        (
            {"feature": {"of": "dev", "services": ADS}},
            "boutique:feature.of: is called environment now; rename the key",
        ),
        (environment(demandExpiry=False), "boutique:environment.features.demandExpiry: is called requireExpiry now"),
        (
            environment(defaultTtl="30d"),
            "boutique:environment.features.defaultTtl: 30d: must not be more than maximumT",
        ),
        (environment(maximumTtl="for ever"), 'boutique:environment.features.maximumTtl: "for ever": must be a whole'),
        (
            environment(api="gateway-api", routes={"new-ads": {"services": ["adservice"]}}),
            "boutique:environment.features.routes: with boutique:platform.routing.api 'gateway-api' each feature's own",
        ),
        (
            environment(routes={"new-ads": {"services": ["adservice"], "sessions": ["a b"]}}),
            "boutique:environment.features.routes.new-ads.sessions.0: a session id cannot hold ' '",
        ),
        (
            environment(routes={key: {"services": ["adservice"], "sessions": ["a"]} for key in ("one", "two")}),
            "boutique:environment.features.routes: the feature 'two' of stack 'this stack' cannot have the route",
        ),
        (
            environment(routes={"New_Ads": {"services": ["adservice"]}}),
            "boutique:environment.features.routes: 'New_Ads' is no key",
        ),
        (environment(routes={"new-ads": {"services": []}}), "features.routes.new-ads.services: []: must not be empty"),
    ],
)
def test_a_mistake_is_named_with_its_key_and_what_to_do(values: dict[str, Any], expected: str) -> None:
    found = mistakes(values)
    assert any(expected in line for line in found), found


def test_a_session_that_is_none_is_not_shown() -> None:
    assert "canary" not in str(mistakes(feature(sessions=["canary of a session", "canary", "canary"])))


@pytest.mark.parametrize("named", [{"branch": "rc"}, {"key": "rc"}])
def test_a_branch_may_be_named_as_a_candidate_is(named: dict[str, str]) -> None:
    assert load(feature(services={"adservice": {"version": "0.10.8-rc.1"}}, **named)).feature


def test_an_audit_names_whole_images_whatever_their_tags() -> None:
    images = {"adservice": IMAGE, "frontend": {"image": "front:latest"}}
    section = read(services=images, audit=True, branch="audit-1")
    assert identity(section) == FeatureIdentity(key="audit-1", branch="audit-1")
    assert section.services["frontend"].version_name == "latest"
    assert section.model_dump(by_alias=True, exclude_unset=True, mode="json")["services"] == images
