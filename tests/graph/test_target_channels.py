"""What a target's channel becomes: a rule of the cluster's own that its deployer may not touch."""

import json
from typing import Any

import pulumi
import pytest

from boutique.targets.rbac import DEPLOYER_RULES
from tests.support.graph.graph_recorder import Graph
from tests.support.graph.stack_recordings import DEPLOYED, KUBECONFIG, STACKS, TARGETS, committed_values, record_stack

POLICY, BINDING = "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"


def with_channel(**channel: Any) -> Graph:
    config, secret = committed_values("local")
    platform = json.loads(config["boutique:platform"])
    platform["targets"]["local"]["channel"] = channel
    return record_stack("local", config=(config | {"boutique:platform": json.dumps(platform)}, secret))


def test_a_channel_is_kept_by_the_cluster_in_that_namespace_only() -> None:
    graph = with_channel(features=True)
    policy, binding = (
        graph.one(POLICY, "local-admission-channel"),
        graph.one(BINDING, "local-admission-channel"),
    )
    assert "::cluster::" in policy.request.provider
    assert "::cluster::" in binding.request.provider
    assert binding.inputs["spec"]["policyName"] == policy.inputs["metadata"]["name"] == "online-boutique-channel-local"
    assert binding.inputs["spec"]["validationActions"] == ["Deny"]
    selected = binding.inputs["spec"]["matchResources"]["namespaceSelector"]
    assert selected == {"matchLabels": {"kubernetes.io/metadata.name": "local"}}
    assert policy.inputs["spec"]["failurePolicy"] == "Fail"


def test_no_deployer_may_change_such_a_rule() -> None:
    assert "admissionregistration.k8s.io" not in {rule.group for rule in DEPLOYER_RULES}


def test_without_a_channel_there_is_no_rule() -> None:
    config, secret = committed_values("local")
    rules = record_stack("local", config=(config, secret)).of(POLICY)
    assert "local-admission-channel" not in {rule.name for rule in rules}


def test_an_environment_on_another_stacks_cluster_is_refused_what_its_target_refuses() -> None:
    target = {**TARGETS["test"], "channel": {"prereleases": "^$", "features": False}}
    assert target["kubeconfig"] == KUBECONFIG
    others = {**STACKS, "nonprod": {**DEPLOYED, "targets": {**TARGETS, "test": target}}}
    config, secret = committed_values("test")
    wrong = config | {"boutique:release": json.dumps({"services": {"adservice": "0.10.7-new-ads.3"}})}
    with pytest.raises(pulumi.RunError) as caught:
        record_stack("test", others=others, config=(wrong, secret))
    assert (
        "boutique:release.services.adservice: '0.10.7-new-ads.3': target 'test' refuses it for adservice: is a "
        "pre-release, and the channel accepts releases only" in str(caught.value)
    )
    assert record_stack("test", others=others, config=(config, secret)).of("Deployment")
