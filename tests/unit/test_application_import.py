"""What the parts of manifests become in the file of an application."""

from typing import Any

import pytest

from boutique.application.manifests.manifest_errors import ManifestError
from tests.support.unit.manifest_samples import (
    Manifest,
    config_map,
    container,
    imported,
    service,
    workload,
    workload_of,
)

BACKEND = (workload("api"), service("api", port={"name": "http", "port": 8000, "targetPort": 8080}))


def with_env(*variables: Manifest, **fields: Any) -> tuple[Manifest, ...]:
    return workload(containers=[container(env=list(variables), **fields)]), service(), *BACKEND


def route(kind: str, version: str, spec: Manifest) -> Manifest:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": "public"}, "spec": spec}


def backend(name: str, port: int) -> Manifest:
    return {"service": {"name": name, "port": {"number": port}}}


PATHS = [
    {"path": "/api", "pathType": "Prefix", "backend": backend("api", 8000)},
    {"path": "/", "pathType": "Prefix", "backend": backend("web", 80)},
]
INGRESS = route("Ingress", "networking.k8s.io/v1", {"rules": [{"http": {"paths": PATHS}}]})


@pytest.mark.parametrize(
    ("name", "value", "call"),
    [
        ("API_ADDR", "api:8000", "{api}:8000"),
        ("API", "http://api:8000/v1?x=1", "http://{api}:8000/v1?x=1"),
        ("API", "http://api.shop.svc.cluster.local:8000", "http://{api}:8000"),
        ("API", "api.shop:8000", "{api}:8000"),
        ("API_HOST", "api", "{api}"),
        ("PEERS", "api:8000,other:1", "{api}:8000,other:1"),
        ("DSN", "http://user@api:8000", "http://user@{api}:8000"),
    ],
)
def test_an_address_of_a_service_is_a_call(name: str, value: str, call: str) -> None:
    objects = with_env({"name": name, "value": value})
    objects[0]["metadata"]["namespace"] = "shop"
    web = workload_of(*objects)
    assert web["calls"] == {name: call}
    assert "env" not in web


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ROLE", "api"),
        ("API_ADDR", "api:9999"),
        ("API_ADDR", "api.elsewhere.svc:8000"),
        ("API", "https://api.example.com/api"),
        ("NAME", "my-api:8000"),
        ("PATHS", "/api/v1"),
        ("OWN_ADDR", "web:80"),
    ],
)
def test_other_texts_stay_variables(name: str, value: str) -> None:
    objects = with_env({"name": name, "value": value})
    objects[0]["metadata"]["namespace"] = "shop"
    assert workload_of(*objects)["env"] == {name: value}


def test_a_word_that_may_be_an_address_is_noted() -> None:
    notes = imported(*with_env({"name": "ROLE", "value": "api"}), entry="web").report.notes
    assert any("env.ROLE: 'api' is the name of a Service" in line for line in notes)


def test_an_address_that_braces_would_break_is_named_beside_its_text() -> None:
    web = workload_of(*with_env({"name": "CONFIG", "value": '{"api":"http://api:8000"}'}))
    assert (web["env"], web["callsByName"]) == ({"CONFIG": '{"api":"http://api:8000"}'}, ["api"])


def test_a_variable_that_others_refer_to_stays_before_them() -> None:
    web = workload_of(
        *with_env({"name": "API_HOST", "value": "api"}, {"name": "API_URL", "value": "http://$(API_HOST):8000"})
    )
    assert (list(web["env"]), web["callsByName"]) == (["API_HOST", "API_URL"], ["api"])


def test_an_address_in_arguments_and_files_is_a_call_by_name() -> None:
    objects = (
        workload(
            containers=[container(args=["--peer=cache:6379"], volumeMounts=[{"name": "c", "mountPath": "/etc/nginx"}])],
            volumes=[{"name": "c", "configMap": {"name": "nginx"}}],
        ),
        service(),
        *BACKEND,
        workload("cache"),
        service("cache", port={"name": "tcp", "port": 6379}),
        config_map("nginx", {"nginx.conf": "upstream api { server api:8000; }"}),
    )
    web = workload_of(*objects)
    assert web["callsByName"] == ["cache", "api"]
    assert web["files"] == {"/etc/nginx": {"nginx.conf": "upstream api { server api:8000; }"}}


