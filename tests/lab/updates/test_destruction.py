"""The committed stack from nothing to nothing, and once more."""

from contextlib import suppress

import pytest

from tests.support.lab.cluster_objects import names
from tests.support.lab.lab_commands import eventually
from tests.support.lab.local_updates import IngressEnvironment

pytestmark = pytest.mark.lab

Name = tuple[str, str, str]

BY_ISTIOD = {
    *(("GatewayClass", "", name) for name in ("istio", "istio-remote")),
    *(
        ("ConfigMap", space, f"istio-ca-{what}")
        for space in ("default", "kube-system")
        for what in ("root-cert", "crl")
    ),
}
"""What istiod makes by itself and leaves behind, in namespaces that stay."""

DEFINITIONS = {"CustomResourceDefinition", "APIService"}


def durable_objects(objects: set[Name]) -> set[Name]:
    return {name for name in objects if name[0] in {"Deployment", "Service", "AuthorizationPolicy", "NetworkPolicy"}}


def test_destroy_leaves_the_cluster_as_it_was_and_the_shop_can_be_deployed_again(
    ingress_lab: IngressEnvironment,
) -> None:
    lab, stack, before = ingress_lab.lab, ingress_lab.stack, ingress_lab.before
    ingress_lab.configure().up()
    deployed = names(lab)
    stack.pulumi("destroy", "--yes", "--skip-preview")
    kept = {name for name in deployed - before if name[0] in DEFINITIONS or name in BY_ISTIOD}
    assert kept, "definitions stay: with one of them, its objects would be deleted, everybody's"
    with suppress(AssertionError):
        eventually(lambda: names(lab) == before | kept, "what was created is gone")
    assert names(lab) ^ (before | kept) == set()
    assert stack.resources() == []
    stack.up()
    assert durable_objects(names(lab)) == durable_objects(deployed)
