"""What a feature promises: little beside the baseline, in an order that never leads testers to nothing."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import pulumi
import pytest

from boutique.settings.durations import written
from boutique.settings.stack import Environment
from tests.support import online_boutique
from tests.support.graph.clear_text import SECRET, SIGNATURE
from tests.support.graph.cloud_answers import KUBECONFIG
from tests.support.graph.graph_recorder import ROOT, Graph, clear
from tests.support.graph.stack_recordings import (
    DEPLOYED,
    DEV,
    HTTPS_PORT,
    STACKS,
    Recorder,
    committed_values,
    record_stack,
)
from tests.support.online_boutique import CONTRACT

STACK = "dev-new-ads"
LATER = written(datetime.now(UTC) + timedelta(hours=1))


@pytest.fixture
def ads(recording_of: Recorder) -> Graph:
    return recording_of(STACK)


def feature(changes: dict[str, Any] | None = None, /, *, routing: str = "gateway-api", **section: Any) -> Graph:
    """Record a feature of `dev`, which has another configuration than the file's and another routing API."""
    config, secret = committed_values(STACK)
    given = {
        "environment": "dev",
        "services": {"adservice": {"version": "0.10.7-new-ads.3"}},
        "expires": LATER,
        **section,
    }
    config["boutique:feature"] = json.dumps({key: value for key, value in given.items() if value is not None})
    place = {**DEV["place"], "entrance": {**DEV["place"]["entrance"], "routing": routing}}
    arguments = {"application": CONTRACT, "settings": {**DEV["settings"], **(changes or {})}, "place": place}
    others = {**STACKS, "dev": {**DEPLOYED, "environment": arguments}, "empty": {}}
    return record_stack(STACK, others=others, config=(config, secret))


def refusal_message(changes: dict[str, Any] | None = None, /, **section: Any) -> str:
    with pytest.raises(pulumi.RunError) as caught:
        feature(changes, **section)
    return str(caught.value)


def container(graph: Graph, service: str) -> dict[str, Any]:
    [server] = graph.one("Deployment", service).inputs["spec"]["template"]["spec"]["containers"]
    assert isinstance(server, dict)
    return server


def variables(graph: Graph, service: str) -> dict[str, str]:
    return {variable["name"]: variable["value"] for variable in container(graph, service).get("env", [])}


def test_pods_of_a_feature_run_as_the_users_of_its_environments_do() -> None:
    [fixed] = feature().of("Deployment")
    [chosen] = feature({"podUser": "cluster"}).of("Deployment")
    assert fixed.inputs["spec"]["template"]["spec"]["securityContext"]["runAsUser"] == 1000
    assert chosen.inputs["spec"]["template"]["spec"]["securityContext"] == {"runAsNonRoot": True}


def test_one_changed_service_costs_four_objects_and_one_pod(ads: Graph) -> None:
    assert {resource.object_name for resource in ads.objects} == {
        ("Deployment", "dev", "adservice-new-ads"),
        ("Service", "dev", "adservice-new-ads"),
        ("HTTPRoute", "dev", "adservice-new-ads"),
        ("HTTPRoute", "dev", "preview-new-ads"),
    }
    assert ads.one("Deployment", "adservice").inputs["spec"]["replicas"] == 1


def test_each_session_costs_one_object_more_and_leaves_the_mesh_as_it_is(ads: Graph) -> None:
    many = feature(sessions=[f"tester-{number}" for number in range(5)])
    assert len(many.objects) == len(ads.objects) + 5
    specs = [recording.one("HTTPRoute", "mesh-adservice-new-ads").inputs["spec"] for recording in (ads, many)]
    assert specs[0] == specs[1]


def test_what_did_not_change_is_as_in_the_environment(recording_of: Recorder) -> None:
    dev = recording_of("dev")
    graph = feature(services={"checkoutservice": {"version": "0.10.7-pay.1"}, "frontend": {"version": "0.10.7-pay.1"}})
    for service in ("checkoutservice", "frontend"):
        ours, theirs = container(graph, service), container(dev, service)
        assert ours["image"] == theirs["image"].rpartition(":")[0] + ":0.10.7-pay.1"
        same = ("name", "ports", "resources", "readinessProbe", "livenessProbe", "lifecycle", "securityContext")
        assert {key: ours.get(key) for key in same} == {key: theirs.get(key) for key in same}
        pods = [recording.one("Deployment", service).inputs["spec"]["template"]["spec"] for recording in (graph, dev)]
        assert pods[0]["serviceAccountName"] == pods[1]["serviceAccountName"] == service
    assert variables(graph, "checkoutservice") == variables(dev, "checkoutservice")
    assert variables(graph, "frontend") == {**variables(dev, "frontend"), "FRONTEND_MESSAGE": "Feature pay"}


