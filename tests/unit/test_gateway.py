"""The gateway's chart and its hosts: no target routes another's host, plain HTTP is redirected to HTTPS, pods drain."""

import json
import re
from collections.abc import Mapping
from typing import Any, get_args

import pytest

from boutique.mesh import misdirected_requests, policies
from boutique.mesh.gateway import LABELS, NAME, NAMESPACE, Object, listener, objects, preview_listener
from boutique.mesh.gateway_hosts import HostAssignment
from boutique.mesh.gateway_values import values
from boutique.names import labels
from boutique.settings.cluster_dns import ClusterDns
from boutique.settings.ingress_settings import GATEWAY_API, VIRTUAL_SERVICE, IngressSettings, RoutingApi
from tests.support import online_boutique

CLAIMS = (
    HostAssignment(target="dev", namespace="development", host="dev.example.com"),
    HostAssignment(target="test", namespace="test", host="test.example.com"),
)
APIS = get_args(RoutingApi)
CERTIFICATE = {"kind": "certManager", "issuer": "some"}
ACM = {"kind": "acm", "arn": "arn:aws:acm:eu-central-1:123456789012:certificate/0a1b"}


def gateway_objects(
    api: RoutingApi, certificate: str | None = "certificate", port: int = 443
) -> dict[tuple[str, str], Object]:
    return {(resource.kind, resource.name): resource for resource in objects(api, CLAIMS, certificate, port)}


def ingress(**section: Any) -> IngressSettings:
    return IngressSettings.model_validate({"certificate": CERTIFICATE, **section})


def annotations(**section: Any) -> Mapping[str, str]:
    service_annotations: Mapping[str, str] = values(ingress(loadBalancer={"kind": "nlb"}, **section))["service"][
        "annotations"
    ]
    return {
        name.removeprefix("service.beta.kubernetes.io/aws-load-balancer-"): value
        for name, value in service_annotations.items()
    }


def test_a_host_and_the_names_under_it_are_open_to_routes_of_one_namespace_only() -> None:
    listeners = {
        listener["name"]: listener for listener in gateway_objects(GATEWAY_API)["Gateway", NAME].spec["listeners"]
    }
    for claim in CLAIMS:
        for name, host in ((listener(claim.target), claim.host), (preview_listener(claim.target), claim.previews)):
            assert listeners[name]["hostname"] == host
            selected = {"matchLabels": {"kubernetes.io/metadata.name": claim.namespace}}
            assert listeners[name]["allowedRoutes"]["namespaces"] == {"from": "Selector", "selector": selected}
    assert listeners["http"]["allowedRoutes"] == {"namespaces": {"from": "Same"}}
    assert len(listeners) == 5

    servers = gateway_objects(VIRTUAL_SERVICE)["Gateway", NAME].spec["servers"]
    assert [server["hosts"] for server in servers] == [
        ["development/dev.example.com", "development/*.dev.example.com"],
        ["test/test.example.com", "test/*.test.example.com"],
    ]
    [plain] = gateway_objects(VIRTUAL_SERVICE)["Gateway", "redirect"].spec["servers"]
    assert plain["hosts"] == [f"{NAMESPACE}/*"]


def test_hosts_are_served_by_tls_with_the_certificate() -> None:
    for entry in gateway_objects(GATEWAY_API, "some-secret")["Gateway", NAME].spec["listeners"][1:]:
        assert (entry["port"], entry["protocol"], entry["tls"]["mode"]) == (443, "HTTPS", "Terminate")
        assert entry["tls"]["certificateRefs"] == [{"kind": "Secret", "name": "some-secret"}]
    for entry in gateway_objects(VIRTUAL_SERVICE, "some-secret")["Gateway", NAME].spec["servers"]:
        assert (entry["port"]["number"], entry["port"]["protocol"]) == (443, "HTTPS")
        assert entry["tls"] == {"mode": "SIMPLE", "credentialName": "some-secret", "minProtocolVersion": "TLSV1_2"}


@pytest.mark.parametrize("api", APIS)
def test_where_the_load_balancer_ends_tls_the_gateway_has_no_certificate(api: RoutingApi) -> None:
    spec = gateway_objects(api, None)["Gateway", NAME].spec
    assert "tls" not in json.dumps(spec)
    assert "HTTPS" not in json.dumps(spec)


