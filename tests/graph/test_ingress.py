"""What the ingress promises: it comes after the mesh, serves only with a certificate, and environments learn of it."""

import json
from collections.abc import Mapping
from typing import Any, get_args

import pulumi
import pytest

from boutique.certificates import credentials
from boutique.mesh import gateway
from boutique.settings.ingress_settings import RoutingApi
from boutique.targets.rbac import DEPLOYER_RULES
from tests.support.graph import stack_recordings
from tests.support.graph.clear_text import SECRET, SIGNATURE
from tests.support.graph.graph_recorder import Graph
from tests.support.graph.stack_recordings import DEPLOYED, HTTPS_PORT, PLAIN, TARGETS, Recorder

LOCAL = "local"


@pytest.fixture
def front(recording_of: Recorder) -> Graph:
    return recording_of(LOCAL)


def with_platform(**sections: Any) -> Graph:
    """Record the stack with some of its platform changed."""
    config, secret = stack_recordings.committed_values(LOCAL)
    platform = json.loads(config["boutique:platform"])
    config["boutique:platform"] = json.dumps({**platform, **sections})
    return stack_recordings.record_stack(LOCAL, config=(config, secret))


def of_dev(target: Mapping[str, Any], **environment: Any) -> Graph:
    """Record `dev` with a target as another stack has it."""
    config, secret = stack_recordings.committed_values("dev")
    config["boutique:environment"] = json.dumps(environment)
    others = {"nonprod": {**DEPLOYED, "targets": {**TARGETS, "dev": target}}}
    return stack_recordings.record_stack("dev", others=others, config=(config, secret))


def test_the_gateway_comes_after_the_control_plane_that_gives_it_a_proxy(front: Graph) -> None:
    release = front.one("Release", "ingress-gateway")
    assert front.one("Release", "mesh-istiod").urn in front.before(release)
    assert {policy.urn for policy in front.of("NetworkPolicy") if policy.name.startswith("ingress-")} <= front.before(
        release
    )
    assert (release.inputs["name"], release.inputs["namespace"]) == ("istio-ingressgateway", "istio-ingress")
    assert release.inputs["chart"].endswith("/istio/charts/gateway")


def test_nothing_is_served_before_there_is_a_certificate_and_a_gateway(front: Graph) -> None:
    [gateway] = front.of("Gateway")
    first = {front.one("Secret", "ingress-certificate").urn, front.one("Release", "ingress-gateway").urn}
    assert first <= front.before(gateway)
    assert first <= front.before(front.one("HTTPRoute", "ingress-redirect"))
    assert gateway.object_name == ("Gateway", "istio-ingress", "ingress")


def test_the_certificate_is_the_secret_that_the_gateway_names(front: Graph) -> None:
    secret = front.one("Secret", "ingress-certificate")
    [gateway] = front.of("Gateway")
    named = {listener["tls"]["certificateRefs"][0]["name"] for listener in gateway.inputs["spec"]["listeners"][1:]}
    assert named == {secret.inputs["metadata"]["name"]}
    assert secret.inputs["metadata"]["namespace"] == gateway.inputs["metadata"]["namespace"]


def test_links_and_redirects_have_the_public_port(front: Graph) -> None:
    assert front.outputs["url"] == f"https://shop.localhost:{HTTPS_PORT}"
    [redirect] = front.one("HTTPRoute", "ingress-redirect").inputs["spec"]["rules"][0]["filters"]
    assert redirect["requestRedirect"]["port"] == int(HTTPS_PORT)
    usual = with_platform(ingress={"certificate": {"kind": "certManager", "issuer": "some"}})
    assert usual.outputs["url"] == "https://shop.localhost"


def test_the_certificate_is_for_hosts_and_for_the_names_under_them() -> None:
    graph = with_platform(ingress={"certificate": {"kind": "certManager", "issuer": "some"}})
    [order] = [certificate for certificate in graph.of("Certificate") if certificate.is_object]
    assert order.inputs["spec"]["dnsNames"] == ["shop.localhost", "*.shop.localhost"]


def test_old_versions_of_tls_are_refused_at_every_gateway(front: Graph) -> None:
    settings = front.one("Release", "mesh-istiod").inputs["values"]["meshConfig"]
    assert settings["tlsDefaults"] == {"minProtocolVersion": "TLSV1_2"}


@pytest.mark.parametrize("api", get_args(RoutingApi))
def test_the_gateway_itself_tells_clients_of_misdirected_requests(api: str) -> None:
    graph = with_platform(routing={"api": api})
    [envoy_filter] = graph.of("EnvoyFilter")
    assert envoy_filter.object_name[1:] == ("istio-ingress", "misdirected-requests")
    assert envoy_filter.inputs["spec"]["workloadSelector"]["labels"] == gateway.LABELS
    assert graph.one("Release", "ingress-gateway").urn in graph.before(envoy_filter)


def test_istios_own_kinds_take_the_place_of_the_gateway_apis() -> None:
    graph = with_platform(routing={"api": "virtual-service"})
    kinds = {resource.type.split(":")[1] for resource in (*graph.of("Gateway"), *graph.of("VirtualService"))}
    assert kinds == {"networking.istio.io/v1"}
    assert not graph.of("HTTPRoute")
    assert len(graph.of("Gateway")) == 2
    assert {virtual_service.object_name[1] for virtual_service in graph.of("VirtualService")} == {
        "istio-ingress",
        "local",
    }