@pytest.mark.parametrize(
    ("changed", "address"),
    [
        (("checkoutservice",), "currencyservice:7000"),
        (("checkoutservice", "currencyservice"), "currencyservice-pay:7000"),
    ],
)
def test_a_caller_that_drops_the_key_calls_the_features_own_callee(changed: tuple[str, ...], address: str) -> None:
    graph = feature(services={service: {"version": "0.10.7-pay.1"} for service in changed})
    baseline = online_boutique.CHECKOUTSERVICE.addresses()
    given = {name: value for name, value in variables(graph, "checkoutservice").items() if name in baseline}
    assert given == {**baseline, "CURRENCY_SERVICE_ADDR": address}
    if "currencyservice" in changed:
        service = graph.one("Service", "currencyservice").inputs
        assert f"{service['metadata']['name']}:{service['spec']['ports'][0]['port']}" == address
        account = graph.one("Deployment", "currencyservice").inputs["spec"]["template"]["spec"]["serviceAccountName"]
        assert account == "currencyservice", "policies hold for it"
    assert len(graph.of("HTTPRoute")) == len(changed) + 1, "calls of all others are still told apart"


def test_settings_of_the_environment_hold_for_its_features() -> None:
    graph = feature(
        {
            "images": {"repository": "registry.example/shop", "pullSecrets": ["team"]},
            "rollout": {"preStopSeconds": 3},
            "replicas": 2,
            "services": {"adservice": {"variables": {"MORE": "1"}, "resources": {"limits": {"memory": "400Mi"}}}},
        }
    )
    adservice = container(graph, "adservice")
    assert adservice["image"] == "registry.example/shop/adservice:0.10.7-new-ads.3"
    assert adservice["resources"]["limits"]["memory"] == "400Mi"
    assert adservice["lifecycle"]["preStop"]["sleep"]["seconds"] == 3
    assert variables(graph, "adservice")["MORE"] == "1"
    spec = graph.one("Deployment", "adservice").inputs["spec"]
    assert spec["template"]["spec"]["imagePullSecrets"] == [{"name": "team"}]
    assert spec["replicas"] == 1


def test_no_service_of_the_baseline_picks_a_feature_and_the_other_way_round(ads: Graph, recording_of: Recorder) -> None:
    graphs = (ads, recording_of("dev"))
    pods = [graph.one("Deployment", "adservice").inputs["spec"]["template"]["metadata"]["labels"] for graph in graphs]
    selectors = [graph.one("Service", "adservice").inputs["spec"]["selector"] for graph in graphs]
    picked = [[selector.items() <= labels.items() for labels in pods] for selector in selectors]
    assert picked == [[True, False], [False, True]]


def test_routes_come_after_what_they_lead_to(ads: Graph) -> None:
    mesh = ads.one("HTTPRoute", "mesh-adservice-new-ads")
    assert {ads.one("Deployment", "adservice").urn, ads.one("Service", "adservice").urn} <= ads.before(mesh)
    assert mesh.urn in ads.before(ads.one("HTTPRoute", "edge-preview-new-ads"))
    for route in ads.of("HTTPRoute"):
        assert "ResolvedRefs" in route.inputs["metadata"]["annotations"]["pulumi.com/waitFor"]


def test_nobody_waits_for_the_pods_of_a_feature_that_goes(ads: Graph, recording_of: Recorder) -> None:
    policy = "pulumi.com/deletionPropagationPolicy"
    assert ads.one("Deployment", "adservice").inputs["metadata"]["annotations"][policy] == "background"
    assert policy not in recording_of("dev").one("Deployment", "adservice").inputs["metadata"]["annotations"]


def test_preview_hosts_lead_to_the_entry_or_to_what_the_feature_made_of_it(ads: Graph) -> None:
    def preview_route(graph: Graph, key: str) -> tuple[Any, ...]:
        spec = graph.one("HTTPRoute", f"edge-preview-{key}").inputs["spec"]
        [rule], [parent] = spec["rules"], spec["parentRefs"]
        headers = rule["filters"][0]["requestHeaderModifier"]["set"]
        return spec["hostnames"], parent["sectionName"], rule["backendRefs"][0]["name"], headers

    def expected(key: str, backend: str) -> tuple[Any, ...]:
        headers = [{"name": "baggage", "value": f"feature={key}"}]
        return [f"{key}.dev.shop.example.com"], "preview-dev", backend, headers

    changed = feature(services={"frontend": {"version": "0.10.7-look.1"}})
    assert preview_route(ads, "new-ads") == expected("new-ads", "frontend")
    assert preview_route(changed, "look") == expected("look", "frontend-look")


