"""The rules as Pulumi's policy pack runs them: on its own mappings, of which not all values are known."""

from typing import Any

import pytest
from pulumi_policy import (
    PolicyProviderResource,
    PolicyResource,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE, unknown_checking_proxy

from policy.__main__ import policies
from policy.rules import RULES

PROVIDER = PolicyProviderResource("pulumi:providers:kubernetes", {}, "urn:provider", "cluster")
BY_NAME: dict[str, Any] = {policy.name: policy for policy in policies()}


def props(content: dict[str, Any]) -> dict[str, Any]:
    return unknown_checking_proxy(content)


def of_one(rule: str, of_type: str, content: dict[str, Any], provider: Any = PROVIDER) -> list[str]:
    messages: list[str] = []
    args = ResourceValidationArgs(of_type, props(content), "urn:x", "x", None, provider)
    assert isinstance(BY_NAME[rule], ResourceValidationPolicy)
    BY_NAME[rule].validate(args, lambda message, _: messages.append(message))
    return messages


def test_the_pack_has_every_rule_that_needs_no_marks() -> None:
    assert list(BY_NAME) == [rule.name for rule in RULES if rule.name != "secret-data"]
    assert {policy.enforcement_level.value for policy in BY_NAME.values()} == {"mandatory", "advisory"}
    assert all(policy.description for policy in BY_NAME.values())


@pytest.mark.parametrize(
    ("rule", "of_type", "content"),
    [
        ("owner", "kubernetes:core/v1:ConfigMap", {"metadata": {"namespace": UNKNOWN_STRING_VALUE}}),
        (
            "container-security",
            "kubernetes:apps/v1:Deployment",
            {"spec": {"template": {"spec": {"containers": [{"name": "server", "image": UNKNOWN_STRING_VALUE}]}}}},
        ),
        ("rbac-wildcards", "kubernetes:rbac.authorization.k8s.io/v1:Role", {"rules": [{"verbs": ["*"]}]}),
        ("cluster-endpoint", "eks:index:Cluster", {"publicAccessCidrs": ["0.0.0.0/0"], "name": UNKNOWN_STRING_VALUE}),
        ("iam-actions", "aws:iam/policy:Policy", {"policy": '{"Statement": {"Effect": "Allow", "Action": "*"}}'}),
    ],
)
def test_a_rule_reads_pulumis_own_mappings(rule: str, of_type: str, content: dict[str, Any]) -> None:
    assert of_one(rule, of_type, content)


def test_a_default_provider_is_known_by_its_name() -> None:
    default = PolicyProviderResource("pulumi:providers:kubernetes", {}, "urn:provider", "default_4_25_0")
    metadata = {"metadata": {"name": "x"}}
    assert of_one("explicit-provider", "kubernetes:core/v1:ConfigMap", metadata, default)
    assert not of_one("explicit-provider", "kubernetes:core/v1:ConfigMap", metadata)
    assert not of_one("explicit-provider", "boutique:index:Microservice", {}, None)


def test_a_rule_for_the_whole_stack_names_the_resource() -> None:
    labels = {"app": "adservice"}
    contents = {
        "kubernetes:policy/v1:PodDisruptionBudget": {"spec": {"selector": {"matchLabels": labels}}},
        "kubernetes:apps/v1:Deployment": {"spec": {"replicas": 1, "template": {"metadata": {"labels": labels}}}},
    }
    resources = [
        PolicyResource(of_type, props(content), f"urn:{of_type}", "x", None, PROVIDER, None, [], {})
        for of_type, content in contents.items()
    ]
    messages: list[tuple[str, str | None]] = []
    policy = BY_NAME["disruption-budget"]
    assert isinstance(policy, StackValidationPolicy)
    policy.validate(StackValidationArgs(resources), lambda message, urn: messages.append((message, urn)))
    assert [urn for _, urn in messages] == ["urn:kubernetes:policy/v1:PodDisruptionBudget"]
