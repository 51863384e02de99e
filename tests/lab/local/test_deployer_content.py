"""What deployers may write of the kinds that they may write: compared by the API server with what belongs to them."""

from typing import Any

import pytest

from boutique.routing import header_patterns
from tests.support import online_boutique
from tests.support.lab.deployer_writes import KEY, LABELS, Object, Write, dry_run_writer, feature_object
from tests.support.lab.lab_commands import Lab, eventually
from tests.support.lab.local_stack import LocalDeployment

pytestmark = pytest.mark.lab

DEPLOYER, FEATURES = "local-deployer", "local-features"
HOST = "shop.localhost"
TOKEN = "kubernetes.io/service-account-token"  # noqa: S105 - a type of Secret


@pytest.fixture(scope="module")
def write(lab: Lab, local: LocalDeployment) -> Write:
    assert local.output
    write = dry_run_writer(lab)
    # A rule is in force a moment after it was made.
    eventually(lambda: write(FEATURES, "delete", "service", "adservice") != "", "the rules are in force")
    return write


def secret(name: str, kind: str = "Opaque") -> Object:
    manifest = feature_object("Secret", name, type=kind, stringData={"KEY": "value"})
    # Without it the API server takes no token for anybody's.
    manifest["metadata"]["annotations"] = {"kubernetes.io/service-account.name": "default"}
    return manifest


def service(selector: dict[str, str], **different: Any) -> Object:
    return feature_object(
        "Service", f"adservice-{KEY}", spec={"selector": selector, "ports": [{"port": 1}]}, **different
    )


def deployment(labels: dict[str, str]) -> Object:
    template = {
        "metadata": {"labels": labels},
        "spec": {"containers": [{"name": "server", "image": "adservice:1.0.0-x.1"}]},
    }
    spec = {"selector": {"matchLabels": labels}, "template": template}
    return feature_object("Deployment", f"adservice-{KEY}", "apps/v1", spec=spec)


def route(
    parent: Object, headers: list[Object], hosts: list[str] | None = None, filters: list[Object] | None = None
) -> Object:
    rule = {
        **({"matches": [{"headers": headers}]} if headers else {}),
        **({"filters": filters} if filters else {}),
        "backendRefs": [{"name": "adservice", "port": 9555}],
    }
    spec = {"parentRefs": [parent], "rules": [rule], **({"hostnames": hosts} if hosts else {})}
    return feature_object("HTTPRoute", f"adservice-{KEY}", "gateway.networking.k8s.io/v1", spec=spec)


def header(name: str, value: str, kind: str = "RegularExpression") -> Object:
    return {"type": kind, "name": name, "value": value}


