"""Commands that look into a registry: they take what it has, and change nothing if it cannot be read."""

import json
import re
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from ops.registry.queries import tags
from support.registry.registry_errors import UntrustedRegistryError
from tests.support import online_boutique
from tests.support.certificate_samples import issue
from tests.support.lab import image_registry
from tests.support.lab.developer_machines import DeveloperMachine
from tests.support.lab.image_registry import docker_configuration
from tests.support.lab.lab_commands import eventually
from tests.support.lab.lab_stacks import ROOT
from tests.support.lab.registry_builds import LOOSE, PUBLISHED
from tests.support.lab.shop_environments import HOST
from tests.support.lab.tunnel_proxy import run_proxy

pytestmark = pytest.mark.lab

PUSHED = [workload.name for workload in online_boutique.WORKLOADS if not workload.stateful]


@contextmanager
def run_registry(folder: Path) -> Iterator[Mapping[str, str]]:
    """Run the registry that the committed stack's images are in, behind a proxy; yield what a command needs for it."""
    repository = online_boutique.ADSERVICE.image.repository.rpartition("/")[0]
    host, _, path = repository.partition("/")
    authority = issue("An authority", now=datetime.now(UTC))
    certificate = issue(host, authority, hosts=(host,), now=datetime.now(UTC))
    (folder / "authority.crt").write_text(authority.pem)
    docker_configuration(folder, host)
    with image_registry.basic(folder, certificate) as running, run_proxy(f"{host}:443", running.port) as port:
        for name in PUSHED:
            running.push(f"{path}/{name}", PUBLISHED.get(name, ("v0.10.6",)))
        yield {
            "DOCKER_CONFIG": str(folder),
            "https_proxy": f"http://127.0.0.1:{port}",
            "no_proxy": "127.0.0.1,localhost",
            "SSL_CERT_FILE": str(folder / "authority.crt"),
        }


@pytest.fixture(scope="module")
def registry_variables(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, str]]:
    with run_registry(tmp_path_factory.mktemp("published")) as environment:
        yield environment


def test_a_certificate_of_an_unknown_authority_is_told(
    registry_variables: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", registry_variables["DOCKER_CONFIG"])
    # Names in lower case go before others.
    monkeypatch.setenv("https_proxy", registry_variables["https_proxy"])
    monkeypatch.setenv("no_proxy", registry_variables["no_proxy"])
    with pytest.raises(UntrustedRegistryError, match=r"is not trusted: unable to get local issuer.* in SSL_CERT_FILE"):
        tags(online_boutique.ADSERVICE.image.repository)


@pytest.mark.usefixtures("nothing_left")
def test_a_feature_takes_what_its_branch_has_built(
    developer_machine: DeveloperMachine, registry_variables: Mapping[str, str]
) -> None:
    machine = replace(developer_machine, env={**developer_machine.env, **registry_variables})
    up = machine.feature("up", "new-ads", "--env", "local", "--json")
    try:
        document = json.loads(up.stdout)
        new = {"adservice": "0.10.7-new-ads.120", "frontend": "0.10.7-new-ads.10"}
        assert document["services"] == new
        assert "adservice: 0.10.7-new-ads.120\nfrontend: 0.10.7-new-ads.10\n" in up.stderr
        assert "checkoutservice: left, 0.10.5-new-ads.4 is older than the release v0.10.6\n" in up.stderr
        assert document["left"]["emailservice"] == "no build of the branch"
        versions = {name: {version} for name, version in new.items()}
        eventually(
            lambda: versions.items() <= developer_machine.shop.versions(f"new-ads.{HOST}").items(), "the preview link"
        )
    finally:
        developer_machine.feature("down", "new-ads", "--env", "local")


@pytest.mark.usefixtures("nothing_left")
def test_what_cannot_be_found_and_a_preview_change_nothing(
    developer_machine: DeveloperMachine, registry_variables: Mapping[str, str]
) -> None:
    def up(branch: str, *arguments: str, **different: str) -> subprocess.Popen[str]:
        machine = replace(developer_machine, env={**developer_machine.env, **registry_variables, **different})
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
        assert online_boutique.ADSERVICE.image.repository.partition("/")[0] in wrong
        assert "Traceback" not in wrong
    output, wrong = preview.communicate(timeout=120)
    assert preview.returncode == 0, wrong
    assert "frontend: 0.10.7-new-ads.10\n" in wrong
    assert "adservice-new-ads" in output


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
    developer_machine: DeveloperMachine,
    registry_variables: Mapping[str, str],
    different: Mapping[str, str],
    repository: str,
    expected: str,
) -> None:
    path = developer_machine.folder / "Pulumi.local.yaml"
    content = yaml.safe_load((ROOT / path.name).read_text())
    host = online_boutique.ADSERVICE.image.repository.partition("/")[0]
    if repository:
        content["config"]["boutique:environment"]["images"] = {"repository": f"{host}/{repository}"}
    path.write_text(yaml.safe_dump(content))
    before = path.read_text()
    machine = replace(developer_machine, env={**developer_machine.env, **registry_variables, **different})
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
def test_newer_releases_are_shown_and_taken(
    developer_machine: DeveloperMachine, registry_variables: Mapping[str, str]
) -> None:
    machine = replace(developer_machine, env={**developer_machine.env, **registry_variables})
    path = developer_machine.folder / "Pulumi.local.yaml"
    before = (ROOT / path.name).read_text()
    path.write_text(before)

    def check_release(*arguments: str) -> dict[str, dict[str, Any]]:
        services = json.loads(machine.run("release", "check", "local", "--json", *arguments).stdout)["services"]
        assert services.keys() == {*PUSHED}
        return {name: service for name, service in services.items() if service["newer"] or service["skipped"]}

    try:
        newer = check_release()
        assert newer.keys() == {"adservice", "currencyservice"}
        assert (newer["adservice"]["newer"], newer["adservice"]["skipped"]) == (False, len(LOOSE))
        taken = newer["currencyservice"]["newest"]
        assert re.fullmatch(r"v0\.10\.7@sha256:[0-9a-f]{64}", taken), "no pre-release, and no tag that is no version"
        assert path.read_text() == before
        assert check_release("--set") == newer
        assert yaml.safe_load(path.read_text())["config"]["boutique:release"]["services"] == {"currencyservice": taken}
        assert check_release()["currencyservice"] == {"now": taken, "newest": taken, "newer": False, "skipped": 1}
    finally:
        path.unlink()