def test_config_maps_become_variables() -> None:
    objects = with_env(
        {"name": "LEVEL", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "level"}}},
        {"name": "MODE", "value": "own"},
        envFrom=[{"configMapRef": {"name": "settings"}, "prefix": "X_"}, {"configMapRef": {"name": "more"}}],
    )
    more = config_map("more", {"MODE": "shared", "API": "http://api:8000", "not a name": "x"})
    application = imported(*objects, config_map("settings", {"level": "debug"}), more)
    web = application.content["workloads"]["web"]
    assert web["env"] == {"X_level": "debug", "LEVEL": "debug", "MODE": "own"}
    assert web["calls"] == {"API": "http://{api}:8000"}
    assert application.report.left_out == [
        "Deployment/web: envFrom.ConfigMap/more.not a name: is not a variable's name: letters and '_'"
    ]


def test_secrets_are_imported_by_name() -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "db"}, "data": {"password": "aHVudGVyMg=="}}
    reference = {"secretKeyRef": {"name": "db", "key": "password"}}
    objects = with_env({"name": "PASSWORD", "valueFrom": reference}, envFrom=[{"secretRef": {"name": "all"}}])
    application = imported(*objects, secret, entry="web")
    web = application.content["workloads"]["web"]
    assert web["env"] == {"PASSWORD": reference}
    assert web["envFrom"] == [{"secretRef": {"name": "all"}}]
    assert application.report.secrets == {"db": {"password": ["web.PASSWORD"]}, "all": {"": ["web"]}}


def test_sources_of_variables_stay() -> None:
    source = {"fieldRef": {"fieldPath": "status.podIP"}}
    assert workload_of(*with_env({"name": "IP", "valueFrom": source}))["env"] == {"IP": source}


def test_a_name_that_is_no_variable_of_a_shell_goes_to_the_container() -> None:
    web = workload_of(*with_env({"name": "my.setting", "value": "x"}))
    assert web["container"] == {"env": [{"name": "my.setting", "value": "x"}]}


def test_the_entry_is_where_a_route_leads() -> None:
    application = imported(*with_env(), INGRESS)
    assert application.content["entry"] == {"workload": "web"}
    assert application.report.left_out == [
        "Ingress/public: path /api: leads to 'api'; people reach the entry 'web' only, so let that hand such "
        "requests on",
    ]


@pytest.mark.parametrize(
    "content",
    [
        route(
            "HTTPRoute", "gateway.networking.k8s.io/v1", {"rules": [{"backendRefs": [{"name": "api", "port": 8000}]}]}
        ),
        route(
            "VirtualService",
            "networking.istio.io/v1",
            {"gateways": ["public"], "http": [{"route": [{"destination": {"host": "api.shop.svc.cluster.local"}}]}]},
        ),
        service("public", type="NodePort", selector={"app": "api"}),
    ],
    ids=["HTTPRoute", "VirtualService", "NodePort"],
)
def test_other_routes_tell_the_entry_too(content: Manifest) -> None:
    assert imported(*with_env(), content).content["entry"] == {"workload": "api"}


def test_without_a_route_the_entry_is_what_no_other_serves() -> None:
    objects = with_env({"name": "API", "value": "http://api:8000"})
    assert imported(*objects).content["entry"] == {"workload": "web"}


def test_several_possible_entries_have_to_be_chosen_from() -> None:
    with pytest.raises(ManifestError, match="choose one with --entry: api, web"):
        imported(*with_env())
    assert imported(*with_env(), entry="api").content["entry"] == {"workload": "api"}
    with pytest.raises(ManifestError, match="'apy': there is no such workload; did you mean 'api'"):
        imported(*with_env(), entry="apy")


def test_a_session_is_kept_with_the_entry() -> None:
    content = imported(workload(), service(), session_cookie="sid").content
    assert content["entry"] == {"workload": "web", "sessionCookie": "sid"}


def test_a_service_that_nobody_calls_is_noted() -> None:
    notes = imported(*with_env(), entry="web").report.notes
    assert any(line.startswith("Service/api: no variable, argument or file has its address") for line in notes)


def test_images_that_are_published_together_are_named_once() -> None:
    objects = [
        part
        for name in ("web", "api")
        for part in (
            workload(name, containers=[container(image=f"registry.example:5000/shop/{name}:1.2")]),
            service(name),
        )
    ]
    redis = workload("redis", containers=[container(image="redis@sha256:" + "0" * 64)])
    content = imported(*objects, redis, entry="web").content
    assert content["images"] == {"repository": "registry.example:5000/shop", "tag": "1.2"}
    assert "image" not in content["workloads"]["web"]
    assert content["workloads"]["redis"]["ownImage"] is True


def test_an_image_without_a_tag_gets_the_one_that_it_stands_for() -> None:
    application = imported(workload(containers=[container(image="registry.example:5000/web")]), service())
    assert application.content["workloads"]["web"]["image"] == "registry.example:5000/web:latest"
    assert any("has no tag" in line for line in application.report.notes)
