"""What the mesh promises: there before any pod that needs it, gone after it, and the call graph enforced twice."""

from collections.abc import Callable
from typing import Any

import pulumi
import pytest

from boutique.mesh import policies
from boutique.names import labels
from boutique.names.labels import Owner
from boutique.settings.cluster_dns import CLUSTER_DOMAIN, ClusterDns
from boutique.settings.mesh_settings import ISTIO_VERSION
from boutique.settings.mesh_settings import MeshSettings as Settings
from boutique.targets.rbac import DEPLOYER_RULES
from components.mesh import Mesh, MeshArgs
from tests.support import online_boutique
from tests.support.graph.cloud_answers import Cloud
from tests.support.graph.graph_recorder import Graph, record
from tests.support.graph.stack_recordings import PLAIN, Recorder

Build = Callable[..., Graph]

DEFINITIONS = {"CustomResourceDefinition", "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"}


OWNER = Owner(stack="some", application="shop")


@pytest.fixture
def mesh_graph(recording_of: Recorder) -> Graph:
    return recording_of("local")


@pytest.fixture
def build() -> Build:
    def run(cluster_domain: str = CLUSTER_DOMAIN, **section: Any) -> Graph:
        settings = Settings.model_validate({"gatewayApi": {"kind": "present"}, **section})
        args = MeshArgs(
            settings=settings,
            cluster_domain=cluster_domain,
            deletion_seconds=300,
            owner=Owner(stack="some", application="shop"),
        )
        return record(lambda: ignore_record(Mesh("mesh", args)), Cloud(), stack="some", config={})

    return run


def ignore_record(_: pulumi.Resource) -> None:
    return None


def test_every_workload_and_every_policy_comes_after_the_control_plane(mesh_graph: Graph) -> None:
    istiod = mesh_graph.one("Release", "mesh-istiod").urn
    late = [*mesh_graph.of("Deployment"), *mesh_graph.of("AuthorizationPolicy"), *mesh_graph.of("PeerAuthentication")]
    assert len(late) > len(online_boutique.WORKLOADS)
    assert not [resource.urn for resource in late if istiod not in mesh_graph.before(resource)]


def test_the_control_plane_comes_after_istios_definitions_and_the_node_agent(build: Build) -> None:
    istiod = (graph := build()).one("Release", "mesh-istiod")
    assert {graph.one("Namespace", "mesh").urn, graph.one("Release", "mesh-base").urn} <= graph.before(istiod)
    with_cni = build(cni=True)
    assert with_cni.one("Release", "mesh-cni").urn in with_cni.before(with_cni.one("Release", "mesh-istiod"))
    assert {release.name for release in build().of("Release")} == {"mesh-base", "mesh-istiod"}


def test_whatever_the_gateway_api_defines_comes_after_its_definitions(mesh_graph: Graph) -> None:
    kinds = {resource.urn: resource.kind for resource in mesh_graph.resources if "gateway-api" in resource.name}
    first = {urn for urn, kind in kinds.items() if kind in DEFINITIONS}
    assert {kinds[urn] for urn in first} == DEFINITIONS
    late = [*mesh_graph.of("Gateway"), *mesh_graph.of("HTTPRoute")]
    assert len(late) > len(online_boutique.WORKLOADS)
    assert not [resource.urn for resource in late if not first <= mesh_graph.before(resource)]


def test_definitions_stay_when_the_stack_goes_and_nothing_else_does(mesh_graph: Graph) -> None:
    kept = {resource.kind for resource in mesh_graph.resources if resource.request.retainOnDelete}
    assert kept == {"CustomResourceDefinition"}


def test_descriptions_are_left_out_but_fields_of_that_name_are_not(mesh_graph: Graph) -> None:
    [definition] = mesh_graph.of("CustomResourceDefinition")
    assert definition.inputs["spec"] == {"properties": {"description": {"type": "string"}}}


@pytest.mark.parametrize(
    ("charts", "version", "expected"),
    [
        (
            {"kind": "repository"},
            "1.31.1",
            {"chart": "istiod", "repositoryOpts": {"repo": "https://blob.istio.io/istio-release/charts"}},
        ),
        ({"kind": "registry"}, "1.31.2", {"chart": "oci://ghcr.io/istio/release/charts/istiod"}),
    ],
)
def test_releases_have_fixed_names_exact_versions_and_a_bounded_history(
    build: Build, charts: dict[str, str], version: str, expected: dict[str, Any]
) -> None:
    graph = build(charts=charts, version=version, cni=True)
    assert {release.inputs["name"] for release in graph.of("Release")} == {"istio-base", "istio-cni", "istiod"}
    for release in graph.of("Release"):
        assert release.inputs["version"] == version
        assert release.inputs["maxHistory"] == 10
        assert not release.inputs.get("createNamespace")
    inputs = graph.one("Release", "mesh-istiod").inputs
    assert {key: inputs.get(key) for key in ("chart", "repositoryOpts") if key in inputs} == expected


