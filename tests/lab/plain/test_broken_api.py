"""What keeps a namespace that is deleted: a broken API is named before, and the wait for the namespace ends."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from boutique.kubernetes import api_groups
from tests.lab.plain.conftest import TARGETS, platform_of
from tests.support.lab.lab_commands import Lab, eventually
from tests.support.lab.lab_stacks import Stack

pytestmark = pytest.mark.lab
NAME = "v1beta1.metrics.k8s.io"
SECONDS = 10
BROKEN = {
    "apiVersion": "apiregistration.k8s.io/v1",
    "kind": "APIService",
    "metadata": {"name": NAME},
    "spec": {
        "group": "metrics.k8s.io",
        "version": "v1beta1",
        "groupPriorityMinimum": 100,
        "versionPriority": 100,
        "insecureSkipTLSVerify": True,
        "service": {"namespace": "kube-system", "name": "metrics-server"},
    },
}
KEPT = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "kept", "namespace": "unended", "finalizers": ["example.com/nobody-removes-it"]},
}


@pytest.fixture
def stack_with_stuck_namespace(plain: Lab, platform: Stack) -> Iterator[Stack]:
    """The owner of the cluster, with one target more, without which it is configured already."""
    platform_of(platform, {**TARGETS, "unended": {}}, namespaceDeletionSeconds=SECONDS).up()
    yield platform_of(platform, TARGETS, namespaceDeletionSeconds=SECONDS)
    plain.kubectl("delete", "apiservice", NAME, "--ignore-not-found")
    platform_of(platform, TARGETS).up()


def conditions(lab: Lab) -> dict[str, Any]:
    """Return the conditions of the namespace that are true, with what they say."""
    entries = json.loads(lab.kubectl("get", "namespace", "unended", "-o", "json"))["status"]["conditions"]
    return {condition["type"]: condition["message"] for condition in entries if condition["status"] == "True"}


def is_gone(lab: Lab) -> bool:
    return not lab.kubectl("get", "namespace", "unended", "--ignore-not-found", "-o", "name")


def test_a_broken_api_is_named_first_and_the_wait_for_a_namespace_ends(
    plain: Lab, stack_with_stuck_namespace: Stack
) -> None:
    deployer = json.dumps(stack_with_stuck_namespace.kubeconfig("dev"))
    assert api_groups.unavailable(deployer) == ()
    plain.kubectl("apply", "-f", "-", stdin=json.dumps(BROKEN))
    eventually(lambda: api_groups.unavailable(deployer) == (NAME,), "the API server says that nothing answers")
    assert f"`kubectl delete apiservice {NAME}`" in stack_with_stuck_namespace.pulumi("preview").stdout
    done = stack_with_stuck_namespace.up(check=False)
    assert done.returncode != 0
    assert "kubernetes:core/v1:Namespace (unended)" in done.stdout
    assert "timed out waiting for the condition" in done.stdout
    assert f"APIService {NAME} is registered and nothing answers for it" in done.stdout
    eventually(lambda: "NamespaceDeletionDiscoveryFailure" in conditions(plain), "the namespace says what keeps it")
    plain.kubectl("delete", "apiservice", NAME)
    eventually(lambda: is_gone(plain), "the namespace is gone")
    assert NAME not in stack_with_stuck_namespace.up().stdout


def test_a_finalizer_that_nobody_removes_does_not_hold_a_destroy_for_ever(
    plain: Lab, stack_with_stuck_namespace: Stack
) -> None:
    plain.kubectl("apply", "-f", "-", stdin=json.dumps(KEPT))
    done = stack_with_stuck_namespace.up(check=False)
    assert done.returncode != 0
    assert "kubernetes:core/v1:Namespace (unended)" in done.stdout
    assert "timed out waiting for the condition" in done.stdout
    assert "example.com/nobody-removes-it" in conditions(plain)["NamespaceFinalizersRemaining"]
    plain.kubectl("patch", "configmap", "kept", "-n", "unended", "--type=merge", '-p={"metadata":{"finalizers":null}}')
    eventually(lambda: is_gone(plain), "the namespace is gone")
    stack_with_stuck_namespace.up()