@pytest.mark.parametrize("api", APIS)
def test_a_request_that_another_connection_serves_is_told_so(api: RoutingApi) -> None:
    spec = gateway_objects(api)["EnvoyFilter", misdirected_requests.NAME].spec
    [patch] = spec["configPatches"]
    [mapper] = patch["patch"]["value"]["typed_config"]["local_reply_config"]["mappers"]
    _, elsewhere = mapper["filter"]["and_filter"]["filters"]
    hosts = [claim.host for claim in CLAIMS]
    expression = elsewhere["extension_filter"]["typed_config"]["expression"]
    assert (mapper["status_code"], expression) == (421, misdirected_requests.misdirected_expression(hosts))
    assert spec["workloadSelector"]["labels"] == LABELS
    assert not [key for key in gateway_objects(api, None) if key[0] == "EnvoyFilter"]


@pytest.mark.parametrize(
    ("host", "served"),
    [
        ("dev.example.com", True),
        ("new-ads.dev.example.com:8443", True),
        ("TEST.example.com", True),
        ("xdev.example.com", False),
        ("dev-example.com", False),
        ("dev.example.com.evil.example", False),
        ("dev.example.com:x", False),
    ],
)
def test_only_hosts_of_targets_are_served_by_another_connection(host: str, served: bool) -> None:
    expression = misdirected_requests.misdirected_expression([claim.host for claim in CLAIMS])
    pattern = json.loads(expression.partition("matches(")[2].partition(") &&")[0])
    assert bool(re.search(pattern, host)) is served


def test_plain_http_leads_to_the_public_port_for_good() -> None:
    route = gateway_objects(GATEWAY_API, port=8443)["HTTPRoute", "redirect"].spec
    assert route["parentRefs"] == [{"name": NAME, "sectionName": "http"}]
    [rule] = route["rules"]
    wanted = {"scheme": "https", "port": 8443, "statusCode": 301}
    assert rule == {"filters": [{"type": "RequestRedirect", "requestRedirect": wanted}]}
    own = gateway_objects(VIRTUAL_SERVICE, port=8443)["VirtualService", "redirect"].spec
    assert own["gateways"] == ["redirect"]
    assert own["http"] == [{"redirect": {"scheme": "https", "port": 8443, "redirectCode": 301}}]


def test_the_gateway_of_the_chart_serves_the_gateway_api() -> None:
    gateway = gateway_objects(GATEWAY_API)["Gateway", NAME]
    address = {"type": "Hostname", "value": "istio-ingressgateway.istio-ingress.svc.cluster.local"}
    assert gateway.spec["addresses"] == [address]
    assert gateway.annotations == {"pulumi.com/waitFor": "condition=Programmed"}
    assert (
        gateway_objects(VIRTUAL_SERVICE)["Gateway", NAME].spec["selector"]
        == LABELS
        == {
            "app": "istio-ingressgateway",
            "istio": "ingressgateway",
        }
    )


def test_the_gateway_is_named_in_the_domain_of_the_cluster() -> None:
    resources = {
        resource.kind: resource
        for resource in objects(GATEWAY_API, CLAIMS, "certificate", 443, "prod.example.internal")
    }
    value = "istio-ingressgateway.istio-ingress.svc.prod.example.internal"
    assert resources["Gateway"].spec["addresses"] == [{"type": "Hostname", "value": value}]