def test_no_cache_keeps_what_a_feature_answers() -> None:
    routes = {
        route.name: route.inputs["spec"]["rules"][0]["filters"][1]
        for route in feature(sessions=["a"], header=True).of("HTTPRoute")
        if route.name.startswith("edge-")
    }
    assert len(routes) == 3
    for name, route in routes.items():
        change = route["responseHeaderModifier"]
        assert change["set"] == [{"name": "Cache-Control", "value": "no-store"}]
        assert change["remove"] == ["CDN-Cache-Control", "Surrogate-Control", "X-Accel-Expires"]
        # A preview host has answers of its feature only.
        vary = [] if "preview" in name else [{"name": "Vary", "value": "Cookie, boutique-feature"}]
        assert change.get("add", []) == vary


def test_every_object_tells_whose_it_is_and_until_when() -> None:
    for resource in feature(sessions=["a"]).objects:
        metadata = resource.inputs["metadata"]
        assert (
            metadata["annotations"].items()
            >= {
                "boutique.dev/owner": STACK,
                "boutique.dev/branch": "new-ads",
                "boutique.dev/expires": LATER,
            }.items()
        )
        assert (
            metadata["labels"].items()
            >= {
                "boutique.dev/feature": "new-ads",
                "boutique.dev/track": "feature",
            }.items()
        )


def test_outputs_are_the_link_and_the_routes_and_no_session() -> None:
    outputs = feature(sessions=["a-testers-own"], header=True).outputs
    session = outputs["sessions"][0]
    assert outputs["url"] == "https://new-ads.dev.shop.example.com"
    assert outputs["routes"] == {
        "https://new-ads.dev.shop.example.com": f"frontend:80 with feature=new-ads, no-store ({STACK})",
        f"https://dev.shop.example.com with cookie {online_boutique.SESSION_COOKIE} of {session}": (
            f"frontend:80 with feature=new-ads, no-store, Vary: Cookie, boutique-feature ({STACK})"
        ),
        "https://dev.shop.example.com with header boutique-feature: new-ads": (
            f"frontend:80 with feature=new-ads, no-store, Vary: Cookie, boutique-feature ({STACK})"
        ),
        "adservice:9555 with feature=new-ads": f"adservice-new-ads:9555 ({STACK})",
    }
    assert {key: outputs[key] for key in ("key", "branch", "of", "expires", "versions")} == {
        "key": "new-ads",
        "branch": "new-ads",
        "of": "dev",
        "expires": LATER,
        "versions": {"adservice": "0.10.7-new-ads.3"},
    }
    secret = outputs.pop("feature")
    assert secret["4dabf18193072939515e22adb298388d"] == "1b47061264138c4ac30d75fd1eb44270", "pulumi encrypts it"
    assert secret["value"]["sessions"] == ["a-testers-own"]
    assert "a-testers-own" not in str(outputs)


def test_where_one_stack_writes_all_routes_a_feature_owns_workloads_only() -> None:
    routed = {"features": {"routes": {"new-ads": {"services": ["adservice"], "sessions": ["a"]}}}}
    for environment, count in (({}, 0), (routed, 3)):
        graph = feature(environment, routing="virtual-service")
        assert {resource.object_name[0] for resource in graph.objects} == {"Deployment", "Service"}
        assert len(graph.outputs["routes"]) == count
        assert all(owner.endswith("(dev)") for owner in graph.outputs["routes"].values())


def test_an_environment_routes_the_features_that_it_lists() -> None:
    config, secret = committed_values("local")
    platform, environment = (json.loads(config[f"boutique:{name}"]) for name in ("platform", "environment"))
    listed = {"routes": {"new-ads": {"services": ["adservice"], "sessions": ["tester"]}}}
    config["boutique:platform"] = json.dumps({**platform, "routing": {"api": "virtual-service"}})
    config["boutique:environment"] = json.dumps({**environment, "features": listed})
    graph = record_stack("local", config=(config, secret))
    rules = {
        virtual_service.object_name[2]: virtual_service.inputs["spec"]["http"]
        for virtual_service in graph.of("VirtualService")
    }
    assert [rule["route"][0]["destination"]["host"] for rule in rules["adservice"]] == [
        "adservice-new-ads",
        "adservice",
    ]
    assert len(rules["edge"]) == 2
    assert "preview-new-ads" in rules


def test_an_environment_tells_its_features_all_they_need_and_nobody_else() -> None:
    configured = {"features": {}, "replicas": 1, "rollout": {"maxSurge": 1}, "images": {"pullSecrets": ["team"]}}
    config, secret = committed_values("local")
    outputs = record_stack("local", config=({**config, "boutique:environment": json.dumps(configured)}, secret)).outputs
    assert outputs["environment"][SIGNATURE] == SECRET
    facts = outputs["environment"]["value"]
    assert Environment.model_validate(facts["settings"]) == Environment.model_validate(configured)
    graph = record_stack(STACK, others={"dev": {**DEPLOYED, "environment": clear(facts)}})
    assert graph.outputs["url"] == f"https://new-ads.shop.localhost:{HTTPS_PORT}"


