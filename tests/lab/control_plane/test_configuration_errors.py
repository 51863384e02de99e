"""Mistakes in a configuration, through the real `pulumi`: each is named with its remedy, and nothing happens."""

import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from tests.support.lab.lab_commands import Lab
from tests.support.lab.lab_stacks import Stack, project

pytestmark = pytest.mark.lab

HERE = {"kind": "existing", "context": "boutique-lab"}
LONG = "a" * 64
MANY = {
    "cluster": HERE,
    "platform": {"targets": {"here": {"namespace": "Shop"}, "there": {"namespace": LONG, "replicas": 0}}},
    "environment": {
        "target": "here",
        "replicas": 0,
        "imagse": {"tag": "v1"},
        "images": {"tag": "v1.0+build"},
        "services": {
            "fronted": {},
            "adservice": {"replicas": -1},
            "cartservice": {"replicas": "two", "image": {"tag": "a b"}},
            "emailservice": {"replica": 2},
        },
    },
}


@pytest.fixture(scope="module")
def stack(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Stack:
    named: Callable[[str], Stack] = project(tmp_path_factory.mktemp("mistakes"), lab.env)
    return named("mistaken").create()


def refusal_message(stack: Stack, command: str = "preview") -> str:
    """Return what is said by a command that has to fail without a stack trace and without a trace in the state."""
    arguments = ["up", "--yes", "--skip-preview"] if command == "up" else [command]
    done: subprocess.CompletedProcess[str] = stack.pulumi(*arguments, check=False)
    output = done.stdout
    assert done.returncode != 0, output
    assert "Traceback" not in output, output
    assert stack.resources() == [], "nothing was created"
    return output


@pytest.fixture(scope="module", params=["preview", "up"])
def error_output(stack: Stack, request: pytest.FixtureRequest) -> str:
    return refusal_message(stack.configure(**MANY), request.param)


@pytest.mark.parametrize(
    "mistake",
    [
        ("platform.targets.here.namespace", '"Shop"', "lower-case letters, digits and '-'"),
        ("platform.targets.there.namespace", LONG, "at most 63 characters, this one has 64"),
        ("platform.targets.there.replicas", "0", "at least 1"),
        ("environment.replicas", "0", "at least 1"),
        ("environment.imagse", "", "did you mean 'images'?"),
        ("environment.images.tag", '"v1.0+build"', "cannot hold '+'"),
        ("environment.services.fronted", "", "did you mean 'frontend'?"),
        ("environment.services.adservice.replicas", "-1", "at least 1"),
        ("environment.services.cartservice.replicas", '"two"', "whole number"),
        ("environment.services.cartservice.image.tag", '"a b"', "cannot hold ' '"),
        ("environment.services.emailservice.replica", "", "did you mean 'replicas'?"),
    ],
    ids=lambda mistake: mistake[0],
)
def test_every_mistake_is_named_with_its_value_and_its_remedy(error_output: str, mistake: tuple[str, str, str]) -> None:
    key, *words = mistake
    [line] = [line for line in error_output.splitlines() if f"boutique:{key}: " in line]
    assert all(word in line for word in words), line


def test_missing_kubeconfig_is_named(stack: Stack) -> None:
    cluster = {**HERE, "kubeconfig": "/nowhere/kubeconfig"}
    message = refusal_message(stack.configure(cluster=cluster, platform={"targets": {"here": {}}}))
    assert "/nowhere/kubeconfig" in message
    assert "KUBECONFIG" in message


def test_missing_context_is_named_with_those_there_are(stack: Stack) -> None:
    cluster = {"kind": "existing", "context": "another-cluster"}
    message = refusal_message(stack.configure(cluster=cluster, platform={"targets": {"here": {}}}))
    assert "'another-cluster'" in message
    assert "boutique-lab" in message


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@pytest.fixture
def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


@pytest.mark.parametrize(("port", "command"), [("closed_port", "preview"), ("silent_port", "up")])
def test_unreachable_api_server_is_named(
    stack: Stack, tmp_path: Path, request: pytest.FixtureRequest, port: str, command: str
) -> None:
    server = f"https://127.0.0.1:{request.getfixturevalue(port)}"
    path = tmp_path / "kubeconfig"
    path.write_text(
        yaml.safe_dump(
            {
                "clusters": [{"name": "down", "cluster": {"server": server}}],
                "users": [{"name": "nobody", "user": {}}],
                "contexts": [{"name": "down", "context": {"cluster": "down", "user": "nobody"}}],
            }
        )
    )
    cluster = {"kind": "existing", "context": "down", "kubeconfig": str(path)}
    stack.configure(cluster=cluster, platform={"targets": {"here": {}}})
    message = refusal_message(stack, command)
    assert server in message
    assert "does not answer" in message
