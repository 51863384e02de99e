"""Helm's records that the program may not touch, or not see: nothing happens, and the reason is named."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.helm_api import secret
from tests.support.lab.lab_commands import Lab
from tests.support.lab.lab_stacks import Stack, committed_sections, project

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def stack(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Stack:
    return project(tmp_path_factory.mktemp("helm"), lab.env)("records").create()


@pytest.fixture
def foreign_record(lab: Lab) -> Iterator[dict[str, Any]]:
    """The record of an installation that others are in the middle of."""
    lab.kubectl("create", "namespace", "istio-system")
    record = secret("istiod", 1, "pending-install")
    metadata = {key: record["metadata"][key] for key in ("name", "namespace", "labels")}
    content = {"apiVersion": "v1", "kind": "Secret", **record, "metadata": metadata}
    lab.kubectl("apply", "-f", "-", stdin=json.dumps(content))
    yield read_record(lab)
    lab.kubectl("delete", "namespace", "istio-system")


def read_record(lab: Lab) -> dict[str, Any]:
    name = "sh.helm.release.v1.istiod.v1"
    content: dict[str, Any] = json.loads(lab.kubectl("get", "secret", "-n", "istio-system", name, "-o", "json"))
    return content


def refusal_message(stack: Stack, *command: str, **cluster: str) -> str:
    sections = committed_sections("local")
    stack.configure(cluster={**sections["cluster"], **cluster}, platform=sections["platform"])
    done = stack.pulumi(*command, check=False)
    assert done.returncode != 0, done.stdout
    assert "Traceback" not in done.stdout, done.stdout
    # To read its own state, the stack gets Pulumi's own provider.
    created = [resource["type"] for resource in stack.resources() if resource["type"] != "pulumi:providers:pulumi"]
    assert created == [], "nothing was created"
    return done.stdout


@pytest.mark.parametrize("command", [("preview",), ("up", "--yes", "--skip-preview")], ids=lambda command: command[0])
def test_a_release_of_others_is_named_and_left(
    lab: Lab, stack: Stack, foreign_record: dict[str, Any], command: tuple[str, ...]
) -> None:
    message = refusal_message(stack, *command)
    assert "Helm release istio-system/istiod: exists (chart 'istiod', revision 1, pending-install)" in message
    assert "helm uninstall istiod -n istio-system" in message
    assert read_record(lab) == foreign_record


def test_a_user_without_the_right_to_look_is_named(lab: Lab, stack: Stack, tmp_path: Path) -> None:
    content = yaml.safe_load(Path(lab.env["KUBECONFIG"]).read_text())
    for entry in content["users"]:
        entry["user"]["as"] = "ann"
    (tmp_path / "kubeconfig").write_text(yaml.safe_dump(content))
    message = refusal_message(stack, "preview", kubeconfig=str(tmp_path / "kubeconfig"))
    assert 'User "ann" cannot list resource "namespaces"' in message
    assert "needs the rights of the cluster's admin" in message
