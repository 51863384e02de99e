"""Routes of others in the other routing API: refused with their name and what to do, and nothing is touched."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from boutique.settings.durations import written
from tests.support.lab.lab_commands import Lab
from tests.support.lab.lab_stacks import Stack, committed_sections, project
from tests.support.lab.local_stack import LocalDeployment

pytestmark = pytest.mark.lab

KINDS = "httproutes.gateway.networking.k8s.io,virtualservices.networking.istio.io,deployments,services"
TO_ADS: dict[str, Any] = {"http": [{"route": [{"destination": {"host": "adservice", "port": {"number": 9555}}}]}]}
IN_THE_MESH = {**TO_ADS, "hosts": ["adservice.local.svc.cluster.local"]}
AT_THE_EDGE = {**TO_ADS, "hosts": ["by-hand.shop.localhost"], "gateways": ["istio-ingress/ingress"]}
COMMANDS = (("preview",), ("up", "--yes", "--skip-preview"))


def objects(lab: Lab) -> dict[tuple[str, str], tuple[str, int | None]]:
    """Return what is in the namespace, each with its generation: that changes with what was asked for."""
    routes = json.loads(lab.kubectl("get", KINDS, "--namespace", "local", "--output", "json"))["items"]
    return {
        (route["kind"], route["metadata"]["name"]): (route["metadata"]["uid"], route["metadata"].get("generation"))
        for route in routes
    }


@contextmanager
def by_hand(lab: Lab, spec: dict[str, Any], name: str = "by-hand") -> Iterator[None]:
    """Keep a VirtualService without an owner in namespace `local` for a while."""
    metadata = {"name": name, "namespace": "local"}
    made = {"apiVersion": "networking.istio.io/v1", "kind": "VirtualService", "metadata": metadata, "spec": spec}
    try:
        lab.kubectl("apply", "-f", "-", stdin=json.dumps(made))
        yield
    finally:
        lab.kubectl("delete", "virtualservice", name, "--namespace", "local", "--ignore-not-found")


@contextmanager
def feature(lab: Lab, folder: Path, name: str) -> Iterator[Stack]:
    """Have the stack of a feature of `local`, which may be deployed, for a while."""
    services = {"adservice": {"version": f"0.10.7-{name}.1"}}
    expires = written(datetime.now(UTC) + timedelta(hours=1))
    stack = project(folder, lab.env)(name).create()
    try:
        yield stack.configure(feature={"environment": "local", "services": services, "expires": expires})
    finally:
        stack.pulumi("destroy", "--yes", "--skip-preview")
        stack.pulumi("stack", "rm", "--yes")


def refusal_message(stack: Stack, *command: str) -> str:
    """Return what is said by a command that has to fail without a stack trace."""
    done = stack.pulumi(*command, check=False)
    assert done.returncode != 0, done.stdout
    assert "Traceback" not in done.stdout, done.stdout
    return done.stdout


def state(stack: Stack) -> set[str]:
    return {resource["urn"] for resource in stack.resources()}


def test_a_virtual_service_beside_http_routes_is_refused_and_nothing_is_touched(
    lab: Lab, local: LocalDeployment
) -> None:
    recorded = state(local.stack)
    with by_hand(lab, IN_THE_MESH), by_hand(lab, AT_THE_EDGE, "at-the-edge"):
        before = objects(lab)
        for command in COMMANDS:
            message = refusal_message(local.stack, *command)
            for name, spec in (("by-hand", IN_THE_MESH), ("at-the-edge", AT_THE_EDGE)):
                [host] = spec["hosts"]
                assert (
                    f"boutique:platform.routing.api: 'gateway-api': VirtualService '{name}' of no stack is for "
                    f"'{host}', which HTTPRoutes route" in message
                )
                assert f"delete it (kubectl -n local delete virtualservice {name})" in message
            assert objects(lab) == before
            assert state(local.stack) == recorded


def test_a_virtual_service_for_what_nobody_routes_is_let_be(lab: Lab, local: LocalDeployment) -> None:
    with by_hand(lab, {**TO_ADS, "hosts": ["elsewhere.example", "adservice.elsewhere.svc.cluster.local"]}):
        local.stack.pulumi("preview", "--expect-no-changes")


def test_a_feature_is_refused_beside_a_virtual_service_for_what_it_changes(
    lab: Lab, local: LocalDeployment, tmp_path: Path
) -> None:
    assert local.output
    with feature(lab, tmp_path, "beside-by-hand") as stack, by_hand(lab, IN_THE_MESH):
        before = objects(lab)
        message = refusal_message(stack, "up", "--yes", "--skip-preview")
        assert (
            "boutique:feature.environment: 'local': routing.api 'gateway-api': VirtualService 'by-hand' of no stack"
            in message
        )
        assert not [resource for resource in stack.resources() if resource["type"].startswith("kubernetes:")]
        assert objects(lab) == before


def test_an_environment_goes_over_only_when_its_features_are_gone(
    lab: Lab, local: LocalDeployment, tmp_path: Path
) -> None:
    folders = [tmp_path / name for name in ("environment", "feature")]
    for folder in folders:
        folder.mkdir()
    sections = committed_sections("local")
    sections["platform"] = {**sections["platform"], "routing": {"api": "virtual-service"}}
    # The shared stack with a file of its own: it is previewed only.
    over = project(folders[0], lab.env)(local.stack.name).configure(**sections)
    with feature(lab, folders[1], "in-the-way") as stack:
        stack.up()
        message = refusal_message(over, "preview")
        [line] = [line for line in message.splitlines() if "boutique:platform.routing.api: 'virtual-service': " in line]
        assert "of stack 'in-the-way' is for 'adservice', which VirtualServices route" in line
        assert "run `pulumi destroy` of stack 'in-the-way' first, or `boutique feature down in-the-way`" in line
    assert "VirtualService" in over.pulumi("preview", "--diff").stdout
