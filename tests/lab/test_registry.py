"""A registry is read as it is, whatever its login, and a branch is found in it."""

import json
import re
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import registry
import yaml
from issued import issue
from labs import eventually
from machines import Machine
from registry import PAGE, PASSWORD, USER, Registry, docker_configuration
from shops import HOST
from stacks import ROOT
from tunnel import proxying

from boutique import catalogue
from boutique.images import Reference
from boutique.settings import Environment
from ops.features.discovery import discovered
from ops.features.identity import identity
from ops.registry.errors import (
    MissingRepositoryError,
    MissingTagError,
    RefusedLoginError,
    UnreachableRegistryError,
    UntrustedRegistryError,
)
from ops.registry.newest import newest, newest_of_branch
from ops.registry.reading import digest, tags, tags_of

pytestmark = pytest.mark.lab

ADS = "shop/adservice"
LOOSE = ("latest", "1.2", "main", "sha-abc123", "0.10.7-new_ads.9", "V0.11.0", "01.2.3", "nightly-20261126")
BUILDS = (
    *(f"0.10.{number}" for number in range(7)),
    *(f"0.10.7-new-ads.{number}" for number in range(1, 121)),
    *(f"0.10.7-other.{number}" for number in range(1, 121)),
)
PUBLISHED = {
    "adservice": ("v0.10.6", *LOOSE, *BUILDS),
    "frontend": ("v0.10.6", "0.10.7-new-ads.2", "0.10.7-new-ads.10", "0.10.6-new-ads.11"),
    "checkoutservice": ("v0.10.6", "0.10.5-new-ads.4"),
    "currencyservice": ("v0.10.6", "latest", "0.10.8-rc.1", "v0.10.7"),
}
"""Tags by service; the others have the release alone."""

PUSHED = [each.name for each in catalogue.WORKLOADS if not each.store]
SERVICES = [each.name for each in catalogue.WORKLOADS if each.service and not each.store]


