"""One owning stack for each object: fields are taken back from others, and nothing is taken from another stack."""

import json
from typing import Any

import pulumi
import pytest
from pulumi.runtime import mocks

from boutique.admission import owner_policies
from boutique.kubernetes import listing
from boutique.kubernetes.kubeconfig import KubeconfigError
from boutique.mesh import gateway_api_installed
from boutique.targets.rbac import DEPLOYER_RULES
from tests.support.graph.cloud_answers import TOKEN, Cloud
from tests.support.graph.graph_recorder import Graph
from tests.support.graph.stack_recordings import PLAIN, EmptyCluster, Recorder, committed_values, record_stack

FORCE = "pulumi.com/patchForce"
OF_THE_GATEWAY_API = "gateway-api-"
BUNDLE, CHANNEL = "gateway.networking.k8s.io/bundle-version", "gateway.networking.k8s.io/channel"


def edited_metadata(name: str, owner: str, fields: Any) -> dict[str, Any]:
    """Return the metadata of an object with another field manager."""
    return {
        "name": name,
        "annotations": {"boutique.dev/owner": owner},
        "managedFields": [{"manager": "kubectl-edit", "fieldsV1": fields}],
    }


REPLICAS = {"f:spec": {"f:replicas": {}}}


class AdminsCluster(EmptyCluster):
    """Has objects by the path of their list."""

    def __init__(self, objects: dict[str, Any], *, silent: bool = False) -> None:
        self.objects, self.silent = objects, silent

    def list_metadata(self, path: str, _: str = "") -> tuple[Any, ...]:
        if self.silent:
            raise KubeconfigError("the API server answers 403")
        return tuple(self.objects.get(path, ()))