def test_without_network_policies_in_the_mesh_the_gateway_has_none() -> None:
    mesh = {"gatewayApi": {"kind": "present"}, "policies": {"network": False}}
    assert not with_platform(mesh=mesh).of("NetworkPolicy")


def test_with_a_certificate_at_the_load_balancer_there_is_none_in_the_cluster() -> None:
    acm = {"kind": "acm", "arn": "arn:aws:acm:eu-central-1:123456789012:certificate/0a1b"}
    graph = with_platform(ingress={"certificate": acm, "loadBalancer": {"kind": "nlb"}})
    assert not graph.of("Certificate")
    assert not graph.of("EnvoyFilter"), "by plain HTTP all hosts share one table of routes"
    labels = graph.one("Namespace", "ingress").inputs["metadata"]["labels"]
    assert labels["elbv2.k8s.aws/pod-readiness-gate-inject"] == "enabled"


def test_without_the_section_there_is_no_ingress(recording_of: Recorder) -> None:
    plain = recording_of(PLAIN)
    assert not [resource.urn for resource in plain.resources if "istio-ingress" in str(resource.inputs)]
    assert "shop.localhost" not in str(plain.outputs)


def test_other_stacks_learn_how_people_reach_a_target_from_its_secret(front: Graph) -> None:
    targets = front.outputs["targets"]
    assert targets[SIGNATURE] == SECRET
    assert targets["value"]["local"]["entrance"] == {
        "routing": "gateway-api",
        "host": "shop.localhost",
        "port": int(HTTPS_PORT),
        "namespace": "istio-ingress",
        "gateway": "ingress",
        "listener": "https-local",
        "previewListener": "preview-local",
        "clusterDomain": "cluster.local",
    }


def test_every_full_name_of_a_service_ends_in_the_domain_of_the_cluster() -> None:
    domain = "prod.example.internal"
    graph = with_platform(dns={"domain": domain, "servers": {"dns": 1053}, "addresses": []})
    [gateway] = graph.of("Gateway")
    assert gateway.inputs["spec"]["addresses"][0]["value"] == f"istio-ingressgateway.istio-ingress.svc.{domain}"
    assert graph.one("Release", "mesh-istiod").inputs["values"]["global"]["proxy"]["clusterDomain"] == domain
    assert graph.outputs["targets"]["value"][LOCAL]["entrance"]["clusterDomain"] == domain
    rule = str(graph.one("ValidatingAdmissionPolicy", "local-admission-isolation-routes").inputs)
    assert "[.]svc[.]prod[.]example[.]internal" in rule
    assert "cluster[.]local" not in rule
    names = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "dns"}}}
    for policy in ("local-policies-mesh", "ingress-istio-ingressgateway"):
        [questions] = [
            rule for rule in graph.one("NetworkPolicy", policy).inputs["spec"]["egress"] if names in rule["to"]
        ]
        assert {(port["protocol"], port["port"]) for port in questions["ports"]} == {("UDP", 1053), ("TCP", 1053)}


def test_an_environment_on_another_stacks_cluster_has_the_host_of_its_target() -> None:
    target = TARGETS["dev"]
    other_port = {**target, "entrance": {**target["entrance"], "port": 8443}}
    without = {name: value for name, value in target.items() if name != "entrance"}
    assert of_dev(target).outputs["url"] == "https://dev.shop.example.com"
    assert of_dev(other_port).outputs["url"] == "https://dev.shop.example.com:8443"
    assert "port-forward" in of_dev(without).outputs["url"]
    assert not of_dev(without).of("HTTPRoute")


def test_an_environment_routes_as_its_cluster_does() -> None:
    target = TARGETS["dev"]
    graph = of_dev({**target, "entrance": {**target["entrance"], "routing": "virtual-service"}}, features={})
    assert not graph.of("HTTPRoute")
    assert {"edge", "frontend"} <= {virtual_service.object_name[2] for virtual_service in graph.of("VirtualService")}


def test_an_entrance_of_another_shape_is_refused() -> None:
    with pytest.raises(pulumi.RunError, match="'nonprod' was deployed by another version of this program; run `pulum"):
        of_dev({**TARGETS["dev"], "entrance": {"address": "dev.shop.example.com"}})


def test_features_need_an_ingress_of_the_other_stack() -> None:
    without = {name: value for name, value in TARGETS["dev"].items() if name != "entrance"}
    with pytest.raises(pulumi.RunError, match=r"boutique:environment\.features: testers come in through an ingress"):
        of_dev(without, features={})


def test_a_deployer_may_write_routes_of_both_kinds_and_say_nothing_about_hosts() -> None:
    writable = {
        (rule.group, resource) for rule in DEPLOYER_RULES if "create" in rule.verbs for resource in rule.resources
    }
    assert ("gateway.networking.k8s.io", "httproutes") in writable
    assert ("networking.istio.io", "virtualservices") in writable
    named = {resource for rule in DEPLOYER_RULES for resource in rule.resources}
    assert not named & {"gateways", "gatewayclasses", "referencegrants", "listenersets", "sidecars", "envoyfilters"}


def test_secrets_of_a_certificate_that_is_not_taken_from_them_are_refused() -> None:
    config, secret = stack_recordings.committed_values(LOCAL)
    key = f"boutique:{credentials.PFX}"
    config[key] = "some"
    with pytest.raises(pulumi.RunError, match=f"{key}: is not used with"):
        stack_recordings.record_stack(LOCAL, config=(config, [*secret, key]))
