"""The call graph of an application, and what it lacks."""

import pytest
import yaml

from boutique.application.advice import application_advice
from boutique.application.application import Application
from boutique.application.application_file import parse_application
from boutique.application.call_graph import reachable_features, workload_calls

PROTOCOLS = "http, http2, grpc, grpc-web, https, tls, tcp, udp, mongo, mysql or redis"
FILE = """
name: mine
entry: {workload: web, sessionCookie: sid}
smokePages: [{name: home, path: /}]
workloads:
  web: &web
    image: registry.example/web:1.2.3
    ports: [{name: http, port: 80, targetPort: 8080}]
    readinessProbe: {httpGet: {port: 8080}}
    resources: {requests: {cpu: 1, memory: 1Gi}, limits: {cpu: 1, memory: 1Gi}}
    calls: {API: 'http://{api}:80'}
  api:
    <<: *web
    calls: {CACHE: '{cache}:6379'}
    callsByName: [mail]
    losesBaggageTo: [mail]
  mail:
    <<: *web
    calls: {}
  cache:
    <<: *web
    ports: [{name: tcp, port: 6379}, {name: http-admin, port: 80}]
    readinessProbe: {tcpSocket: {port: 6379}}
    calls: {}
"""


def application(*, edit: str = "", workload: str = "api") -> Application:
    content = yaml.safe_load(FILE)
    content["workloads"][workload] |= yaml.safe_load(edit) or {}
    return parse_application(yaml.safe_dump(content, sort_keys=False).encode(), "mine.yaml")


def advice(content: Application) -> list[str]:
    return [f"{item.topic}: {item.key}: {item.text}" for item in application_advice(content)]


def test_every_call_has_its_port_and_whether_it_is_followed() -> None:
    edges = {(edge.caller, edge.callee): (edge.port.name, edge.is_followed) for edge in workload_calls(application())}
    assert edges == {
        ("web", "api"): ("http", True),
        ("api", "cache"): ("tcp", False),
        ("api", "mail"): ("http", False),
    }


def test_features_are_reached_by_followed_calls_from_the_entry() -> None:
    assert reachable_features(application()) == {"web", "api"}
    assert reachable_features(application(edit="losesBaggageTo: []")) == {"web", "api", "mail"}


def test_a_complete_application_lacks_only_what_its_calls_lose() -> None:
    text = "no feature of it gets requests: no path of calls from the entry carries `baggage` to it"
    assert advice(application()) == [f"features: workloads.{name}: {text}" for name in ("mail", "cache")]


@pytest.mark.parametrize(
    ("workload", "edit", "line"),
    [
        ("api", "readinessProbe: null", "releases: workloads.api: has no readinessProbe"),
        (
            "api",
            "resources: {limits: {cpu: 1}}",
            "releases: workloads.api.resources: are not complete: requests are 50m",
        ),
        ("api", "image: 'web:latest'", "releases: workloads.api.image: the tag 'latest' moves"),
        ("api", f"image: 'web@sha256:{'0' * 64}'", "releases: workloads.api.image: has a digest and no tag"),
        ("web", "calls: {}", "features: workloads.api: has a Service that no workload calls"),
        (
            "mail",
            "calls: {API: 'http://{api}:80'}",
            "features: workloads: call each other in a circle: api -> mail -> api",
        ),
        (
            "api",
            "ports: [{name: http, port: 80}, {name: administration, port: 81}]",
            "features: workloads.api.ports.1.name: 'administration': Istio knows no such protocol, so features get no "
            f"requests there; begin it with {PROTOCOLS}, such as http-administra, or set appProtocol",
        ),
        (
            "cache",
            "ports: [{name: db, port: 6379}]",
            "features: workloads.cache.ports.0.name: 'db': Istio knows no such protocol, so features get no requests "
            f"there; begin it with {PROTOCOLS}, such as redis-db, or set appProtocol",
        ),
        (
            "api",
            "ports: [{name: http, port: 80, appProtocol: postgres}]",
            "features: workloads.api.ports.0.appProtocol: 'postgres': Istio knows no such protocol, so features get no "
            f"requests there; set {PROTOCOLS}, such as tcp",
        ),
        (
            "web",
            "ports: [{name: https, port: 443}, {name: http, port: 80}]",
            "https: workloads.web.ports: the main port 'https' has TLS of its own",
        ),
    ],
)
def test_what_is_missing_is_said_with_its_key(workload: str, edit: str, line: str) -> None:
    before, after = advice(application()), advice(application(edit=edit, workload=workload))
    [new] = [text for text in after if text.startswith(line)]
    assert new not in before


def test_an_entry_without_a_session_and_pages_is_said() -> None:
    content = yaml.safe_load(FILE)
    del content["entry"]["sessionCookie"], content["smokePages"]
    lines = advice(parse_application(yaml.safe_dump(content, sort_keys=False).encode(), "mine.yaml"))
    assert any(line.startswith("features: entry: has no sessionCookie") for line in lines)
    assert any(line.startswith("releases: smokePages: there are none") for line in lines)


def test_ports_that_istio_does_not_read_are_not_warned_of() -> None:
    ports = "ports: [{name: http, port: 80}, {name: metrics, targetPort: 9}, {name: dns, port: 53, protocol: UDP}]"
    assert advice(application(edit=ports)) == advice(application())
