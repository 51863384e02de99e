"""What the file of an application may say: every error is one line with the key, and nothing is left out silently."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from boutique.application.application import Application
from boutique.application.application_file import load_application, parse_application
from boutique.application.contract import contract, contract_errors
from boutique.mesh import policies
from boutique.names import labels
from boutique.routing import route_descriptions, route_parser, route_rendering, route_table, virtual_services
from boutique.routing.model import FeatureRouting
from boutique.settings.errors import SettingsError
from boutique.settings.stack import Environment
from boutique.workloads.pod_template import merge, pod_template
from boutique.workloads.resolved_workload import resolve_workloads
from boutique.workloads.service_spec import service_spec
from tests.support.online_boutique import ROOT

NAME = "application/mine.yaml"


def workloads(**changes: Any) -> dict[str, Any]:
    """Return a page that calls a cart by HTTP and by TCP, with changes to either."""
    page = {
        "image": "registry.example:5000/shop/page:1.2.0",
        "ports": [{"name": "http", "port": 80, "targetPort": 8080}],
        "calls": {"CART_URL": "http://{cart}:9080/x"},
    }
    cart = {
        "image": "registry.example:5000/shop/cart:1.2.0",
        "ports": [{"name": "http-api", "port": 9080}, {"name": "grpc-admin", "port": 9090}, {"name": "tcp", "port": 7}],
    }
    return {"page": page | changes.pop("page", {}), "cart": cart | changes.pop("cart", {}), **changes}


def application(entry: dict[str, Any] | None = None, **changes: Any) -> Application:
    content = {"name": "mine", "entry": {"workload": "page", **(entry or {})}, "workloads": workloads(**changes)}
    return parse_application(yaml.safe_dump(content).encode(), NAME)


def errors(entry: dict[str, Any] | None = None, **changes: Any) -> str:
    with pytest.raises(SettingsError) as caught:
        application(entry, **changes)
    return "\n".join(caught.value.errors)


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        (
            {"page": {"calls": {"A": "http://{kart}:1"}}},
            "workloads.page.calls.A: 'http://{kart}:1': 'kart': there is no ",
        ),
        ({"page": {"calls": {"A": "{cart}:81"}}}, "'cart' has no port 81; there are: 9080, 9090, 7"),
        ({"page": {"calls": {"A": "cart:9080"}}}, "names no workload; write its name in braces, such as '{cart}:8080'"),
        ({"page": {"callsByName": ["page"]}}, "workloads.page.callsByName: 'page': a workload does not call itself"),
        (
            {"page": {"callsByName": ["job"]}, "job": {"image": "a:1"}},
            "'job' has no Service; give it ports with a port",
        ),
        ({"page": {"losesBaggageTo": ["carts"]}}, "losesBaggageTo: 'carts': is not called; there are: cart"),
        ({"cart": {"ports": [{"name": "a", "port": 1}, {"name": "a", "port": 2}]}}, "ports: 2 ports are called 'a'"),
        ({"cart": {"ports": [{"name": "a", "port": 1}, {"name": "b", "port": 1}]}}, "2 ports have the number 1/TCP"),
        ({"cart": {"ports": [{"name": "a"}]}}, "workloads.cart.ports.0: "),
        (
            {"cart": {"ports": [{"name": "a", "port": 70000}]}},
            "workloads.cart.ports.0.port: 70000: must be at most 65535",
        ),
        ({"cart": {"env": {"A": {}}}}, "workloads.cart.env.A: {}: must have one of value, fieldRef"),
        ({"page": {"env": {"CART_URL": "x"}}}, "workloads.page.env.CART_URL: is among calls too"),
        ({"cart": {"readinessProbe": {"periodSeconds": 1}}}, "must have one of httpGet, grpc, tcpSocket and exec"),
        ({"cart": {"readinessProbe": {"httpGet": {"port": "web"}}}}, "the container has no port called 'web'"),
        ({"cart": {"emptyDirs": {"a": "/x"}, "files": {"/x": {"f": ""}}}}, "/x: two volumes are mounted there"),
        (
            {"cart": {"persistentVolumeClaims": {"data": {"mountPath": "/d", "size": "1Gi"}}}},
            "persistentVolumeClaims.data: only one node can mount it",
        ),
        ({"cart": {"image": "cart"}}, "workloads.cart.image: \"cart\": 'cart' has neither a tag nor a digest"),
        ({"cart": {"user": {"runAsUser": 0}}}, "workloads.cart.user.runAsUser: 0: must be at least 1"),
        ({"cart": {"imagee": "x:1"}}, "workloads.cart.imagee: there is no such key; did you mean 'image'?"),
        ({"page": {"externalService": "cart"}}, "externalService: 'cart': is the name of a workload"),
        ({"Cart": {"image": "a:1"}}, 'workloads.Cart: "Cart": must be lower-case letters'),
    ],
)
def test_an_error_is_named_with_its_key_and_the_remedy(changes: dict[str, Any], line: str) -> None:
    text = errors(**changes)
    assert line in text
    assert all(each.startswith(f"{NAME}: ") for each in text.splitlines())


@pytest.mark.parametrize(
    ("entry", "line"),
    [
        ({"workload": "pages"}, "entry.workload: 'pages': there is no such workload; did you mean 'page'?"),
        ({"workload": "cart", "sessionCookie": "a b"}, 'entry.sessionCookie: "a b": must be the name of a cookie'),
        ({"sessionCookie": "a", "sessionHeader": "b"}, "must have sessionCookie or sessionHeader, not both"),
    ],
)
def test_the_entry_is_checked(entry: dict[str, Any], line: str) -> None:
    assert line in errors(entry)


def test_people_reach_the_entry_by_http() -> None:
    text = errors(page={"ports": [{"name": "tcp", "port": 80}]})
    assert "entry.workload: 'page': people reach it by HTTP; give it a port with a name that begins with http" in text


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"a: [", "application/mine.yaml: line 2, column 1: is not YAML"),
        (b"\ta: 1", "line 1, column 1: is not YAML: found character that cannot start any token"),
        (b"\xff\xfe\x00", "is not YAML"),
        (b"[]", "application/mine.yaml: []: must be a mapping of keys to values"),
        (b"", "application/mine.yaml: null: must be a mapping of keys to values"),
        (b"name: a\n", "application/mine.yaml: entry: is missing"),
        (b"#" * (5 * 2**20 + 1), "has 5242881 bytes; the file of an application has at most 5242880"),
        (b"name: a\nentry: {workload: b}\nworkloads: {b: 1}\n", "workloads.b: 1: must be a mapping of keys to values"),
        (b"name: a\nentry: {workload: b}\nworkloads: {b: {}}\n", "workloads.b.image: is missing"),
    ],
)
def test_no_content_of_a_file_is_a_stack_trace(content: bytes, line: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse_application(content, NAME)
    assert line in str(caught.value)


def test_a_name_that_is_none_is_answered_with_those_that_are_there() -> None:
    with pytest.raises(SettingsError, match=r"there is no file application/online-butik\.yaml; did you mean"):
        load_application("online-butik", ROOT)
    with pytest.raises(SettingsError, match=r"'other/app\.yaml': there is no file other/app\.yaml; `boutique"):
        load_application("other/app.yaml", ROOT)


def test_a_path_is_taken_from_the_project(tmp_path: Path) -> None:
    content = {"name": "mine", "entry": {"workload": "page"}, "workloads": workloads()}
    (tmp_path / "app.yaml").write_text(yaml.safe_dump(content))
    assert (
        load_application("./app.yaml", tmp_path) == load_application(str(tmp_path / "app.yaml"), ROOT) == application()
    )


def test_callees_come_first_and_circles_are_allowed() -> None:
    assert [each.name for each in application().workloads] == ["cart", "page"]
    around = application(cart={"callsByName": ["page"]})
    assert {each.name for each in around.workloads} == {"cart", "page"}
    assert around.workloads_by_name["page"].addresses() == {"CART_URL": "http://cart:9080/x"}
    assert around.workloads_by_name["page"].addresses({"cart": "cart-x"}) == {"CART_URL": "http://cart-x:9080/x"}


def test_a_call_is_allowed_on_the_port_that_its_address_names_and_by_name_on_all() -> None:
    def ports(**changes: Any) -> set[int]:
        edges = policies.table(application(**changes))
        return {edge.port for edge in edges if edge.callee == "cart"}

    assert ports() == {9080}
    assert ports(page={"callsByName": ["cart"]}) == {9080, 9090, 7}
    rules = policies.authorization(policies.table(application(page={"callsByName": ["cart"]})), "dev")["cart"]["rules"]
    assert [rule["to"][0]["operation"]["ports"] for rule in rules] == [["7"], ["9080"], ["9090"]]


def test_every_port_with_headers_has_routes_of_its_own() -> None:
    settings = Environment.model_validate({"features": {}})
    environment = route_rendering.environment(application(), settings, "dev", "dev.example.com")
    names = [route.name for route in route_table.baseline(environment).mesh]
    assert names == ["cart", "cart-9090", "page"]
    feature = FeatureRouting(stack="dev-x", key="x", services=("cart",))
    added = route_table.additions(environment, feature)
    assert [(route.name, str(route.service), str(route.backend)) for route in added.mesh] == [
        ("cart-x", "cart:9080", "cart-x:9080"),
        ("cart-x-9090", "cart:9090", "cart-x:9090"),
    ]


def test_virtual_services_tell_the_ports_of_a_service_apart() -> None:
    settings = Environment.model_validate({"features": {}})
    environment = route_rendering.environment(application(), settings, "dev", "dev.example.com")
    feature = FeatureRouting(stack="dev", key="x", services=("cart",))
    table = route_table.table(environment, [feature])
    specs = virtual_services.mesh(table)
    assert [rule["match"][0].get("port") for rule in specs["cart"]["http"]] == [9080, 9090, 9080, 9090]
    assert "match" not in specs["page"]["http"][0]
    objects = [
        {"metadata": {"name": name, "creationTimestamp": "", "annotations": {labels.OWNER: "dev"}}, "spec": spec}
        for name, spec in specs.items()
    ]
    read = route_parser.in_force([], objects)
    assert read.unread == ()
    assert set(read.table.mesh) == set(table.mesh)
    specs["cart"]["http"][0]["match"][0]["port"] = 9090
    assert "is for the port 9090 only" in route_parser.in_force([], objects).unread[0]


def test_a_session_is_told_by_a_header_and_is_not_shown() -> None:
    settings = Environment.model_validate({"features": {}})
    feature = FeatureRouting(stack="dev-x", key="x", services=("cart",), sessions=("secret-id",))
    by_header = route_rendering.environment(
        application({"sessionHeader": "X-User"}), settings, "dev", "dev.example.com"
    )
    [_, session] = route_table.additions(by_header, feature).edge
    assert session.header is not None
    assert (session.header.name, session.header.value, "X-User" in session.vary) == ("X-User", "secret-id", True)
    assert "secret-id" not in route_descriptions.describe_request(session, lambda host: host)
    without = route_rendering.environment(application(), settings, "dev", "dev.example.com")
    with pytest.raises(route_table.RoutingError, match="names no sessionCookie and no sessionHeader"):
        route_table.additions(without, feature)


def test_a_pod_has_what_the_file_says() -> None:
    app = application(
        cart={
            "command": ["/cart"],
            "args": ["--fast"],
            "env": {"POD_IP": {"fieldRef": {"fieldPath": "status.podIP"}}, "A": "b"},
            "startupProbe": {"exec": {"command": ["true"]}},
            "emptyDirs": {"cache": {"mountPath": "/cache", "medium": "Memory", "sizeLimit": "8Mi"}},
            "files": {"/etc/cart": {"cart.yaml": "a: 1"}},
            "persistentVolumeClaims": {"data": {"mountPath": "/data", "size": "1Gi"}},
            "stateful": True,
            "user": {"runAsUser": 999},
            "writableRoot": True,
            "pod": {"hostAliases": [{"ip": "10.0.0.1"}], "securityContext": {"fsGroup": 7}},
            "container": {"volumeMounts": [{"name": "cache", "readOnly": True}], "tty": True},
        }
    )
    [cart] = [each for each in resolve_workloads(app, Environment()) if each.workload.name == "cart"]
    spec = pod_template(cart, "cart", files="cart-files")["spec"]
    [container] = spec["containers"]
    assert (container["command"], container["args"], container["tty"]) == (["/cart"], ["--fast"], True)
    assert container["env"] == [
        {"name": "POD_IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
        {"name": "A", "value": "b"},
    ]
    assert container["startupProbe"] == {"exec": {"command": ("true",)}}
    assert [port["containerPort"] for port in container["ports"]] == [9080, 9090, 7]
    assert {mount["name"]: mount for mount in container["volumeMounts"]} == {
        "cache": {"name": "cache", "mountPath": "/cache", "readOnly": True},
        "data": {"name": "data", "mountPath": "/data"},
        "config-1": {"name": "config-1", "mountPath": "/etc/cart", "readOnly": True},
    }
    assert spec["volumes"] == [
        {"name": "cache", "emptyDir": {"medium": "Memory", "sizeLimit": "8Mi"}},
        {"name": "data", "persistentVolumeClaim": {"claimName": "cart-data"}},
        {
            "name": "config-1",
            "configMap": {"name": "cart-files", "items": [{"key": "etc__cart__cart.yaml", "path": "cart.yaml"}]},
        },
    ]
    assert spec["securityContext"] == {"runAsUser": 999, "runAsGroup": 999, "fsGroup": 7, "runAsNonRoot": True}
    assert spec["hostAliases"] == [{"ip": "10.0.0.1"}]
    assert cart.strategy == "recreate"
    assert [port["name"] for port in service_spec(cart.workload, {})["ports"]] == ["http-api", "grpc-admin", "tcp"]


def test_further_fields_are_merged_by_name() -> None:
    assert merge(
        {"a": {"b": 1}, "c": [{"name": "x", "v": 1}]}, {"a": {"d": 2}, "c": [{"name": "x", "w": 2}], "e": 3}
    ) == {
        "a": {"b": 1, "d": 2},
        "c": [{"name": "x", "v": 1, "w": 2}],
        "e": 3,
    }
    assert merge({"a": [1]}, {"a": [2]}) == {"a": [1, 2]}


def test_a_feature_refuses_another_file_only_where_it_matters() -> None:
    deployed = contract(application(), "mine")

    def lines(**changes: Any) -> list[str]:
        return list(contract_errors(deployed, contract(application(**changes), "mine"), "dev"))

    assert lines(cart={"image": "other:2", "env": {"A": "b"}}) == []
    assert "workloads.cart.ports: differ" in lines(cart={"ports": [{"name": "http", "port": 9080}]})[0]
    assert (
        "workloads.cart.calls: differ from those of the environment (page)" in lines(cart={"callsByName": ["page"]})[0]
    )
    assert "workloads.more: is new; run `pulumi up` of the stack 'dev'" in lines(more={"image": "a:1"})[0]