def test_charts_in_a_folder_get_the_images_of_the_configured_version(mesh_graph: Graph) -> None:
    inputs = mesh_graph.one("Release", "mesh-istiod").inputs
    assert inputs["chart"].endswith("/files/istio/charts/istiod")
    assert "version" not in inputs
    assert inputs["values"]["global"]["hub"] == "docker.io/istio"
    assert inputs["values"]["global"]["tag"] == ISTIO_VERSION


def values(graph: Graph) -> dict[str, Any]:
    chart_values: dict[str, Any] = graph.one("Release", "mesh-istiod").inputs["values"]
    return chart_values


def test_a_call_that_the_callee_may_have_begun_is_never_repeated(build: Build) -> None:
    assert values(build())["meshConfig"]["defaultHttpRetryPolicy"]["retryOn"] == "connect-failure,refused-stream"


def test_what_is_configured_arrives_in_the_values(build: Build) -> None:
    high, single = values(build(replicas=3, maxReplicas=7)), values(build(replicas=1))
    assert (high["autoscaleMin"], high["autoscaleMax"], single["autoscaleMin"]) == (3, 7, 1)
    assert high["topologySpreadConstraints"]
    assert not single["topologySpreadConstraints"]
    assert values(build(cni=True))["cni"] == {"enabled": True}
    assert values(build(egress="any"))["meshConfig"]["outboundTrafficPolicy"] == {"mode": "ALLOW_ANY"}
    stock, own = values(build(stockEnvoy=True)), values(build())
    assert (stock["telemetry"], own["telemetry"]) == ({"enabled": False}, {"enabled": True})
    assert set(stock["env"]) - set(own["env"]) == {"PILOT_ENABLE_METADATA_EXCHANGE", "PILOT_ENABLE_ALPN_FILTER"}


def test_proxies_know_the_domain_of_the_cluster_and_leave_dns_alone(build: Build) -> None:
    for domain in ("cluster.local", "prod.example.internal"):
        chart_values = values(build(cluster_domain=domain))
        assert chart_values["global"]["proxy"]["clusterDomain"] == domain
        assert chart_values["global"]["proxy"]["excludeOutboundPorts"] == "53"
        assert chart_values["meshConfig"]["trustDomain"] == "cluster.local", "identities are another name"


def test_init_containers_find_their_proxy_running(build: Build) -> None:
    # The load generator asks for the frontend before it starts.
    assert values(build())["env"]["ENABLE_NATIVE_SIDECARS"] == "true"


@pytest.mark.parametrize(("mode", "expected"), [("strict", "STRICT"), ("permissive", "PERMISSIVE")])
def test_mutual_tls_holds_for_the_whole_mesh(build: Build, mode: str, expected: str) -> None:
    [authentication] = build(policies={"mtls": mode}).of("PeerAuthentication")
    assert authentication.object_name == ("PeerAuthentication", "istio-system", "default")
    assert authentication.inputs["spec"] == {"mtls": {"mode": expected}}


def test_pods_of_targets_get_a_proxy_and_their_namespace_lets_it_be_set_up(mesh_graph: Graph) -> None:
    namespace_labels = mesh_graph.one("Namespace", "local").inputs["metadata"]["labels"]
    assert namespace_labels["istio-injection"] == "enabled"
    assert namespace_labels["pod-security.kubernetes.io/enforce"] == "privileged"
    agents = labels.namespace("shop", meshed=True, node_agents=True)
    assert agents["pod-security.kubernetes.io/enforce"] == "baseline"
    assert agents["istio-injection"] == "enabled"
    for outside in ("deployers", "mesh"):
        assert "istio-injection" not in mesh_graph.one("Namespace", outside).inputs["metadata"]["labels"]


def test_the_policies_are_those_of_the_table_and_no_deployer_may_change_them(mesh_graph: Graph) -> None:
    edges = policies.table(online_boutique.APPLICATION)
    for kind, expected in (
        ("AuthorizationPolicy", policies.authorization(edges, "local")),
        ("NetworkPolicy", policies.network(edges, ClusterDns())),
    ):
        resources = [resource for resource in mesh_graph.of(kind) if not resource.name.startswith("ingress-")]
        specs = {resource.object_name: resource.inputs.get("spec") for resource in resources}
        assert specs == {(kind, "local", name): spec for name, spec in expected.items()}
        assert all("::cluster::" in resource.request.provider for resource in mesh_graph.of(kind))
        assert not [rule for rule in DEPLOYER_RULES if f"{kind[:-1].lower()}ies" in rule.resources]


def test_policies_know_callers_by_what_their_pods_really_have(mesh_graph: Graph) -> None:
    for deployment in mesh_graph.of("Deployment"):
        template = deployment.inputs["spec"]["template"]
        assert template["spec"]["serviceAccountName"] == deployment.name
        assert template["metadata"]["labels"]["app"] == deployment.name
    callers = {edge.caller for edge in policies.table(online_boutique.APPLICATION)} - {policies.GATEWAY}
    assert {caller.name for caller in callers} <= {deployment.name for deployment in mesh_graph.of("Deployment")}


def test_without_the_section_there_is_no_mesh(recording_of: Recorder) -> None:
    graph = recording_of(PLAIN)
    assert not graph.of("Release")
    assert not graph.of("NetworkPolicy")
    assert "istio-injection" not in graph.one("Namespace", "local").inputs["metadata"]["labels"]
