"""Pulls use the secrets of a pod, then the login of `docker login`."""

import json
from pathlib import Path
from typing import Any

import pytest

from lab.images.image_errors import ImagePullError
from lab.images.image_store import ImageStore
from support.registry.pull_secret import CONFIGURATION_KEY, PullSecret
from tests.support.unit.image_builds import image
from tests.support.unit.image_registry_fakes import ImageRegistry
from tests.support.unit.image_stores import BASE
from tests.support.unit.registry_fakes import BASIC, SECRET

pytestmark = pytest.mark.usefixtures("docker_folder")


def secret(user: str, password: str, port: int, **more: Any) -> PullSecret:
    content = {"auths": {f"127.0.0.1:{port}": {"username": user, "password": password}}, **more}
    return PullSecret(f"of-{user}", {CONFIGURATION_KEY: json.dumps(content).encode()})


def test_each_pull_secret_is_tried_until_one_is_accepted(
    image_registry: ImageRegistry, image_store: ImageStore
) -> None:
    image_registry.push(image(BASE), "1")
    image_registry.logins = (BASIC,)
    wrong, right = secret("bob", "wrong", image_registry.port), secret("ann", SECRET, image_registry.port)
    elsewhere = secret("ann", SECRET, 1)
    with pytest.raises(ImagePullError, match="user 'bob' of pull secret 'of-bob'") as caught:
        image_store.pull(image_registry.reference(), [elsewhere, wrong])
    assert "wrong" not in str(caught.value)
    with pytest.raises(ImagePullError, match="pull secret 'of-ann' has no credentials for it; there are no credent"):
        image_store.pull(image_registry.reference(), [elsewhere])
    assert image_store.pull(image_registry.reference(), [elsewhere, wrong, right]).layers
    assert set(image_registry.authorizations) >= {"", BASIC}


def test_without_pull_secrets_the_login_of_docker_is_used(
    image_registry: ImageRegistry, image_store: ImageStore, docker_folder: Path
) -> None:
    image_registry.push(image(BASE), "1")
    image_registry.logins = (BASIC,)
    content = {"auths": {f"127.0.0.1:{image_registry.port}": {"username": "ann", "password": SECRET}}}
    (docker_folder / "config.json").write_text(json.dumps(content))
    assert image_store.pull(image_registry.reference()).layers


def test_a_pull_secret_starts_no_program(
    image_registry: ImageRegistry, image_store: ImageStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    helper = tmp_path / "docker-credential-evil"
    helper.write_text(f"#!/bin/sh\ntouch {tmp_path}/started\n")
    helper.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    image_registry.push(image(BASE), "1")
    image_registry.logins = (BASIC,)
    given = secret(
        "ann", SECRET, image_registry.port, credsStore="evil", credHelpers={f"127.0.0.1:{image_registry.port}": "evil"}
    )
    assert image_store.pull(image_registry.reference(), [given]).layers
    assert not (tmp_path / "started").exists()
