"""Objects changed or deleted by hand: the plan names the field manager and the fields, and reverts them."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.lab.cluster_objects import deployments
from tests.support.lab.lab_commands import Lab
from tests.support.lab.lab_stacks import QUICKLY, Stack

pytestmark = pytest.mark.lab

SPACE = "changed"
IMAGE = "registry.example/shop/adservice:v9.9.9"


@pytest.fixture(scope="module")
def stack(platform: Stack, name_stack: Callable[[str], Stack]) -> Stack:
    assert platform.name == "shared"
    stack = configure_stack(name_stack(SPACE).create())
    stack.up()
    return stack


def configure_stack(stack: Stack, **services: Any) -> Stack:
    return stack.configure(
        cluster={"kind": "stack", "name": "shared", "target": SPACE},
        environment={"images": {"tag": "v1.0.0"}, "rollout": QUICKLY, "services": services},
    )


def kubectl(lab: Lab, *arguments: str, stdin: str | None = None) -> str:
    return lab.kubectl("-n", SPACE, *arguments, stdin=stdin)


def image(lab: Lab, name: str) -> str:
    reference: str = deployments(lab, SPACE)[name]["spec"]["template"]["spec"]["containers"][0]["image"]
    return reference


def object_of(lab: Lab, kind: str, name: str) -> Any:
    return json.loads(kubectl(lab, "get", kind, name, "-o", "json"))


def test_what_kubectl_changes_is_named_and_put_back(plain: Lab, stack: Stack) -> None:
    kubectl(plain, "set", "image", "deployment/adservice", f"server={IMAGE}")
    kubectl(plain, "scale", "deployment/cartservice", "--replicas=3")
    kubectl(plain, "patch", "service", "cartservice", "-p", '{"spec":{"selector":{"app":"nothing"}}}')
    kubectl(plain, "label", "service", "adservice", "--overwrite", "app.kubernetes.io/part-of=other", "team=x")
    kubectl(plain, "label", "service", "adservice", "--field-manager", "some-controller", "tier=y")
    kubectl(plain, "set", "env", "deployment/emailservice", "FOO=bar", "PORT=1")
    kubectl(plain, "rollout", "restart", "deployment/currencyservice")
    frontend = object_of(plain, "deployment", "frontend")
    frontend["spec"]["template"]["spec"]["containers"][0]["image"] = "registry.example/shop/frontend:v8.0.0"
    for key in ("managedFields", "resourceVersion", "uid"):
        frontend["metadata"].pop(key, None)
    kubectl(plain, "apply", "-f", "-", stdin=json.dumps(frontend))
    kubectl(plain, "delete", "deployment", "shippingservice")
    kubectl(plain, "delete", "serviceaccount", "paymentservice")

    seen = stack.pulumi("preview", "--refresh").stdout
    template = "spec.template.spec.containers[server]"
    for line in (
        f"Deployment {SPACE}/adservice: kubectl-set has set {template}.image",
        f"Deployment {SPACE}/cartservice: kubectl has set spec.replicas",
        f"Service {SPACE}/cartservice: kubectl-patch has set spec.selector",
        f"Service {SPACE}/adservice: kubectl-label has set metadata.labels.app.kubernetes.io/part-of\n",
        f"Deployment {SPACE}/emailservice: kubectl-set has set {template}.env[PORT].value\n",
        f"Deployment {SPACE}/frontend: kubectl-client-side-apply has set {template}.image",
    ):
        assert line in seen, seen
    assert "currencyservice: kubectl" not in seen, "a restart is nothing that a stack sets"
    assert "services.<name>.autoscaled: true" in seen

    stack.up("--refresh")
    workloads = deployments(plain, SPACE)
    assert workloads.keys() >= {"shippingservice"}
    assert image(plain, "adservice").endswith("adservice:v1.0.0")
    assert image(plain, "frontend").endswith("frontend:v1.0.0")
    assert workloads["cartservice"]["spec"]["replicas"] == 1
    assert object_of(plain, "service", "cartservice")["spec"]["selector"]["app"] == "cartservice"
    labels = object_of(plain, "service", "adservice")["metadata"]["labels"]
    assert labels["app.kubernetes.io/part-of"] == "online-boutique"
    assert labels["tier"] == "y", "what others add stays"
    assert "team" not in labels, "what kubectl adds goes with an update of the object"
    variables = {
        variable["name"]: variable.get("value")
        for variable in workloads["emailservice"]["spec"]["template"]["spec"]["containers"][0]["env"]
    }
    assert (variables["PORT"], variables.get("FOO")) == ("8080", None)
    again = stack.pulumi("preview", "--refresh", "--expect-no-changes").stdout
    assert "changed by others" not in again


def test_without_a_refresh_the_next_change_of_the_object_puts_it_right(plain: Lab, stack: Stack) -> None:
    kubectl(plain, "set", "image", "deployment/adservice", f"server={IMAGE}")
    seen = configure_stack(stack, adservice={"variables": {"ADDED": "1"}}).pulumi("preview").stdout
    assert f"Deployment {SPACE}/adservice: kubectl-set has set" in seen
    stack.up()
    assert image(plain, "adservice").endswith("adservice:v1.0.0")


def test_what_is_changed_of_the_platform_is_named_and_put_back(plain: Lab, platform: Stack) -> None:
    plain.kubectl("label", "namespace", SPACE, "--overwrite", "pod-security.kubernetes.io/enforce=privileged")
    kubectl(plain, "patch", "resourcequota", "environment", "-p", '{"spec":{"hard":{"pods":"1"}}}')
    kubectl(plain, "patch", "role", "deployer", "--type=json", "-p", '[{"op":"remove","path":"/rules/0"}]')
    policy = f"online-boutique-secrets-{SPACE}"
    plain.kubectl("patch", "validatingadmissionpolicy", policy, "-p", '{"spec":{"failurePolicy":"Ignore"}}')
    seen = platform.pulumi("preview", "--refresh").stdout
    for line in (
        f"Namespace {SPACE}: kubectl-label has set metadata.labels.pod-security.kubernetes.io/enforce",
        f"ResourceQuota {SPACE}/environment: kubectl-patch has set spec.hard.pods",
        f"Role {SPACE}/deployer: kubectl-patch has set rules",
        f"ValidatingAdmissionPolicy {policy}: kubectl-patch has set spec.failurePolicy",
    ):
        assert line in seen, seen
    platform.up("--refresh")
    quota = object_of(plain, "resourcequota", "environment")["spec"]["hard"]["pods"]
    assert int(quota) > 1
    assert any("serviceaccounts" in rule["resources"] for rule in object_of(plain, "role", "deployer")["rules"])
    again = platform.pulumi("preview", "--refresh", "--expect-no-changes").stdout
    assert "changed by others" not in again


def test_replicas_that_an_autoscaler_sets_stay_its_own(plain: Lab, stack: Stack) -> None:
    services = {"cartservice": {"autoscaled": True}}
    configure_stack(stack, **services).up()
    kubectl(plain, "scale", "deployment/cartservice", "--replicas=2")
    seen = stack.up("--refresh").stdout
    assert "changed by others" not in seen
    configure_stack(stack, cartservice={"autoscaled": True, "variables": {"ADDED": "1"}}).up()
    cart = deployments(plain, SPACE)["cartservice"]["spec"]
    assert cart["replicas"] == 2
    assert {"name": "ADDED", "value": "1"} in cart["template"]["spec"]["containers"][0]["env"]
    stack.pulumi("preview", "--refresh", "--expect-no-changes")


def test_another_stack_is_refused_what_this_one_owns(
    plain: Lab, stack: Stack, name_stack: Callable[[str], Stack]
) -> None:
    rival = configure_stack(name_stack("rival-environment").create())
    for command in (("preview",), ("up", "--yes", "--skip-preview")):
        done = rival.pulumi(*command, check=False)
        assert done.returncode != 0
        assert f"belong to stack '{SPACE}', and an object has one owning stack" in done.stdout
    assert not [resource for resource in rival.resources() if resource["type"].startswith("kubernetes:")]
    # The API server refuses it as well, for every identity and every kind of request.
    message = plain.refusal(
        "-n", SPACE, "annotate", "service", "cartservice", "--overwrite", "boutique.dev/owner=rival-environment"
    )
    assert f"belongs to stack {SPACE}" in message
    assert "has one owning stack" in message
    stack.pulumi("preview", "--refresh", "--expect-no-changes")
