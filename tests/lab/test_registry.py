"""Reads a real registry with each kind of login, and finds a branch's builds in it."""

import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from boutique.settings.stack import Environment
from ops.features.discovery import discover_builds
from ops.features.identity import identity
from ops.registry.newest_tag import newest, newest_of_branch
from ops.registry.queries import digest, tags, tags_of
from support.registry.registry_errors import (
    MissingRepositoryError,
    MissingTagError,
    RefusedLoginError,
    UnreachableRegistryError,
)
from tests.support import online_boutique
from tests.support.lab import image_registry
from tests.support.lab.image_registry import PAGE, PASSWORD, USER, Registry, docker_configuration
from tests.support.lab.registry_builds import BUILDS, LOOSE, PUBLISHED

pytestmark = pytest.mark.lab

ADS = "shop/adservice"
SERVICES = [workload.name for workload in online_boutique.WORKLOADS if workload.service_ports and not workload.stateful]


@pytest.fixture(scope="module")
def by_password(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    with image_registry.basic(tmp_path_factory.mktemp("basic")) as running:
        for name in SERVICES:
            running.push(f"shop/{name}", PUBLISHED.get(name, ("v0.10.6",)))
        yield running


@pytest.fixture(scope="module")
def by_token(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    with image_registry.token(tmp_path_factory.mktemp("token")) as running:
        running.push(ADS, (*LOOSE, *BUILDS))
        yield running


@pytest.fixture(params=["basic", "token"])
def running_registry(request: pytest.FixtureRequest) -> Registry:
    registry: Registry = request.getfixturevalue("by_password" if request.param == "basic" else "by_token")
    return registry


@pytest.fixture(autouse=True)
def configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of Docker's configuration in which there is nothing yet."""
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    return tmp_path


def test_all_pages_of_tags_are_read(running_registry: Registry, configuration: Path) -> None:
    docker_configuration(configuration, running_registry.name)
    versions = tags(f"{running_registry.name}/{ADS}")
    assert set(versions) >= {*LOOSE, *BUILDS}
    assert len(versions) == len(set(versions)) > 5 * PAGE
    assert str(newest(versions, lambda tag: "-" not in tag).version).removeprefix("v") == "0.10.6"
    of_branch = newest_of_branch(versions, "new-ads", SERVICES)
    assert str(of_branch.version) == "0.10.7-new-ads.120"
    assert of_branch.skipped == len(LOOSE)


def test_a_page_is_really_smaller_than_all_tags(by_password: Registry) -> None:
    first = by_password.client.get(f"/v2/{ADS}/tags/list?n=1000")
    assert len(first.json()["tags"]) == PAGE
    assert "next" in first.links


def test_a_digest_is_that_of_what_was_pushed(running_registry: Registry, configuration: Path) -> None:
    docker_configuration(configuration, running_registry.name)
    pushed = running_registry.push(ADS, ["0.10.6", "latest"])
    for tag, expected in pushed.items():
        assert digest(f"{running_registry.name}/{ADS}", tag) == expected
    with pytest.raises(MissingTagError, match=r"has no tag '9\.9\.9' of shop/adservice"):
        digest(f"{running_registry.name}/{ADS}", "9.9.9")


def test_many_repositories_are_read_at_once(by_password: Registry, configuration: Path) -> None:
    docker_configuration(configuration, by_password.name)
    builds = tags_of(f"{by_password.name}/shop/{name}" for name in SERVICES)
    assert set(builds[f"{by_password.name}/shop/frontend"]) == set(PUBLISHED["frontend"])
    assert builds[f"{by_password.name}/shop/emailservice"] == ("v0.10.6",)


def test_a_wrong_password_is_told_without_the_password(running_registry: Registry, configuration: Path) -> None:
    path = docker_configuration(configuration, running_registry.name, password=f"wrong {PASSWORD}")
    with pytest.raises(RefusedLoginError) as caught:
        tags(f"{running_registry.name}/{ADS}")
    assert f"registry {running_registry.name} does not let the repository {ADS} be read" in str(caught.value)
    assert f"user '{USER}' of {path}; log in with `docker login {running_registry.name}`" in str(caught.value)
    assert PASSWORD not in str(caught.value)


def test_without_a_login_it_is_told_where_one_was_looked_for(running_registry: Registry, configuration: Path) -> None:
    with pytest.raises(RefusedLoginError, match="there are no credentials, as there is no "):
        tags(f"{running_registry.name}/{ADS}")
    path = docker_configuration(configuration, "other.example")
    with pytest.raises(RefusedLoginError, match=f"{path} has no credentials for it"):
        digest(f"{running_registry.name}/{ADS}", "latest")


def test_credentials_may_come_from_a_helper(
    running_registry: Registry, configuration: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = {"credHelpers": {running_registry.name: "of-tests"}, "auths": {running_registry.name: {}}}
    (configuration / "config.json").write_text(json.dumps(content))
    with pytest.raises(RefusedLoginError, match=r"docker-credential-of-tests, which .* names, is not on PATH"):
        tags(f"{running_registry.name}/{ADS}")
    answer = json.dumps({"ServerURL": running_registry.name, "Username": USER, "Secret": PASSWORD})
    helper = configuration / "docker-credential-of-tests"
    helper.write_text(f"#!/bin/sh\n[ \"$1 $(cat)\" = 'get {running_registry.name}' ] && echo '{answer}'\n")
    helper.chmod(0o755)
    monkeypatch.setenv("PATH", str(configuration), prepend=":")
    assert "latest" in tags(f"{running_registry.name}/{ADS}")


def test_missing_repositories_are_all_named(by_password: Registry, configuration: Path) -> None:
    docker_configuration(configuration, by_password.name)
    with pytest.raises(MissingRepositoryError) as caught:
        tags_of(f"{by_password.name}/{name}" for name in ("shop/adservices", ADS, "shop/other"))
    assert str(caught.value).splitlines() == [
        f"registry {by_password.name} has no repository {name}; correct the environment's image settings, or push the "
        "first image"
        for name in ("shop/adservices", "shop/other")
    ]


def test_where_nobody_listens_nothing_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    waited: list[float] = []
    monkeypatch.setattr(time, "sleep", waited.append)
    with pytest.raises(UnreachableRegistryError, match=f"registry localhost:{port} cannot be reached: Connection refu"):
        tags_of(f"localhost:{port}/shop/{name}" for name in SERVICES)
    assert waited == []


def test_a_branch_is_found_among_the_services_of_an_environment(by_password: Registry, configuration: Path) -> None:
    docker_configuration(configuration, by_password.name)
    environment = Environment.model_validate({"images": {"repository": f"{by_password.name}/shop"}, "features": {}})
    messages: list[str] = []
    builds = discover_builds(
        online_boutique.APPLICATION, environment, identity(online_boutique.ROOT, "new-ads", "dev"), messages.append
    )
    assert builds.taken == {"adservice": "0.10.7-new-ads.120", "frontend": "0.10.7-new-ads.10"}
    assert builds.left["checkoutservice"] == "0.10.5-new-ads.4 is older than the release v0.10.6"
    assert builds.left["emailservice"] == "no build of the branch"
    assert builds.taken.keys() | builds.left.keys() == set(SERVICES)
    assert messages == [f"reading the tags of {len(SERVICES)} repositories in {by_password.name}"]