ADS = {"group": "", "kind": "Service", "name": "adservice", "port": 9555}
GATEWAY = {"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "ingress", "namespace": "istio-ingress"}
NO_STORE = {
    "set": [{"name": "Cache-Control", "value": "no-store"}],
    "remove": ["CDN-Cache-Control", "Surrogate-Control", "X-Accel-Expires"],
}
VARY = {**NO_STORE, "add": [{"name": "Vary", "value": "Cookie, boutique-feature"}]}


def answers(change: Object) -> Object:
    return {"type": "ResponseHeaderModifier", "responseHeaderModifier": change}


def setting(baggage: str, **different: Any) -> Object:
    change = {"set": [{"name": "baggage", "value": baggage}], **different}
    return {"type": "RequestHeaderModifier", "requestHeaderModifier": change}


def with_backend_filter(route: Object) -> Object:
    [rule] = route["spec"]["rules"]
    rule["backendRefs"][0]["filters"] = [answers({"set": [{"name": "Cache-Control", "value": "public"}]})]
    return route


BAGGAGE = setting(f"feature={KEY}")
LINK, TESTER = [BAGGAGE, answers(NO_STORE)], [BAGGAGE, answers(VARY)]
OURS = [header("baggage", header_patterns.baggage("feature", KEY))]
SESSION = [header("cookie", header_patterns.cookie(online_boutique.SESSION_COOKIE, "a.b-c"))]


@pytest.mark.parametrize(
    ("user", "content"),
    [
        (DEPLOYER, secret("adservice-0a1b2c3d")),
        (FEATURES, secret(f"adservice-{KEY}-0a1b2c3d")),
        (FEATURES, feature_object("ConfigMap", f"adservice-{KEY}-0a1b2c3d")),
        (FEATURES, service({"app": "adservice", **LABELS})),
        (FEATURES, deployment({"app": "adservice", **LABELS})),
        (FEATURES, route(ADS, OURS)),
        (FEATURES, route(GATEWAY, [], [f"{KEY}.{HOST}"], LINK)),
        (FEATURES, route(GATEWAY, SESSION, [HOST], TESTER)),
        (FEATURES, route(GATEWAY, [header("boutique-feature", KEY, "Exact")], [HOST], TESTER)),
    ],
)
def test_what_belongs_to_them_is_let_through(write: Write, user: str, content: Object) -> None:
    assert write(user, "create", **content) == ""


@pytest.mark.parametrize(
    ("user", "content", "message"),
    [
        (DEPLOYER, secret("registry-credentials"), "no Secrets but those of services"),
        (DEPLOYER, secret("adservice-0a1b2c3d", TOKEN), "no Secrets but those of services"),
        (FEATURES, secret(f"adservice-{KEY}-0a1b2c3d", TOKEN), "no Secrets but those of services"),
        (FEATURES, feature_object("ConfigMap", "adservice-0a1b2c3d", labels={}), "writes objects of its feature only"),
        (FEATURES, service({"app": "adservice", **LABELS}, labels={}), "writes objects of its feature only"),
        (FEATURES, service({"app": "adservice", "boutique.dev/track": "baseline"}), "selects the pods of that feature"),
        (FEATURES, deployment({"app": "adservice", "boutique.dev/track": "baseline"}), "say by their labels whose"),
        (FEATURES, route(ADS, []), "takes calls that carry its key, and no others"),
        (
            FEATURES,
            route(ADS, [header("baggage", header_patterns.baggage("feature", "theirs"))]),
            "calls that carry its key",
        ),
        (FEATURES, route(ADS, [header("baggage", ".*")]), "calls that carry its key"),
        (FEATURES, route(GATEWAY, [], [HOST]), "of its preview host, of one session"),
        (FEATURES, route(GATEWAY, []), "of its preview host, of one session"),
        (FEATURES, route(GATEWAY, [], [f"theirs.{HOST}"]), "of its preview host, of one session"),
        (FEATURES, route(GATEWAY, [header("cookie", ".*")], [HOST]), "of its preview host, of one session"),
        (FEATURES, route(GATEWAY, [header("boutique-feature", "theirs", "Exact")], [HOST]), "of its preview host"),
        *(
            (FEATURES, route(GATEWAY, SESSION, [HOST], filters), "at the gateway has two filters")
            for filters in (
                [],
                [BAGGAGE],
                [answers(VARY)],
                [answers(VARY), BAGGAGE],
                LINK,
                [*TESTER, {"type": "URLRewrite", "urlRewrite": {"hostname": "elsewhere"}}],
                [BAGGAGE, answers({**VARY, "set": [{"name": "Cache-Control", "value": "max-age=60"}]})],
                [BAGGAGE, answers({**VARY, "set": [*VARY["set"], {"name": "Set-Cookie", "value": "a=b"}]})],
                [BAGGAGE, answers({**VARY, "add": [*VARY["add"], {"name": "CDN-Cache-Control", "value": "public"}]})],
                [BAGGAGE, answers({**VARY, "remove": ["Vary"]})],
                [setting("feature=theirs"), answers(VARY)],
                [setting(f"feature={KEY}", add=[{"name": "cookie", "value": "a=b"}]), answers(VARY)],
                [setting(f"feature={KEY}", remove=["authorization"]), answers(VARY)],
            )
        ),
        (FEATURES, route(GATEWAY, [], [f"{KEY}.{HOST}"], TESTER), "at the gateway has two filters"),
        (FEATURES, route(GATEWAY, [], [f"{KEY}.{HOST}"]), "at the gateway has two filters"),
        (FEATURES, route(ADS, OURS, filters=[BAGGAGE]), "has no filters for calls"),
        (FEATURES, route(ADS, OURS, filters=[answers(VARY)]), "has no filters for calls"),
        (FEATURES, with_backend_filter(route(ADS, OURS)), "has no filters for calls"),
        (FEATURES, with_backend_filter(route(GATEWAY, SESSION, [HOST], TESTER)), "at the gateway has two filters"),
        (FEATURES, feature_object("PodDisruptionBudget", "x", "policy/v1"), "Forbidden"),
        (FEATURES, feature_object("ServiceAccount", "x"), "Forbidden"),
        (
            DEPLOYER,
            feature_object("ServiceAccount", "x") | {"kind": "Role", "apiVersion": "rbac.authorization.k8s.io/v1"},
            "Forbidden",
        ),
    ],
)
def test_what_does_not_is_refused(write: Write, user: str, content: Object, message: str) -> None:
    assert message in write(user, "create", **content)


@pytest.mark.parametrize("what", ["service/adservice", "deployment/adservice", "httproute/adservice"])
def test_feature_stacks_touch_nothing_of_the_environments(write: Write, what: str) -> None:
    for command in (("delete", what), ("label", what, "a=b"), ("label", what, f"boutique.dev/feature={KEY}")):
        message = write(FEATURES, *command)
        # Of several rules that refuse a route, any may be named.
        assert "ValidatingAdmissionPolicy 'online-boutique-feature" in message, (command, message)
    assert write(DEPLOYER, "label", what, "a=b") == ""