def test_a_pod_that_ends_serves_on_then_drains_and_is_never_cut_short() -> None:
    chart_values = values(ingress(preStopSeconds=20, drainSeconds=40))
    assert chart_values["lifecycle"] == {"preStop": {"sleep": {"seconds": 20}}}
    proxy_config = json.loads(chart_values["podAnnotations"]["proxy.istio.io/config"])
    assert proxy_config == {"terminationDrainDuration": "40s"}
    assert chart_values["terminationGracePeriodSeconds"] > 20 + 40
    assert chart_values["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}
    assert values(ingress(preStopSeconds=0))["lifecycle"] == {}


def test_several_pods_are_kept_apart_and_a_drain_takes_one_at_a_time() -> None:
    several, single = values(ingress(replicas=3, maxReplicas=7)), values(ingress(replicas=1))
    assert several["autoscaling"] == {"minReplicas": 3, "maxReplicas": 7}
    assert several["podDisruptionBudget"]["maxUnavailable"] == 1
    for constraint in several["topologySpreadConstraints"]:
        assert constraint["labelSelector"] == {"matchLabels": LABELS}
        assert constraint["whenUnsatisfiable"] == "ScheduleAnyway"
    assert not single["topologySpreadConstraints"]


def test_the_load_balancer_is_the_one_that_was_asked_for() -> None:
    given = {"kind": "cluster", "annotations": {"some": "thing"}}
    assert values(ingress(loadBalancer=given))["service"] == {
        "type": "LoadBalancer",
        "annotations": {"some": "thing"},
    }
    assert values(ingress(loadBalancer={"kind": "none"}))["service"] == {"type": "ClusterIP"}
    nlb = {"kind": "nlb", "className": "eks.amazonaws.com/nlb"}
    assert values(ingress(loadBalancer=nlb))["service"]["loadBalancerClass"] == "eks.amazonaws.com/nlb"


def test_the_nlb_knows_the_gateways_health_and_waits_as_long_as_the_gateway_drains() -> None:
    service_annotations = annotations(drainSeconds=45)
    assert service_annotations["scheme"] == "internet-facing"
    assert service_annotations["nlb-target-type"] == "ip"
    assert service_annotations["healthcheck-port"] == "15021"
    assert "deregistration_delay.timeout_seconds=45" in service_annotations["target-group-attributes"].split(",")
    assert "ssl-cert" not in service_annotations
    assert annotations(certificate=ACM)["ssl-cert"] == ACM["arn"]
    assert annotations(certificate=ACM)["ssl-ports"] == "443"
    gate = labels.gateway("shop", readiness_gate=True).items() - labels.gateway("shop", readiness_gate=False).items()
    assert dict(gate) == {"elbv2.k8s.aws/pod-readiness-gate-inject": "enabled"}


@pytest.mark.parametrize("on", [True, False])
def test_both_sides_of_the_proxy_protocol_are_told(on: bool) -> None:
    chart_values = values(ingress(loadBalancer={"kind": "nlb", "proxyProtocol": on}))
    proxy_config = json.loads(chart_values["podAnnotations"]["proxy.istio.io/config"])
    attributes = chart_values["service"]["annotations"][
        "service.beta.kubernetes.io/aws-load-balancer-target-group-attributes"
    ]
    assert (proxy_config.get("gatewayTopology") == {"proxyProtocol": {}}) is on
    assert f"proxy_protocol_v2.enabled={str(on).lower()}" in attributes.split(",")


def test_a_team_may_say_more_of_its_load_balancer() -> None:
    scheme = "service.beta.kubernetes.io/aws-load-balancer-scheme"
    nlb = {"kind": "nlb", "annotations": {scheme: "internal", "some": "thing"}}
    service_annotations = values(ingress(loadBalancer=nlb))["service"]["annotations"]
    assert (service_annotations[scheme], service_annotations["some"]) == ("internal", "thing")


def test_the_network_lets_the_gateway_reach_the_entry_and_nothing_else_of_the_shop() -> None:
    specs = policies.gateway(dict.fromkeys(("dev", "test"), online_boutique.ENTRY), ClusterDns())
    assert specs["default-deny"]["podSelector"] == {}
    own = specs[policies.GATEWAY.name]
    assert own["podSelector"] == {"matchLabels": {"app": LABELS["app"]}}
    [come_in] = own["ingress"]
    assert {80, 443, 15021} <= {port["port"] for port in come_in["ports"]}
    assert "from" not in come_in, "people come from anywhere"
    to_shop = [
        rule for rule in own["egress"] if {"protocol": "TCP", "port": online_boutique.ENTRY.port} in rule["ports"]
    ]
    assert [
        (peer["namespaceSelector"]["matchLabels"], peer["podSelector"]["matchLabels"])
        for rule in to_shop
        for peer in rule["to"]
    ] == [({"kubernetes.io/metadata.name": name}, {"app": online_boutique.ENTRY.name}) for name in ("dev", "test")]
    assert len(own["egress"]) == 4, "names, of two kinds of cluster, and the control plane beside it"
