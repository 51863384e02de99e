"""An API server that goes by another name than its address: for the program and the command, and for wrong names."""

import json
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.lab.plain.conftest import TARGETS, platform_of
from tests.support.lab.lab_commands import BOUTIQUE
from tests.support.lab.lab_stacks import QUICKLY, Stack

pytestmark = pytest.mark.lab

NAME = "kubernetes.default.svc"
"""In the certificate of the lab's API server, unlike the address below."""


@pytest.fixture
def reach_by(platform: Stack) -> Iterator[Callable[[str], None]]:
    """Have deployers reach the API server at an address that is not in its certificate."""
    port = urlsplit(platform.kubeconfig("named")["clusters"][0]["cluster"]["server"]).port

    def configure(name: str) -> None:
        deployers = {"server": f"https://0.0.0.0:{port}", "tlsServerName": name}
        cluster = {"kind": "existing", "context": "boutique-lab", "deployers": deployers}
        platform_of(platform, TARGETS, cluster=cluster).up()

    yield configure
    platform_of(platform, TARGETS).up()


def command(stack: Stack, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*BOUTIQUE, *arguments], cwd=stack.folder, env=dict(stack.env), capture_output=True, text=True, check=False
    )


def test_a_server_has_to_prove_the_name_that_it_goes_by(
    platform: Stack, name_stack: Callable[[str], Stack], reach_by: Callable[[str], None]
) -> None:
    reach_by(NAME)
    stack = replace(name_stack("named").create(), env={**platform.env, "KUBECONFIG": "/nowhere/kubeconfig"})
    target = {"kind": "stack", "name": "shared", "target": "named"}
    environment: dict[str, Any] = {"rollout": QUICKLY}
    stack.configure(cluster=target, environment=environment).up()
    [cluster] = platform.kubeconfig("named")["clusters"]
    assert cluster["cluster"]["tls-server-name"] == NAME
    smoke = command(stack, "smoke", "named", "--json")
    assert smoke.returncode == 0, smoke.stderr
    assert json.loads(smoke.stdout)["services"]["frontend"]["ready"] == 1
    status = command(stack, "status", "named", "--json")
    assert status.returncode == 0, status.stderr
    stack.pulumi("preview", "--expect-no-changes")

    reach_by("elsewhere.example")
    preview = stack.pulumi("preview", check=False)
    assert preview.returncode != 0
    assert "does not answer: its certificate is not trusted" in preview.stdout
    assert "elsewhere.example" in preview.stdout
    assert "Traceback" not in preview.stdout
    stack.pulumi("destroy", "--yes", "--skip-preview", check=False)
