"""Every stack keeps every rule, and every rule catches what it is for."""

import json
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest
from google.protobuf import json_format

from policy.graph import SECRET, Level, PolicyResource, PolicyRule, broken
from policy.rules import RULES
from tests.support.graph.clear_text import SECRET as MARKED
from tests.support.graph.clear_text import SIGNATURE
from tests.support.graph.graph_recorder import Graph, Registered
from tests.support.graph.stack_recordings import Recorder

BY_NAME = {rule.name: rule for rule in RULES}


def resources(graph: Graph) -> list[PolicyResource]:
    return [resource(registered) for registered in graph.resources]


def resource(registered: Registered) -> PolicyResource:
    provider = registered.request.provider.split("::")
    return PolicyResource(
        type=registered.type,
        name=registered.name,
        inputs=mark_secrets(json_format.MessageToDict(registered.request.object)),
        provider=provider[-2] if len(provider) > 1 else "",
        custom=registered.request.custom,
    )


def mark_secrets(value: Any) -> Any:
    """Put a mark in place of every secret."""
    if isinstance(value, Mapping):
        return SECRET if value.get(SIGNATURE) == MARKED else {key: mark_secrets(item) for key, item in value.items()}
    return [mark_secrets(item) for item in value] if isinstance(value, list) else value


def test_every_stack_keeps_every_rule(graph: Graph) -> None:
    assert not broken(RULES, resources(graph))


def test_every_rule_has_a_name_and_a_reason() -> None:
    assert len(BY_NAME) == len(RULES) == len(CAUGHT)
    for rule in RULES:
        assert len(rule.why) > 40, rule.name
        assert rule.level is (Level.ADVISORY if rule.name == "iam-resources" else Level.MANDATORY)


def change_input(kind: str, name: str, *path: str | int, value: Any) -> Any:
    """Return what changes one input of one resource of a stack; no value takes it out."""

    def change(before: Sequence[PolicyResource]) -> Iterator[PolicyResource]:
        has_changed = False
        for original in before:
            if (original.kind, original.name) != (kind, name):
                yield original
                continue
            has_changed = True
            inputs = deepcopy(dict(original.inputs))
            place: Any = inputs
            for key in path[:-1]:
                place = place[key]
            if value is None:
                del place[path[-1]]
            else:
                place[path[-1]] = value
            yield replace(original, inputs=inputs)
        assert has_changed, f"there is no {kind} {name}"

    return change


def add_resource(of_type: str, inputs: dict[str, Any], provider: str = "cluster") -> Any:
    """Return what adds a resource to a stack."""
    return lambda before: [*before, PolicyResource(type=of_type, name="new", inputs=inputs, provider=provider)]


def policy(action: str | list[str], resource: str = "*", **more: Any) -> Any:
    statement = {"Effect": "Allow", "Action": action, "Resource": resource, **more}
    return add_resource("aws:iam/policy:Policy", {"policy": json.dumps({"Statement": [statement]})})


