"""What a target promises: room, limits, and a deployer that reaches its namespace and nothing else."""

import json
from collections.abc import Sequence
from typing import Any

import pulumi
import pytest
from pulumi_kubernetes import ProviderArgs

from boutique.kubernetes import api_groups
from boutique.kubernetes.kubeconfig import reached_by
from boutique.targets.rbac import DEPLOYER_RULES, FEATURES_RULES, RbacRule
from tests.support.graph import stack_recordings
from tests.support.graph.graph_recorder import Graph, clear
from tests.support.graph.stack_recordings import Recorder

LOCAL = "local"


@pytest.fixture
def local(recording_of: Recorder) -> Graph:
    return recording_of(LOCAL)


def test_the_deployers_identity_does_not_live_where_its_workloads_do(local: Graph) -> None:
    # An identity that may start a pod in a namespace may mount every token in it.
    account, token = local.one("ServiceAccount", "local-deployer"), local.one("Secret", "local-deployer")
    home = account.inputs["metadata"]["namespace"]
    assert home == token.inputs["metadata"]["namespace"] == "deployers"
    assert home not in {deployment.inputs["metadata"]["namespace"] for deployment in local.of("Deployment")}


def test_the_role_is_bound_to_that_identity_in_the_namespace_only(local: Graph) -> None:
    binding, role = local.one("RoleBinding", "local-deployer"), local.one("Role", "local-deployer")
    assert binding.inputs["subjects"] == [
        {"kind": "ServiceAccount", "name": "local-deployer", "namespace": "deployers"}
    ]
    assert binding.inputs["roleRef"]["name"] == role.inputs["metadata"]["name"]
    assert binding.inputs["metadata"]["namespace"] == role.inputs["metadata"]["namespace"] == LOCAL
    assert not local.of("ClusterRole") + local.of("ClusterRoleBinding")


def test_the_token_is_made_after_its_rights(local: Graph) -> None:
    token, binding = local.one("Secret", "local-deployer"), local.one("RoleBinding", "local-deployer")
    assert binding.urn in token.request.dependencies


def test_the_role_has_the_reads_without_which_an_awaited_update_hangs() -> None:
    readable = {
        (rule.group, resource) for rule in DEPLOYER_RULES if "watch" in rule.verbs for resource in rule.resources
    }
    # What the awaiters of a Deployment and of a Service watch (pulumi-kubernetes, provider/pkg/await).
    assert {
        ("apps", "deployments"),
        ("apps", "replicasets"),
        ("", "pods"),
        ("", "persistentvolumeclaims"),
        ("", "services"),
        ("", "endpoints"),
    } <= readable


@pytest.mark.parametrize("rules", [DEPLOYER_RULES, FEATURES_RULES])
def test_no_rule_has_a_wildcard_or_reaches_roles_and_quotas_are_only_read(rules: Sequence[RbacRule]) -> None:
    named = {name for rule in rules for name in (rule.group, *rule.resources, *rule.verbs)}
    assert not named & {"*", "roles", "rolebindings", "namespaces", "gateways"}
    [limits] = [rule for rule in rules if {"resourcequotas", "limitranges"} & set(rule.resources)]
    assert (limits.group, set(limits.verbs)) == ("", {"get", "list"})


def test_which_secrets_a_deployer_writes_is_limited_in_every_target(local: Graph) -> None:
    rule = local.one("ValidatingAdmissionPolicy", "local-admission-secrets").inputs["spec"]
    [resources] = rule["matchConstraints"]["resourceRules"]
    assert (resources["resources"], set(resources["operations"])) == (["secrets"], {"CREATE", "UPDATE", "DELETE"})
    [condition] = rule["matchConditions"]
    account = local.one("ServiceAccount", "local-deployer").inputs["metadata"]
    assert f'"system:serviceaccount:{account["namespace"]}:"' in condition["expression"]
    [validation] = rule["validations"]
    assert "object.type == 'Opaque'" in validation["expression"]
    assert local.one("ValidatingAdmissionPolicyBinding", "local-admission-secrets")


