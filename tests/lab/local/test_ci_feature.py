"""The feature of a pull request, by the script that the workflow runs: from a changed file to a link, and back."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.support.lab.developer_machines import DeveloperMachine
from tests.support.lab.lab_stacks import ROOT

pytestmark = pytest.mark.lab

VERSION = "0.10.7-ci-ads.1"


def git(machine: DeveloperMachine, *arguments: str) -> None:
    who = ["-c", "user.name=x", "-c", "user.email=x@example.com"]
    subprocess.run(["git", *who, *arguments], cwd=machine.folder, check=True, capture_output=True)


def script(machine: DeveloperMachine, action: str, *arguments: str) -> str:
    """Run the script for the branch, and return the comment."""
    comment = machine.folder.parent / "comment.md"
    path = f"{Path(sys.executable).parent}:{machine.env['PATH']}"
    done = subprocess.run(
        [
            *(sys.executable, str(ROOT / "ci/feature.py"), action),
            *("--env=local", "--branch=ci/ads", f"--comment={comment}", *arguments),
        ],
        cwd=machine.folder,
        env={**machine.env, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return comment.read_text()


@pytest.fixture
def branch(elsewhere: DeveloperMachine) -> DeveloperMachine:
    """A machine with a branch that gives one service of the environment another version."""
    content = yaml.safe_load((ROOT / "Pulumi.local.yaml").read_text())
    file = elsewhere.folder / "Pulumi.local.yaml"
    git(elsewhere, "init", "-q", "-b", "main")
    file.write_text(yaml.safe_dump(content))
    git(elsewhere, "add", file.name)
    git(elsewhere, "commit", "-q", "-m", "x")
    git(elsewhere, "checkout", "-q", "-b", "ci/ads")
    content["config"]["boutique:release"] = {"services": {"adservice": VERSION}}
    file.write_text(yaml.safe_dump(content))
    git(elsewhere, "commit", "-q", "-a", "-m", "x")
    return elsewhere


def test_a_pull_request_has_a_link_until_its_label_goes(branch: DeveloperMachine) -> None:
    before = branch.shop.objects()
    try:
        output = script(branch, "up", "--base=main")
        assert f"| `adservice` | `{VERSION}` |" in output
        [link] = [line.partition("<https://")[2].rstrip(">") for line in output.splitlines() if line.startswith("###")]
        assert branch.shop.versions(link.partition(":")[0])["adservice"] == {VERSION}
        assert branch.shop.versions()["adservice"] == {"v0.10.6"}
    finally:
        output = script(branch, "down")
    assert output.endswith("### Feature `ci/ads`: removed\n")
    assert branch.shop.objects() == before
    assert script(branch, "down").endswith("### Feature `ci/ads`: no such feature\n")