CONTAINER = ("spec", "template", "spec", "containers", 0)
OWNED = {"name": "new", "namespace": "local", "annotations": {"boutique.dev/owner": "local"}}
BUDGET = {"metadata": OWNED, "spec": {"selector": {"matchLabels": {"app": "adservice"}}}}
CAUGHT: dict[str, list[Any]] = {
    "explicit-provider": [
        add_resource("kubernetes:core/v1:ConfigMap", {"metadata": OWNED}, provider=""),
        add_resource("kubernetes:core/v1:ConfigMap", {"metadata": OWNED}, provider="default_4_25_0"),
        add_resource("aws:s3/bucket:Bucket", {}, provider=""),
    ],
    "owner": [change_input("Deployment", "adservice", "metadata", "annotations", value={})],
    "load-balancer": [change_input("Service", "adservice", "spec", "type", value="LoadBalancer")],
    "secret-data": [
        add_resource("kubernetes:core/v1:Secret", {"metadata": OWNED, "stringData": {"a": SECRET, "b": "in clear"}}),
        add_resource("kubernetes:core/v1:Secret", {"metadata": OWNED, "data": {"b": "aW4gY2xlYXI="}}),
    ],
    "disruption-budget": [add_resource("kubernetes:policy/v1:PodDisruptionBudget", BUDGET)],
    "container-resources": [
        change_input("Deployment", "adservice", *CONTAINER, "resources", value=None),
        change_input("Deployment", "adservice", *CONTAINER, "resources", "limits", "memory", value=None),
    ],
    "container-security": [
        change_input("Deployment", "adservice", *CONTAINER, "securityContext", value=None),
        change_input("Deployment", "adservice", *CONTAINER, "securityContext", "privileged", value=True),
        change_input("Deployment", "adservice", *CONTAINER, "securityContext", "readOnlyRootFilesystem", value=False),
        change_input(
            "Deployment", "adservice", *CONTAINER, "securityContext", "capabilities", "drop", value=["NET_RAW"]
        ),
        change_input(
            "Deployment", "adservice", "spec", "template", "spec", "securityContext", "runAsNonRoot", value=False
        ),
        change_input(
            "Deployment",
            "loadgenerator",
            "spec",
            "template",
            "spec",
            "initContainers",
            0,
            "securityContext",
            value=None,
        ),
    ],
    "own-service-account": [
        change_input("Deployment", "adservice", "spec", "template", "spec", "serviceAccountName", value=None),
        change_input("Deployment", "adservice", "spec", "template", "spec", "serviceAccountName", value="default"),
        change_input("Deployment", "adservice", "spec", "template", "spec", "serviceAccountName", value="frontend"),
    ],
    "image-version": [
        change_input("Deployment", "adservice", *CONTAINER, "image", value=image)
        for image in ("registry.example/shop/adservice:latest", "registry.example:5000/adservice", "adservice")
    ],
    "rbac-wildcards": [
        change_input("Role", "local-deployer", "rules", 0, field, value=["*"])
        for field in ("apiGroups", "resources", "verbs")
    ],
    "iam-actions": [policy("*"), policy(["ec2:DescribeVpcs", "ec2:*"], "arn:aws:ec2:::x")],
    "iam-resources": [policy("ec2:CreateTags")],
    "cluster-endpoint": [
        add_resource("eks:index:Cluster", {}),
        add_resource("eks:index:Cluster", {"publicAccessCidrs": ["192.0.2.0/24", "0.0.0.0/0"]}),
        add_resource("eks:index:Cluster", {"publicAccessCidrs": ["0.0.0.0/1", "128.0.0.0/1"]}),
        add_resource("eks:index:Cluster", {"publicAccessCidrs": ["16.0.0.0/7"]}),
        add_resource("eks:index:Cluster", {"publicAccessCidrs": ["192.0.2.0/24", "::/1", "8000::/1"]}),
        add_resource("aws:eks/cluster:Cluster", {"vpcConfig": {"publicAccessCidrs": ["0.0.0.0/1"]}}),
        add_resource("aws:eks/cluster:Cluster", {"vpcConfig": {"endpointPublicAccess": True}}),
    ],
    "cluster-secrets": [
        add_resource("eks:index:Cluster", {"endpointPublicAccess": False}),
        add_resource("aws:eks/cluster:Cluster", {"vpcConfig": {}}),
    ],
    "instance-metadata": [
        add_resource("aws:ec2/launchTemplate:LaunchTemplate", {"metadataOptions": {"httpTokens": "optional"}}),
        add_resource("aws:ec2/instance:Instance", {}),
    ],
    "encrypted-volumes": [
        add_resource("aws:ebs/volume:Volume", {}),
        add_resource(
            "aws:ec2/launchTemplate:LaunchTemplate", {"blockDeviceMappings": [{"deviceName": "a", "ebs": {}}]}
        ),
        add_resource(
            "kubernetes:storage.k8s.io/v1:StorageClass",
            {"metadata": OWNED, "provisioner": "ebs.csi.aws.com", "parameters": {"type": "gp3"}},
        ),
    ],
}


@pytest.mark.parametrize(
    ("rule", "breaking"),
    [(BY_NAME[name], change) for name, changes in CAUGHT.items() for change in changes],
    ids=[f"{name}-{number}" for name, changes in CAUGHT.items() for number, _ in enumerate(changes)],
)
def test_a_rule_catches_what_it_is_for(rule: PolicyRule, breaking: Any, recording_of: Recorder) -> None:
    before = resources(recording_of("local"))
    after = list(breaking(before))
    assert not broken([rule], before)
    assert {name for name, _ in broken([rule], after)} == {rule.name}


@pytest.mark.parametrize(
    "allowed",
    [
        policy(["ec2:DescribeVpcs", "eks:ListClusters"]),
        policy("ec2:CreateTags", "arn:aws:ec2:*:*:volume/*"),
        policy("ec2:CreateTags", Condition={"StringEquals": {"aws:RequestTag/owner": "nonprod"}}),
        add_resource("aws:iam/policy:Policy", {"policy": "04da6b54-80e4-46f7-96ec-b56ff0331ba9"}),
        add_resource(
            "eks:index:Cluster", {"endpointPublicAccess": False, "encryptionConfigKeyArn": "arn:aws:kms:::key/x"}
        ),
        add_resource(
            "eks:index:Cluster",
            {
                "publicAccessCidrs": ["17.0.0.0/8", "2001:db8::/32", "no network"],
                "encryptionConfigKeyArn": "arn:aws:kms:::key/x",
            },
        ),
        add_resource(
            "aws:eks/cluster:Cluster",
            {"vpcConfig": {"publicAccessCidrs": ["192.0.2.0/24"]}, "encryptionConfig": {"resources": ["secrets"]}},
        ),
        add_resource("aws:ec2/launchTemplate:LaunchTemplate", {"metadataOptions": {"httpTokens": "required"}}),
        add_resource("aws:ebs/volume:Volume", {"encrypted": True}),
        add_resource("kubernetes:core/v1:Secret", {"metadata": OWNED, "data": SECRET}),
        change_input(
            "Deployment", "adservice", *CONTAINER, "image", value=f"registry.example:5000/a@sha256:{'0' * 64}"
        ),
        change_input("Deployment", "redis-cart", *CONTAINER, "image", value="redis:alpine"),
    ],
)
def test_what_is_allowed_breaks_no_rule(allowed: Any, recording_of: Recorder) -> None:
    assert not broken(RULES, list(allowed(resources(recording_of("local")))))