@pytest.fixture(scope="module")
def by_password(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    with registry.basic(tmp_path_factory.mktemp("basic")) as running:
        for name in SERVICES:
            running.push(f"shop/{name}", PUBLISHED.get(name, ("v0.10.6",)))
        yield running


@pytest.fixture(scope="module")
def by_token(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    with registry.token(tmp_path_factory.mktemp("token")) as running:
        running.push(ADS, (*LOOSE, *BUILDS))
        yield running


@pytest.fixture(params=["basic", "token"])
def running(request: pytest.FixtureRequest) -> Registry:
    found: Registry = request.getfixturevalue("by_password" if request.param == "basic" else "by_token")
    return found


@pytest.fixture(autouse=True)
def configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of Docker's configuration in which there is nothing yet."""
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    return tmp_path


def test_all_pages_of_tags_are_read(running: Registry, configuration: Path) -> None:
    docker_configuration(configuration, running.name)
    found = tags(f"{running.name}/{ADS}")
    assert set(found) >= {*LOOSE, *BUILDS}
    assert len(found) == len(set(found)) > 5 * PAGE
    assert str(newest(found, lambda tag: "-" not in tag).version).removeprefix("v") == "0.10.6"
    of_branch = newest_of_branch(found, "new-ads", SERVICES)
    assert str(of_branch.version) == "0.10.7-new-ads.120"
    assert of_branch.skipped == len(LOOSE)


def test_a_page_is_really_smaller_than_all_tags(by_password: Registry) -> None:
    first = by_password.client.get(f"/v2/{ADS}/tags/list?n=1000")
    assert len(first.json()["tags"]) == PAGE
    assert "next" in first.links


def test_a_digest_is_that_of_what_was_pushed(running: Registry, configuration: Path) -> None:
    docker_configuration(configuration, running.name)
    pushed = running.push(ADS, ["0.10.6", "latest"])
    for tag, expected in pushed.items():
        assert digest(f"{running.name}/{ADS}", tag) == expected
    with pytest.raises(MissingTagError, match=r"has no tag '9\.9\.9' of shop/adservice"):
        digest(f"{running.name}/{ADS}", "9.9.9")


def test_many_repositories_are_read_at_once(by_password: Registry, configuration: Path) -> None:
    docker_configuration(configuration, by_password.name)
    found = tags_of(f"{by_password.name}/shop/{name}" for name in SERVICES)
    assert set(found[f"{by_password.name}/shop/frontend"]) == set(PUBLISHED["frontend"])
    assert found[f"{by_password.name}/shop/emailservice"] == ("v0.10.6",)


def test_a_wrong_password_is_told_without_the_password(running: Registry, configuration: Path) -> None:
    path = docker_configuration(configuration, running.name, password=f"wrong {PASSWORD}")
    with pytest.raises(RefusedLoginError) as caught:
        tags(f"{running.name}/{ADS}")
    assert f"registry {running.name} does not let the repository {ADS} be read" in str(caught.value)
    assert f"user '{USER}' of {path}; log in with `docker login {running.name}`" in str(caught.value)
    assert PASSWORD not in str(caught.value)


def test_without_a_login_it_is_told_where_one_was_looked_for(running: Registry, configuration: Path) -> None:
    with pytest.raises(RefusedLoginError, match="there are no credentials, as there is no "):
        tags(f"{running.name}/{ADS}")
    path = docker_configuration(configuration, "other.example")
    with pytest.raises(RefusedLoginError, match=f"{path} has no credentials for it"):
        digest(f"{running.name}/{ADS}", "latest")


def test_credentials_may_come_from_a_helper(
    running: Registry, configuration: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = {"credHelpers": {running.name: "of-tests"}, "auths": {running.name: {}}}
    (configuration / "config.json").write_text(json.dumps(content))
    with pytest.raises(RefusedLoginError, match=r"docker-credential-of-tests, which .* names, is not on PATH"):
        tags(f"{running.name}/{ADS}")
    answer = json.dumps({"ServerURL": running.name, "Username": USER, "Secret": PASSWORD})
    helper = configuration / "docker-credential-of-tests"
    helper.write_text(f"#!/bin/sh\n[ \"$1 $(cat)\" = 'get {running.name}' ] && echo '{answer}'\n")
    helper.chmod(0o755)
    monkeypatch.setenv("PATH", str(configuration), prepend=":")
    assert "latest" in tags(f"{running.name}/{ADS}")


def test_missing_repositories_are_all_named(by_password: Registry, configuration: Path) -> None:
    docker_configuration(configuration, by_password.name)
    with pytest.raises(MissingRepositoryError) as caught:
        tags_of(f"{by_password.name}/{name}" for name in ("shop/adservices", ADS, "shop/other"))
    assert str(caught.value).splitlines() == [
        f"registry {by_password.name} has no repository {name}; correct the environment's image settings, or push the "
        "first image"
        for name in ("shop/adservices", "shop/other")
    ]


def test_where_nobody_listens_no_time_is_lost() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    began = time.monotonic()
    with pytest.raises(UnreachableRegistryError, match=f"registry localhost:{port} cannot be reached: Connection refu"):
        tags_of(f"localhost:{port}/shop/{name}" for name in SERVICES)
    assert time.monotonic() - began < 2


def test_a_branch_is_found_among_the_services_of_an_environment(by_password: Registry, configuration: Path) -> None:
    docker_configuration(configuration, by_password.name)
    environment = Environment.model_validate({"images": {"repository": f"{by_password.name}/shop"}, "features": {}})
    said: list[str] = []
    found = discovered(environment, identity("new-ads", "local"), said.append)
    assert found.taken == {"adservice": "0.10.7-new-ads.120", "frontend": "0.10.7-new-ads.10"}
    assert found.left["checkoutservice"] == "0.10.5-new-ads.4 is older than the release v0.10.6"
    assert found.left["emailservice"] == "no build of the branch"
    assert found.taken.keys() | found.left.keys() == set(SERVICES)
    assert said == [f"reading the tags of {len(SERVICES)} repositories in {by_password.name}"]


@contextmanager
def published(folder: Path) -> Iterator[Mapping[str, str]]:
    """Run the registry that the committed stack's images are in, behind a proxy; yield what a command needs for it."""
    repository = Reference.parse(catalogue.ADSERVICE.image).repository.rpartition("/")[0]
    host, _, path = repository.partition("/")
    authority = issue("An authority", now=datetime.now(UTC))
    certificate = issue(host, authority, hosts=(host,), now=datetime.now(UTC))
    (folder / "authority.crt").write_text(authority.pem)
    docker_configuration(folder, host)
    with registry.basic(folder, certificate) as running, proxying(f"{host}:443", running.port) as port:
        for name in PUSHED:
            running.push(f"{path}/{name}", PUBLISHED.get(name, ("v0.10.6",)))
        yield {
            "DOCKER_CONFIG": str(folder),
            "https_proxy": f"http://127.0.0.1:{port}",
            "no_proxy": "127.0.0.1,localhost",
            "SSL_CERT_FILE": str(folder / "authority.crt"),
        }


@pytest.fixture(scope="module")
def committed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, str]]:
    with published(tmp_path_factory.mktemp("published")) as environment:
        yield environment


def test_a_certificate_of_an_unknown_authority_is_told(
    committed: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Names in lower case go before others.
    monkeypatch.setenv("https_proxy", committed["https_proxy"])
    monkeypatch.setenv("no_proxy", committed["no_proxy"])
    with pytest.raises(UntrustedRegistryError, match=r"is not trusted: unable to get local issuer.* in SSL_CERT_FILE"):
        tags(Reference.parse(catalogue.ADSERVICE.image).repository)


@pytest.mark.usefixtures("nothing_left")
def test_a_feature_takes_what_its_branch_has_built(here: Machine, committed: Mapping[str, str]) -> None:
    machine = replace(here, env={**here.env, **committed})
    up = machine.feature("up", "new-ads", "--env", "local", "--json")
    try:
        said = json.loads(up.stdout)
        new = {"adservice": "0.10.7-new-ads.120", "frontend": "0.10.7-new-ads.10"}
        assert said["services"] == new
        assert "adservice: 0.10.7-new-ads.120\nfrontend: 0.10.7-new-ads.10\n" in up.stderr
        assert "checkoutservice: left, 0.10.5-new-ads.4 is older than the release v0.10.6\n" in up.stderr
        assert said["left"]["emailservice"] == "no build of the branch"
        versions = {name: {version} for name, version in new.items()}
        eventually(lambda: versions.items() <= here.shop.versions(f"new-ads.{HOST}").items(), 10, "the preview link")
    finally:
        here.feature("down", "new-ads", "--env", "local")


@pytest.mark.usefixtures("nothing_left")
def test_what_cannot_be_found_and_a_preview_change_nothing(here: Machine, committed: Mapping[str, str]) -> None:
    def up(branch: str, *arguments: str, **different: str) -> subprocess.Popen[str]:
        machine = replace(here, env={**here.env, **committed, **different})
        return machine.start("feature", "up", branch, "--env", "local", *arguments)

    # Commands on several stacks do not wait for each other.
    refused = {
        up("not-built"): "has no build of the branch 'not-built' for any of",
        up("a", DOCKER_CONFIG="/nonexistent"): "there are no credentials, as there is no /nonexistent/config.json; log",
        up("b", https_proxy="http://127.0.0.1:1"): "cannot be reached: Connection refused; check the name",
    }
    preview = up("new-ads", "--preview")
    for running, expected in refused.items():
        _, wrong = running.communicate(timeout=120)
        assert running.returncode == 1
        assert expected in wrong
        assert Reference.parse(catalogue.ADSERVICE.image).repository.partition("/")[0] in wrong
        assert "Traceback" not in wrong
    said, wrong = preview.communicate(timeout=120)
    assert preview.returncode == 0, wrong
    assert "frontend: 0.10.7-new-ads.10\n" in wrong
    assert "adservice-new-ads" in said


@pytest.mark.usefixtures("nothing_left")
@pytest.mark.parametrize(
    ("different", "repository", "expected"),
    [
        ({"https_proxy": "http://127.0.0.1:1"}, "", "cannot be reached: Connection refused; check the name"),
        ({"DOCKER_CONFIG": "/nonexistent"}, "", "there are no credentials, as there is no /nonexistent/config.json"),
        ({}, "nowhere", "nowhere/adservice"),
    ],
)
def test_a_registry_that_cannot_be_read_leaves_the_release(
    here: Machine, committed: Mapping[str, str], different: Mapping[str, str], repository: str, expected: str
) -> None:
    path = here.folder / "Pulumi.local.yaml"
    content = yaml.safe_load((ROOT / path.name).read_text())
    host = Reference.parse(catalogue.ADSERVICE.image).repository.partition("/")[0]
    if repository:
        content["config"]["boutique:environment"]["images"] = {"repository": f"{host}/{repository}"}
    path.write_text(yaml.safe_dump(content))
    before = path.read_text()
    machine = replace(here, env={**here.env, **committed, **different})
    try:
        with machine.start("release", "check", "local", "--set") as running:
            _, wrong = running.communicate(timeout=120)
        assert running.returncode == 1, wrong
        assert expected in wrong
        assert host in wrong
        assert "Traceback" not in wrong
        assert path.read_text() == before
    finally:
        path.unlink()


@pytest.mark.usefixtures("nothing_left")
def test_newer_releases_are_shown_and_taken(here: Machine, committed: Mapping[str, str]) -> None:
    machine = replace(here, env={**here.env, **committed})
    path = here.folder / "Pulumi.local.yaml"
    before = (ROOT / path.name).read_text()
    path.write_text(before)

    def checked(*arguments: str) -> dict[str, dict[str, Any]]:
        found = json.loads(machine.run("release", "check", "local", "--json", *arguments).stdout)["services"]
        assert found.keys() == {*PUSHED}
        return {name: each for name, each in found.items() if each["newer"] or each["skipped"]}

    try:
        newer = checked()
        assert newer.keys() == {"adservice", "currencyservice"}
        assert (newer["adservice"]["newer"], newer["adservice"]["skipped"]) == (False, len(LOOSE))
        taken = newer["currencyservice"]["newest"]
        assert re.fullmatch(r"v0\.10\.7@sha256:[0-9a-f]{64}", taken), "no pre-release, and no tag that is no version"
        assert path.read_text() == before
        assert checked("--set") == newer
        assert yaml.safe_load(path.read_text())["config"]["boutique:release"]["services"] == {"currencyservice": taken}
        assert checked()["currencyservice"] == {"now": taken, "newest": taken, "newer": False, "skipped": 1}
    finally:
        path.unlink()
