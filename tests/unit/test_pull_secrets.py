"""A pull secret of Kubernetes has credentials, or a reason why not, and never shows them."""

import base64
import json
from typing import Any

import pytest

from support.registry.address import Address
from support.registry.pull_secret import CONFIGURATION_KEY, LEGACY_KEY, PullSecret

SECRET = "canary-of-a-password"  # noqa: S105 - a canary
ENTRY = {"auth": base64.b64encode(f"ann:{SECRET}".encode()).decode()}
ADDRESS = Address.of("registry.example/shop/ads")


def data(content: Any, key: str = CONFIGURATION_KEY) -> dict[str, bytes]:
    return {key: content if isinstance(content, bytes) else json.dumps(content).encode()}


@pytest.mark.parametrize(
    "given",
    [
        data({"auths": {"registry.example": ENTRY}}),
        data({"auths": {"https://registry.example/v1/": ENTRY}}),
        data({"auths": {"registry.example/shop": ENTRY, "registry.example": {"username": "bob"}}}),
        data({"registry.example": ENTRY}, LEGACY_KEY),
        {**data({"auths": {"registry.example": ENTRY}}), **data(b"{", LEGACY_KEY)},
    ],
)
def test_both_forms_have_credentials(given: dict[str, bytes]) -> None:
    credentials = PullSecret("pull", given).credentials(ADDRESS)
    assert (credentials.user, credentials.password) == ("ann", SECRET)
    assert credentials.description == "user 'ann' of pull secret 'pull'"
    assert SECRET not in repr(credentials)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({}, "has no credentials: it has neither .dockerconfigjson nor .dockercfg; correct the Secret"),
        (data(b"{"), "has no credentials: its .dockerconfigjson is no JSON; correct the Secret"),
        (data(b"\xff", LEGACY_KEY), "has no credentials: its .dockercfg is no JSON; correct the Secret"),
        (data([]), "has no credentials: its .dockerconfigjson is no JSON object; correct the Secret"),
        (data({"auths": {"other.example": ENTRY}}), "has no credentials for it"),
        (data({"auths": []}), "has no credentials for it"),
        (
            data({"auths": {"registry.example": {"auth": SECRET}}}),
            "has no credentials: auths['registry.example'].auth is not the base64 of USER:PASSWORD; correct the Secret",
        ),
    ],
)
def test_without_credentials_it_says_why(given: dict[str, bytes], reason: str) -> None:
    credentials = PullSecret("pull", given).credentials(ADDRESS)
    assert credentials.is_empty
    assert credentials.description == f"pull secret 'pull' {reason}"