@pytest.fixture
def warning_messages(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    lines: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", lambda text, *_: lines.append(text))
    return lines


@pytest.fixture
def created_types(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    types: list[str] = []

    class Watched(Cloud):
        def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, dict[str, Any]]:
            types.append(args.typ)
            return super().new_resource(args)

    monkeypatch.setattr("tests.support.graph.stack_recordings.Cloud", Watched)
    return types


def refusal_message(stack: str, **arguments: Any) -> str:
    with pytest.raises(pulumi.RunError) as caught:
        record_stack(stack, **arguments)
    assert TOKEN not in str(caught.value)
    return str(caught.value)


def change_section(stack: str, section: str, **values: Any) -> tuple[dict[str, str], list[str]]:
    """Return a stack's configuration with other values in one section."""
    config, secret = committed_values(stack)
    key = f"boutique:{section}"
    return {**config, key: json.dumps({**json.loads(config[key]), **values})}, secret


def test_every_object_is_taken_back_from_others(graph: Graph) -> None:
    for resource in graph.objects:
        assert resource.inputs["metadata"]["annotations"][FORCE] == "true", resource.urn


def gateway_api(**values: Any) -> tuple[dict[str, str], list[str]]:
    mesh = json.loads(committed_values("local")[0]["boutique:platform"])["mesh"]
    return change_section("local", "platform", mesh={**mesh, "gatewayApi": {**mesh["gatewayApi"], **values}})


def test_what_is_taken_over_of_the_gateway_api_stays_when_the_stack_goes() -> None:
    others = AdminsCluster({gateway_api_installed.DEFINITIONS: [definition()]})
    graph = record_stack("local", config=gateway_api(takeOver=True), admin=others)
    objects = [resource for resource in graph.objects if OF_THE_GATEWAY_API in resource.name]
    assert len(objects) == 3
    assert all(resource.request.retainOnDelete for resource in objects)


def definition(version: str = "v1.4.0", channel: str = "standard") -> dict[str, Any]:
    return {
        "name": "httproutes.gateway.networking.k8s.io",
        "annotations": {BUNDLE: version, CHANNEL: channel},
        "managedFields": [{"manager": "kube-addon-manager"}],
    }


@pytest.mark.parametrize("preview", [True, False])
@pytest.mark.parametrize(
    ("source", "installed", "expected"),
    [
        ({}, definition(), "v1.4.0, standard channel, managed by 'kube-addon-manager'; this stack would install"),
        ({"takeOver": True}, definition("v1.9.0"), "never replaces a newer"),
        ({"takeOver": True}, definition(channel="experimental"), "never replaces a newer, experimental"),
        ({"kind": "present", "path": None}, definition("v1.1.0"), "too old"),
    ],
)
def test_definitions_of_others_are_refused_before_anything_is_made(
    created_types: list[str], preview: bool, source: dict[str, Any], installed: dict[str, Any], expected: str
) -> None:
    config, secret = gateway_api(**source)
    if source.get("kind"):
        platform = json.loads(config["boutique:platform"])
        del platform["mesh"]["gatewayApi"]["path"]
        config["boutique:platform"] = json.dumps(platform)
    cluster = AdminsCluster({gateway_api_installed.DEFINITIONS: [installed]})
    assert expected in refusal_message("local", config=(config, secret), admin=cluster, preview=preview)
    assert not created_types


def test_without_a_mesh_nobody_asks_for_definitions() -> None:
    assert record_stack(PLAIN, admin=AdminsCluster({gateway_api_installed.DEFINITIONS: [definition("v9.0.0")]})).objects


@pytest.mark.parametrize("name", ["deployers", "istio-system", "istio-ingress", "local"])
def test_a_namespace_of_another_platform_is_refused_before_anything_is_made(
    created_types: list[str], name: str
) -> None:
    theirs = {"name": name, "annotations": {"boutique.dev/owner": "rival"}}
    message = refusal_message("local", admin=AdminsCluster({"/api/v1/namespaces": [theirs]}))
    assert f"boutique:platform: Namespace {name} belongs to stack 'rival'" in message
    assert not created_types


def test_a_service_of_another_environment_is_refused_before_anything_is_made(created_types: list[str]) -> None:
    theirs = {**edited_metadata("adservice", "rival", {}), "namespace": "local"}
    message = refusal_message("local", admin=AdminsCluster({"/apis/apps/v1/deployments": [theirs]}))
    assert "boutique:environment: Deployment local/adservice belongs to stack 'rival'" in message
    assert not created_types


def test_an_admin_who_is_refused_is_an_error(created_types: list[str]) -> None:
    assert "answers 403" in refusal_message("local", admin=AdminsCluster({}, silent=True))
    assert not created_types


def test_what_others_changed_of_a_platform_and_its_environment_is_said_once(warning_messages: list[str]) -> None:
    lists = {
        "/api/v1/resourcequotas": [
            {**edited_metadata("environment", "local", {"f:spec": {"f:hard": {}}}), "namespace": "local"}
        ],
        "/apis/apps/v1/deployments": [{**edited_metadata("adservice", "local", REPLICAS), "namespace": "local"}],
    }
    record_stack("local", admin=AdminsCluster(lists))
    [warning] = [line for line in warning_messages if "changed by others" in line]
    assert "ResourceQuota local/environment: kubectl-edit has set spec.hard" in warning
    assert "Deployment local/adservice: kubectl-edit has set spec.replicas" in warning


def stub_lists(monkeypatch: pytest.MonkeyPatch, **objects: Any) -> None:
    """Have the deployer of a target find objects, by the last part of their list."""

    def list_objects(_: str, __: str, collection: str, **___: Any) -> tuple[Any, ...]:
        spec = {"replicas": 1, "template": {"spec": {"containers": [{"resources": {}}]}}}
        return tuple(
            {"metadata": metadata, "spec": spec} for metadata in objects.get(collection.rpartition("/")[2], ())
        )

    monkeypatch.setattr("boutique.kubernetes.client.ensure_reachable", lambda *_: None)
    monkeypatch.setattr("boutique.kubernetes.listing.list_objects", list_objects)


def test_an_environment_in_anothers_target_is_refused_before_anything_is_made(
    monkeypatch: pytest.MonkeyPatch, created_types: list[str]
) -> None:
    stub_lists(
        monkeypatch,
        services=[edited_metadata("adservice", "rival", {})],
        deployments=[edited_metadata("other", "rival", {})],
    )
    message = refusal_message("dev", answering=False)
    assert "boutique:cluster.target: 'dev': Service dev/adservice belongs to stack 'rival'" in message
    assert not created_types


@pytest.mark.parametrize("stack", ["dev", "dev-new-ads"])
def test_what_others_changed_of_a_stack_on_anothers_cluster_is_said(
    monkeypatch: pytest.MonkeyPatch, warning_messages: list[str], stack: str
) -> None:
    stub_lists(
        monkeypatch,
        deployments=[edited_metadata("adservice-x", stack, REPLICAS), edited_metadata("other-y", "other", REPLICAS)],
    )
    record_stack(stack, answering=False)
    [warning] = [line for line in warning_messages if "changed by others" in line]
    assert "Deployment dev/adservice-x: kubectl-edit has set spec.replicas" in warning
    assert "other-y" not in warning


def test_replicas_are_left_to_an_autoscaler_where_the_configuration_says_so(
    monkeypatch: pytest.MonkeyPatch, warning_messages: list[str]
) -> None:
    stub_lists(monkeypatch, deployments=[edited_metadata("adservice", "dev", REPLICAS)])
    config = change_section("dev", "environment", services={"adservice": {"autoscaled": True}})
    graph = record_stack("dev", config=config, answering=False)
    assert not [line for line in warning_messages if "changed by others" in line]
    left = {deployment.name: list(deployment.request.ignoreChanges) for deployment in graph.of("Deployment")}
    assert left.pop("adservice") == ["spec.replicas"]
    assert set(map(str, left.values())) == {"[]"}
    assert graph.one("Deployment", "adservice").inputs["spec"]["replicas"] == 1, "what a new one begins with"
    assert graph.one("PodDisruptionBudget", "adservice")
    services = graph.outputs["services"]
    assert (services["adservice"]["autoscaled"], "autoscaled" in services["frontend"]) == (True, False)


@pytest.mark.parametrize(
    ("services", "expected"),
    [
        ({"redis-cart": {"autoscaled": True}}, "services.redis-cart.autoscaled: true: a store has one pod"),
        (
            {"adservice": {"autoscaled": True, "rollout": {"strategy": "blueGreen"}}},
            "services.adservice.autoscaled: true: with rollout.strategy blueGreen each release has another Deployment",
        ),
    ],
)
def test_what_no_autoscaler_could_scale_is_refused(services: dict[str, Any], expected: str) -> None:
    assert expected in refusal_message("dev", config=change_section("dev", "environment", services=services))


def test_a_feature_beside_an_autoscaled_service_has_replicas_of_its_own(recording_of: Recorder) -> None:
    assert [list(deployment.request.ignoreChanges) for deployment in recording_of("dev-new-ads").of("Deployment")] == [
        []
    ]


def test_the_api_server_judges_whatever_deployers_write_and_the_targets_own_objects(recording_of: Recorder) -> None:
    spec = recording_of("local").one("ValidatingAdmissionPolicy", "local-admission-owners").inputs["spec"]
    assert spec == owner_policies.rule()
    rules = spec["matchConstraints"]["resourceRules"]
    judged = {f"{rule['apiGroups'][0]}/{name}" for rule in rules for name in rule["resources"]}
    written = {f"{rule.group}/{name}" for rule in DEPLOYER_RULES if "patch" in rule.verbs for name in rule.resources}
    assert written <= judged
    assert {"/namespaces", "/resourcequotas", "networking.k8s.io/networkpolicies"} <= judged
    assert {operation for rule in rules for operation in rule["operations"]} == {"UPDATE"}
    assert "by-deployers" not in str(spec), "it holds for everybody"


def test_deployers_may_list_what_is_asked_for_with_their_rights() -> None:
    from boutique.kubernetes.live_objects import DEPLOYER_KINDS, FEATURE_KINDS
    from boutique.targets.rbac import FEATURES_RULES

    for kinds, rules in ((DEPLOYER_KINDS, DEPLOYER_RULES), (FEATURE_KINDS, FEATURES_RULES)):
        listable = {name for rule in rules if "list" in rule.verbs for name in rule.resources}
        assert {collection.rpartition("/")[2] for collection in kinds.values()} <= listable
    assert listing.whole_cluster(listing.SERVICES) == "/api/v1/services"
    assert listing.whole_cluster(listing.DEPLOYMENTS) == "/apis/apps/v1/deployments"
