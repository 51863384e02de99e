"""Which Service stands in front of which workload, and what the workload is called."""

from typing import Any

import pytest

from boutique.application.manifests.manifest_errors import ManifestError
from tests.support.unit.manifest_samples import container, imported, service, workload


def labelled_metadata(name: str, **labels: str) -> dict[str, Any]:
    content = workload(name)
    content["spec"]["template"]["metadata"]["labels"] = labels
    return content


def test_a_workload_is_called_as_its_service() -> None:
    application = imported(labelled_metadata("web-deployment", app="web"), service("web"))
    assert list(application.content["workloads"]) == ["web"]


def test_a_workload_without_a_service_has_its_own_name_and_no_service_port() -> None:
    application = imported(workload("web"), service("web"), workload("worker"))
    assert application.content["workloads"]["worker"]["ports"] == [{"name": "port-8080", "targetPort": 8080}]
    assert application.report.left_out == []


def test_a_workload_without_a_service_does_not_take_the_name_of_a_service() -> None:
    application = imported(
        labelled_metadata("web-server", app="web"), service("web"), labelled_metadata("web", app="other")
    )
    assert list(application.content["workloads"]) == ["web", "web-2"]
    assert any("Deployment/web: is called 'web-2'" in line for line in application.report.notes)


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        ({"selector": {"app": "gone"}}, "selects the pods of no workload"),
        ({"selector": None}, "selects no pods"),
        ({"selector": None, "type": "ExternalName", "externalName": "db.example.com"}, "a host outside"),
    ],
)
def test_a_service_without_a_workload_is_left_out(spec: dict[str, Any], reason: str) -> None:
    application = imported(workload(), service(), service("other", **spec))
    [line] = application.report.left_out
    assert line.startswith("Service/other: ")
    assert reason in line


def test_versions_behind_one_service_are_one_workload() -> None:
    application = imported(
        service("reviews"),
        *(labelled_metadata(f"reviews-{version}", app="reviews", version=version) for version in ("v1", "v2", "v3")),
        service("reviews-v2", selector={"app": "reviews", "version": "v2"}),
    )
    assert list(application.content["workloads"]) == ["reviews"]
    assert application.report.versions == {
        "reviews": [f"reviews-{version}: registry.example/web:1.2.3" for version in ("v2", "v3")]
    }
    assert application.report.left_out == [
        "Service/reviews-v2: is for one version of a workload; a feature has its own Service"
    ]


def test_a_selector_that_matches_different_workloads_has_one_of_them() -> None:
    application = imported(
        labelled_metadata("web", app="shop", part="web"),
        labelled_metadata("worker", app="shop", part="worker"),
        service("web", selector={"app": "shop"}),
    )
    assert list(application.content["workloads"]) == ["web", "worker"]
    [line] = application.report.left_out
    assert line == (
        "Service/web: selects pods of Deployment/web and of Deployment/worker; a Service has one workload: "
        "Deployment/web"
    )


def test_a_load_balancer_beside_the_service_is_the_external_one() -> None:
    application = imported(workload(), service(), service("web-public", selector={"app": "web"}, type="LoadBalancer"))
    assert application.content["workloads"]["web"]["externalService"] == "web-public"
    assert application.report.left_out == []


def test_a_load_balancer_alone_becomes_the_service() -> None:
    application = imported(workload(), service(type="LoadBalancer"))
    assert "externalService" not in application.content["workloads"]["web"]
    assert application.report.left_out == [
        "Service/web: type: LoadBalancer: people come through the Gateway; so it is a ClusterIP"
    ]


def test_a_second_service_of_a_workload_is_left_out() -> None:
    application = imported(workload(), service(), service("web-headless", selector={"app": "web"}, clusterIP="None"))
    assert "headless" not in application.content["workloads"]["web"]
    assert application.report.left_out == [
        "Service/web-headless: a workload has one Service; Deployment/web has Service/web"
    ]


def test_a_headless_service_alone_stays_headless() -> None:
    assert imported(workload(), service(clusterIP="None")).content["workloads"]["web"]["headless"] is True


def test_manifests_without_a_workload_are_refused() -> None:
    with pytest.raises(ManifestError, match="no Deployment and no StatefulSet"):
        imported(service())


@pytest.mark.parametrize(
    ("port", "own", "expected"),
    [
        (
            {"port": 80, "targetPort": "web"},
            {"name": "web", "containerPort": 8080},
            {"name": "port-80", "port": 80, "targetPort": 8080, "containerPortName": "web"},
        ),
        ({"port": 8080, "name": "grpc"}, {"containerPort": 8080}, {"name": "grpc", "port": 8080}),
        ({"port": 53, "name": "dns", "protocol": "UDP"}, None, {"name": "dns", "port": 53, "protocol": "UDP"}),
        (
            {"port": 80, "name": "web", "appProtocol": "http"},
            None,
            {"name": "web", "port": 80, "appProtocol": "http"},
        ),
        (
            {"port": 80, "targetPort": 8080, "name": "http-of-the-frontend"},
            None,
            {"name": "http-of-the-fro", "port": 80, "targetPort": 8080},
        ),
    ],
)
def test_ports(port: dict[str, Any], own: dict[str, Any] | None, expected: dict[str, Any]) -> None:
    ports = [own] if own else []
    application = imported(workload(containers=[container(ports=ports)]), service(port=port), entry="web")
    assert application.content["workloads"]["web"]["ports"] == [expected]


def test_a_port_of_no_container_is_left_out() -> None:
    application = imported(
        workload(), service(port={"name": "http", "port": 80, "targetPort": "web"}), entry="web"
    )  # fmt: skip
    assert application.report.left_out == ["Deployment/web: port 80: no container has a port called 'web'; name it"]


@pytest.mark.parametrize(
    ("probe", "name", "protocol"),
    [
        ({"httpGet": {"path": "/", "port": 8080}}, None, {"name": "http"}),
        ({"grpc": {"port": 8080}}, None, {"name": "grpc"}),
        ({"httpGet": {"path": "/", "port": 8080}}, "web", {"name": "web", "appProtocol": "http"}),
        ({"tcpSocket": {"port": 8080}}, None, {"name": "port-80"}),
    ],
)
def test_a_probe_tells_the_protocol_of_a_port(
    probe: dict[str, Any], name: str | None, protocol: dict[str, str]
) -> None:
    port = {"port": 80, "targetPort": 8080, **({"name": name} if name else {})}
    objects = workload(containers=[container(readinessProbe=probe)]), service(port=port)
    [imported_port] = imported(*objects, entry="web").content["workloads"]["web"]["ports"]
    assert imported_port == {**protocol, "port": 80, "targetPort": 8080}


def test_the_url_of_a_caller_tells_the_protocol_of_a_port() -> None:
    env = [{"name": "API", "value": "http://api:8000"}]
    application = imported(
        workload(containers=[container(env=env)]), service(), workload("api"), service("api", port={"port": 8000})
    )
    assert application.content["workloads"]["api"]["ports"][0]["name"] == "http"
