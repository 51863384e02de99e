"""Commands of a project of another name: the same keys, the same stacks."""

import json
import re
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from boutique.outputs import SCHEMA_VERSION, VERSION
from ops.cli import app
from ops.pulumi.stack_history import entries
from ops.releases.stack_file import RELEASE, StackFile
from ops.reviews.plan import name_of
from tests.support.online_boutique import CONTRACT
from tests.support.unit.smoke_fakes import NAMESPACE, deployer

ROOT = Path(__file__).parents[2]
STACK = "dev-new-ads"
PULUMI = """#!/bin/sh
echo "$@" >> {folder}/commands
case "$1 $2" in
"stack output") cat {folder}/outputs.json ;;
"stack export") echo "error: no stack named '{stack}' found" >&2; exit 255 ;;
"up --yes") cp Pulumi.yaml Pulumi.{stack}.yaml {folder}/deployed/ ;;
esac
"""
ENTRANCE = {
    "routing": "gateway-api",
    "host": "dev.shop.example.com",
    "port": 443,
    "namespace": "istio-ingress",
    "gateway": "ingress",
    "listener": "https-dev",
    "previewListener": "preview-dev",
}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The project under another name, and a `pulumi` that notes its commands."""
    folder = tmp_path / "project"
    (folder / "deployed").mkdir(parents=True)
    text = (ROOT / "Pulumi.yaml").read_text()
    (folder / "Pulumi.yaml").write_text(re.sub(r"^name: .*$", "name: shop", text, count=1, flags=re.MULTILINE))
    (folder / "application").symlink_to(ROOT / "application")
    (folder / "Pulumi.dev.yaml").write_text((ROOT / "Pulumi.dev.yaml").read_text())
    program = folder / "pulumi"
    program.write_text(PULUMI.format(folder=folder, stack=STACK))
    program.chmod(0o755)
    place = {
        "namespace": NAMESPACE,
        "kubeconfig": deployer(1),
        "meshed": True,
        "application": "online-boutique",
        "entrance": ENTRANCE,
    }
    (folder / "outputs.json").write_text(
        json.dumps(
            {
                VERSION: SCHEMA_VERSION,
                "environment": {"application": CONTRACT, "settings": {"features": {}}, "place": place, "secrets": {}},
            }
        )
    )
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.chdir(folder)
    return folder


def test_a_feature_is_deployed_with_the_keys_that_the_program_reads(project: Path) -> None:
    arguments = ("feature", "up", "new-ads", "--env", "dev", "--service", "adservice=0.10.7-new-ads.3")
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    assert "https://new-ads.dev.shop.example.com" in done.output
    assert yaml.safe_load((project / "deployed/Pulumi.yaml").read_text())["name"] == "shop"
    content = yaml.safe_load((project / f"deployed/Pulumi.{STACK}.yaml").read_text())["config"]
    assert content["boutique:feature"]["environment"] == "dev"
    commands = (project / "commands").read_text().splitlines()
    assert [line for line in commands if line.startswith("up ")] == [
        f"up --yes --skip-preview --suppress-outputs --stack {STACK} --non-interactive --color never"
    ]
    assert all("--stack dev" in line for line in commands)


def test_releases_are_read_and_written_under_the_keys_that_the_program_reads(project: Path) -> None:
    file = StackFile.read(project, "dev")
    assert file.config[RELEASE] == {"default": "v0.10.6"}
    changed = file.with_values({RELEASE: {"default": "v0.10.7"}})
    assert yaml.safe_load(changed.text)["config"]["boutique:release"] == {"default": "v0.10.7"}
    assert "shop:" not in changed.text


def test_updates_and_urns_of_a_renamed_project_are_read() -> None:
    document = {
        "startTime": "2026-01-10T10:00:00Z",
        "config": {
            "boutique:release": {"objectValue": {"default": "v0.10.6"}},
            "shop:release": {"objectValue": {"enabled": False}},
        },
    }
    [entry] = entries([document])
    assert entry.config == {"release": {"default": "v0.10.6"}}
    assert name_of("urn:pulumi:dev::shop::boutique:index:Microservice::adservice") == "adservice"