def test_namespaces_keep_the_baseline_of_pod_security(recording_of: Recorder) -> None:
    for namespace in recording_of(stack_recordings.PLAIN).of("Namespace"):
        assert namespace.inputs["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "baseline"


def test_a_container_that_names_no_resources_gets_some(local: Graph) -> None:
    [limit] = local.one("LimitRange", LOCAL).inputs["spec"]["limits"]
    assert limit["type"] == "Container"
    assert limit["default"].keys() == limit["defaultRequest"].keys() == {"cpu", "memory"}


def test_a_namespace_is_protected_unless_its_target_says_otherwise() -> None:
    config, secret = stack_recordings.committed_values(LOCAL)
    config["boutique:platform"] = json.dumps({"targets": {LOCAL: {}, "other": {"protect": False}}})
    config["boutique:environment"] = json.dumps({"target": LOCAL})
    graph = stack_recordings.record_stack(LOCAL, config=(config, secret))
    protected = {namespace.name: namespace.request.protect for namespace in graph.of("Namespace")}
    assert protected == {LOCAL: True, "other": False, "deployers": False}


@pytest.mark.parametrize("stack", ["local", "dev"])
def test_a_provider_has_one_cluster_for_life_and_no_kubeconfig_of_whoever_runs_it(
    stack: str, recording_of: Recorder
) -> None:
    settings = providers(recording_of(stack))
    assert settings
    for name, inputs in settings.items():
        assert inputs["clusterIdentifier"] == f"boutique/{stack}", name
        assert "/kubeconfig" not in inputs["kubeconfig"], "the path in $KUBECONFIG is copied into the state"
        switches = ["enableSecretMutable", "enableConfigMapMutable", "enableServerSideApply"]
        # The newest SDK, which the nightly lane has, knows a fourth.
        switches += ["upsertExistingObjects"] if hasattr(ProviderArgs, "upsert_existing_objects") else []
        for switch in switches:
            assert inputs[switch] in (True, "true"), (name, switch)


def providers(graph: Graph) -> dict[str, Any]:
    return {
        resource.name: resource.inputs for resource in graph.resources if resource.type == "pulumi:providers:kubernetes"
    }


@pytest.mark.parametrize(("stack", "holder"), [("local", "local"), ("dev", "nonprod")])
def test_the_outputs_say_who_has_the_deployers_kubeconfig(stack: str, holder: str, recording_of: Recorder) -> None:
    target = recording_of(stack).outputs["target"]
    assert target == {"stack": f"organization/boutique/{holder}", "name": stack}


def test_others_reach_the_api_server_by_the_deployers_address_and_this_stack_by_its_own() -> None:
    config, secret = stack_recordings.committed_values(LOCAL)
    cluster = json.loads(config["boutique:cluster"])
    cluster["deployers"] = {"server": "https://api.example.com:6443"}
    graph = stack_recordings.record_stack(LOCAL, config=(config | {"boutique:cluster": json.dumps(cluster)}, secret))
    targets = clear(graph.outputs["targets"])[LOCAL]
    for handed_on in (targets["kubeconfig"], targets["features"]):
        assert reached_by(handed_on).server == "https://api.example.com:6443"
    features = clear(graph.outputs["environment"])["place"]
    assert reached_by(features["kubeconfig"]).server == "https://api.example.com:6443"
    assert reached_by(providers(graph)["deployer"]["kubeconfig"]).server == "https://127.0.0.1:1"
    used, handed_on = (
        json.loads(kubeconfig)["users"]
        for kubeconfig in (providers(graph)["deployer"]["kubeconfig"], targets["kubeconfig"])
    )
    assert used == handed_on


@pytest.mark.parametrize("target", ["dev", "test"])
def test_what_reaches_beyond_its_namespace_is_refused_in_every_target(recording_of: Recorder, target: str) -> None:
    graph = recording_of("nonprod")
    judged: set[str] = set()
    for subject in ("pods", "services", "routes"):
        rule = graph.one("ValidatingAdmissionPolicy", f"{target}-admission-isolation-{subject}").inputs["spec"]
        judged |= {resource for rules in rule["matchConstraints"]["resourceRules"] for resource in rules["resources"]}
        assert rule["failurePolicy"] == "Fail"
        [condition] = rule["matchConditions"]
        assert '"system:serviceaccount:deployers:"' in condition["expression"]
        binding = graph.one("ValidatingAdmissionPolicyBinding", f"{target}-admission-isolation-{subject}").inputs
        assert list(binding["spec"]["matchResources"]["namespaceSelector"]["matchLabels"].values()) == [target]
    # The rest is data of the target alone.
    writable = {resource for given in DEPLOYER_RULES if "create" in given.verbs for resource in given.resources}
    assert writable - judged == {
        "configmaps",
        "secrets",
        "serviceaccounts",
        "pods/portforward",
        "persistentvolumeclaims",
    }


@pytest.mark.parametrize(
    ("policies", "allowed"),
    [({}, []), ({"mtls": "permissive", "authorization": False}, ["frontend-external"])],
)
def test_a_load_balancer_is_let_through_where_the_mesh_would_answer(
    policies: dict[str, Any], allowed: list[str]
) -> None:
    config, secret = stack_recordings.committed_values(LOCAL)
    platform = json.loads(config["boutique:platform"])
    platform["mesh"]["policies"] = policies
    graph = stack_recordings.record_stack(LOCAL, config=(config | {"boutique:platform": json.dumps(platform)}, secret))
    rule = graph.one("ValidatingAdmissionPolicy", "local-admission-isolation-services").inputs["spec"]
    [judged] = rule["validations"]
    assert f"object.metadata.name in {json.dumps(allowed)} && " in judged["expression"]
    assert '"system:serviceaccount:deployers:local-deployer"' in judged["expression"]


def test_the_wait_for_the_end_of_every_namespace_ends(recording_of: Recorder) -> None:
    for stack in ("local", "nonprod"):
        namespaces = recording_of(stack).of("Namespace")
        assert len(namespaces) >= 4
        assert {namespace.request.customTimeouts.delete for namespace in namespaces} == {"300s"}
    config, secret = stack_recordings.committed_values(LOCAL)
    platform = {**json.loads(config["boutique:platform"]), "namespaceDeletionSeconds": 900}
    config["boutique:platform"] = json.dumps(platform)
    longer = stack_recordings.record_stack(LOCAL, config=(config, secret))
    assert {namespace.request.customTimeouts.delete for namespace in longer.of("Namespace")} == {"900s"}


@pytest.mark.parametrize("stack", ["local", "dev", "dev-new-ads"])
def test_apis_that_nothing_answers_for_are_warned_of_once(stack: str, monkeypatch: pytest.MonkeyPatch) -> None:
    warned: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", lambda text, *_: warned.append(text))
    monkeypatch.setattr(api_groups, "warnings", lambda content: (f"{reached_by(content).server} has broken APIs",))
    stack_recordings.record_stack(stack)
    [server] = {warning for warning in warned if warning.endswith("has broken APIs")}
    assert server.startswith("https://")
    assert len([warning for warning in warned if warning.endswith("has broken APIs")]) == 1
    if stack == "local":
        warned.clear()
        stack_recordings.record_stack(stack, built=False, preview=True)
        assert not warned, "unknown before there is a target"