def test_an_environment_without_features_tells_nobody_how_to_reach_it(recording_of: Recorder) -> None:
    assert "place" not in recording_of("test").outputs["environment"]["value"]


@pytest.mark.parametrize(
    ("environment", "section", "expected"),
    [
        (
            {"features": None},
            {},
            "boutique:feature.environment: 'dev': this environment allows no features; name another",
        ),
        (None, {"environment": "nowhere"}, "boutique:feature.environment: 'nowhere': there is no such stack"),
        (
            None,
            {"environment": "empty"},
            "boutique:feature.environment: 'empty': has not been deployed yet; run `pulumi up` there first",
        ),
        (None, {"environment": "nonprod"}, "boutique:feature.environment: 'nonprod': has no environment"),
        (None, {"expires": None}, "boutique:feature.expires: is missing: stack 'dev' requires one; for 72h from now: "),
        (None, {"expires": "2020-01-01T00:00:00Z"}, "boutique:feature.expires: '2020-01-01T00:00:00Z': has passed"),
        (
            {"features": {"maximumTtl": "30m", "defaultTtl": "5m"}},
            {},
            "is too far ahead: stack 'dev' allows 30m, so at",
        ),
        ({"rollout": {"minReadySeconds": 60}}, {"timeoutSeconds": 60}, "boutique:feature.timeoutSeconds: 60: must be"),
        (
            {"rollout": {"minReadySeconds": 60}},
            {
                "timeoutSeconds": 60,
                "services": {name: {"version": "0.10.7-new-ads.3"} for name in ("adservice", "frontend")},
            },
            "1 error in the configuration:\n  boutique:feature.timeoutSeconds: 60: must be more than "
            "minReadySeconds, which is 60 for adservice, frontend in the environment",
        ),
        (
            None,
            {"sessions": ["a"], "routing": "virtual-service"},
            "boutique:feature.sessions: with routing.api 'virtual",
        ),
        (
            None,
            {"header": True, "routing": "virtual-service"},
            "move this to boutique:environment.features.routes.new-",
        ),
        ({"replica": 3}, {}, "stack 'dev' was deployed by another version of this program; run `pulumi up` there"),
    ],
)
def test_what_the_environment_does_not_allow_is_refused(
    environment: dict[str, Any] | None, section: dict[str, Any], expected: str
) -> None:
    message = refusal_message(environment, **section)
    assert expected in message
    assert KUBECONFIG not in message


def test_an_environment_may_leave_the_end_open() -> None:
    graph = feature({"features": {"requireExpiry": False}}, expires=None)
    assert "boutique.dev/expires" not in str([resource.inputs for resource in graph.objects])
    assert graph.outputs.get("expires") is None


def test_what_another_stack_owns_is_refused_before_anything_is_registered(monkeypatch: pytest.MonkeyPatch) -> None:
    config, secret = committed_values(STACK)
    owner, key = {"boutique.dev/owner": "rival"}, {"boutique.dev/feature": "new-ads"}
    theirs = {"metadata": {"name": "frontend-new-ads", "annotations": owner, "labels": key}}
    monkeypatch.setattr("boutique.kubernetes.listing.list_objects", lambda *_, **__: (theirs,))
    monkeypatch.setattr("boutique.kubernetes.client.ensure_reachable", lambda *_: None)
    with pytest.raises(pulumi.RunError) as caught:
        record_stack(STACK, config=(config, secret), answering=False)
    assert "'new-ads': belongs to the feature of stack 'rival' (frontend-new-ads)" in str(caught.value)


def test_a_feature_loads_nothing_of_what_only_platforms_need() -> None:
    config, _ = committed_values(STACK)
    script = (
        "import json, sys\n"
        "from boutique.kubernetes import client, listing\n"
        "from tests.support.graph.cloud_answers import Cloud\n"
        "from tests.support.graph.graph_recorder import main, record\n"
        "client.ensure_reachable = listing.list_objects = lambda *_, **__: ()\n"
        "config, others = json.load(sys.stdin)\n"
        f"found = record(main, Cloud(others), stack='{STACK}', config=config)\n"
        "assert found.of('Deployment')\n"
        "print(*sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        input=json.dumps([config, STACKS]),
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = set(done.stdout.split())
    assert "pulumi_kubernetes" in loaded
    heavy = {
        "pulumi_aws",
        "pulumi_eks",
        "cryptography",
        "pulumi_kubernetes.core.v1",
        "pulumi_kubernetes.meta.v1",
        "stacks.layers.platform",
    }
    assert not loaded & heavy
