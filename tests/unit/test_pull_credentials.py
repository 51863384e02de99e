"""A Docker configuration that no kubelet can pull with is refused, by the names of its registries."""

import base64
import json
from typing import Any

import pytest

from boutique.settings.stack import Environment
from boutique.workloads.pull_credentials import credential_errors, registries
from tests.support.online_boutique import APPLICATION

SECRET = "canary-of-a-password"  # noqa: S105 - a canary
AUTH = base64.b64encode(f"ann:{SECRET}".encode()).decode()
HUB = "https://index.docker.io/v1/"


@pytest.mark.parametrize(
    "content",
    [
        {"auths": {"registry.example": {"auth": AUTH}}},
        {"auths": {"registry.example": {"auth": AUTH[:9] + "\n" + AUTH[9:]}}},
        {"auths": {"registry.example": {"auth": AUTH.rstrip("=")}}},
        {"auths": {"registry.example": {"username": "ann", "password": SECRET}}},
        {"auths": {"registry.example/shop": {"auth": AUTH}, "gcr.io": {}}, "credHelpers": {"gcr.io": "gcloud"}},
        {"auths": {"registry.example": {"auth": AUTH}, HUB: {}}, "credsStore": "desktop"},
    ],
)
def test_an_entry_with_user_and_password_will_do(content: Any) -> None:
    assert credential_errors(json.dumps(content), {"registry.example"}) == []


@pytest.mark.parametrize(
    ("content", "wanted", "named"),
    [
        ({"auths": {HUB: {}}, "credsStore": "desktop"}, (), f"{HUB}: credsStore 'desktop' keeps them"),
        (
            {"auths": {"b.example": {}, "a.example": {}}, "credsStore": "osxkeychain"},
            (),
            "a.example, b.example: credsS",
        ),
        ({"credHelpers": {"gcr.io": "gcloud"}}, (), "gcr.io: credHelpers keeps them"),
        ({"credsStore": "desktop"}, {"registry.example"}, "registry.example: credsStore 'desktop' keeps them"),
        ({"credsStore": "desktop"}, (), "any registry: credsStore 'desktop' keeps them"),
        ({"auths": {}}, {"registry.example"}, "registry.example; "),
        ({}, (), "any registry; "),
        ({"auths": {"registry.example": {"identitytoken": SECRET}}}, (), "registry.example; "),
        ({"auths": {"registry.example": {"auth": "", "username": "ann"}}}, (), "registry.example; "),
        ({"auths": {"registry.example": None}}, (), "registry.example; "),
        ({"auths": ["registry.example"]}, (), "any registry; "),
        ({"auths": {HUB: {}}, "credsStore": "desktop"}, {"docker.io"}, "docker.io: credsStore 'desktop' keeps them"),
        ({"auths": {HUB: {}}, "credsStore": "desktop"}, {"a.example"}, f"a.example, {HUB}: credsStore 'desktop' keeps"),
        # Another registry has an entry that will do; that of the images has none.
        ({"auths": {HUB: {"auth": AUTH}, "gcr.io": {}}, "credsStore": "desktop"}, {"gcr.io"}, "gcr.io: credsStore"),
        (
            {"auths": {HUB: {"auth": AUTH}}, "credHelpers": {"gcr.io": "gcloud"}},
            {"gcr.io"},
            "gcr.io: credHelpers keeps them",
        ),
    ],
)
def test_credentials_that_are_elsewhere_are_refused(content: Any, wanted: Any, named: str) -> None:
    (error,) = credential_errors(json.dumps(content), wanted)
    assert error.code == "no-credentials"
    assert error.startswith("boutique:registryCredentials: holds no user and password for ")
    assert f"for {named}" in error
    assert "kubectl create secret docker-registry" in error
    assert SECRET not in error


@pytest.mark.parametrize("text", ["", " ", "{", "[]", "null", SECRET, "~/.docker/config.json", AUTH, "\ufeff{}"])
def test_what_is_no_docker_configuration_is_refused(text: str) -> None:
    (error,) = credential_errors(text, ())
    assert (error.key, error.code) == ("boutique:registryCredentials", "invalid-docker-config")
    assert SECRET not in error


@pytest.mark.parametrize("auth", ["!", "bm9ib2R5", SECRET, "YW5u\u00fc"])
def test_an_entry_that_makes_the_secret_unreadable_is_named(auth: str) -> None:
    content = {"auths": {"good.example": {"auth": AUTH}, "bad.example": {"auth": auth}}}
    (error,) = credential_errors(json.dumps(content), ())
    assert (error.key, error.code) == ("boutique:registryCredentials", "invalid-auth")
    assert "auths['bad.example']" in error
    assert SECRET not in error


def test_registries_are_those_of_images_that_the_secret_pulls() -> None:
    environment = Environment.model_validate(
        {
            "images": {"repository": "registry.example:5000/shop", "pullSecrets": ["registry-credentials"]},
            "services": {
                "adservice": {"image": {"repository": "other.example/ads", "pullSecrets": ["of-ours"]}},
                "frontend": {"image": {"repository": "shop/frontend"}},
            },
        }
    )
    assert {"registry.example:5000", "docker.io"} <= registries(APPLICATION, environment, None)
    assert "other.example" not in registries(APPLICATION, environment, None)
    assert (
        registries(
            APPLICATION,
            Environment.model_validate({"images": {"repository": "registry.example/shop"}}),
            None,
        )
        == set()
    )
