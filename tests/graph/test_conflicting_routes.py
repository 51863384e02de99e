"""Routes of others in the other routing API: named before anything of the environment or the feature is made."""

import json
from typing import Any

import pulumi
import pytest
from pulumi.runtime import mocks

from boutique.kubernetes import listing
from boutique.kubernetes.kubeconfig import KubeconfigError, reached_by
from boutique.targets.rbac import DEPLOYER_RULES
from tests.support.graph.cloud_answers import TOKEN, Cloud
from tests.support.graph.stack_recordings import PLAIN, committed_values, record_stack

FEATURE = "dev-new-ads"
BY_HAND: dict[str, Any] = {"metadata": {"name": "by-hand"}, "spec": {"hosts": ["adservice"]}}
OF_A_FEATURE: dict[str, Any] = {
    "metadata": {
        "name": "preview-new-ads",
        "annotations": {"boutique.dev/owner": "local-new-ads"},
        "labels": {"boutique.dev/feature": "new-ads"},
    },
    "spec": {"parentRefs": [{"kind": "Gateway", "name": "ingress"}], "hostnames": ["new-ads.shop.localhost"]},
}


class Cluster:
    """What is there, and what was asked for and made."""

    def __init__(self, *, virtual_services: Any = (), http_routes: Any = (), silent: bool = False) -> None:
        self.has = {listing.VIRTUAL_SERVICES: virtual_services, listing.HTTP_ROUTES: http_routes}
        self.silent = silent
        self.asked: list[tuple[str, str]] = []
        self.made: list[str] = []

    def listed(self, content: str, namespace: str, collection: str, **_: Any) -> Any:
        assert reached_by(content).server == "https://127.0.0.1:1"
        self.asked.append((namespace, collection))
        if self.silent:
            raise KubeconfigError("the API server answers 401")
        return self.has.get(collection, ())


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Record a stack on a cluster."""

    def record_on_cluster(stack: str, cluster: Cluster, api: str | None = None, **arguments: Any) -> Any:
        class Watched(Cloud):
            def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, dict[str, Any]]:
                cluster.made.append(args.typ)
                return super().new_resource(args)

        monkeypatch.setattr("tests.support.graph.stack_recordings.Cloud", Watched)
        monkeypatch.setattr("boutique.kubernetes.listing.list_objects", cluster.listed)
        monkeypatch.setattr("boutique.kubernetes.client.ensure_reachable", lambda *_: None)
        monkeypatch.setattr("boutique.helm.record_store.list_records", lambda *_: ())
        config, secret = committed_values(stack)
        if api:
            platform = json.loads(config["boutique:platform"])
            config["boutique:platform"] = json.dumps({**platform, "routing": {"api": api}})
        return record_stack(stack, config=(config, secret), answering=False, **arguments)

    return record_on_cluster


def refusal_message(run: Any, stack: str, cluster: Cluster, api: str | None = None, **arguments: Any) -> str:
    with pytest.raises(pulumi.RunError) as caught:
        run(stack, cluster, api, **arguments)
    assert TOKEN not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("preview", [True, False])
def test_where_one_stack_has_all_layers_nothing_of_the_environment_is_made(run: Any, preview: bool) -> None:
    cluster = Cluster(virtual_services=[BY_HAND])
    assert refusal_message(run, "local", cluster, preview=preview) == (
        "1 error in the configuration:\n"
        "  boutique:platform.routing.api: 'gateway-api': VirtualService 'by-hand' of no stack is for 'adservice', "
        "which HTTPRoutes route; Istio would ignore one of them: delete it (kubectl -n local delete "
        "virtualservice by-hand), or take that out of its hosts"
    )
    assert cluster.asked == [("local", listing.VIRTUAL_SERVICES)]
    assert "kubernetes:core/v1:Namespace" in cluster.made
    assert not {"boutique:index:Microservice", "boutique:index:Routes", "kubernetes:apps/v1:Deployment"} & {
        *cluster.made
    }
    assert cluster.made.count("pulumi:providers:kubernetes") == 1, "the deployer's would be the second"


def test_features_go_before_their_environment_goes_over(run: Any) -> None:
    cluster = Cluster(http_routes=[OF_A_FEATURE])
    message = refusal_message(run, "local", cluster, "virtual-service")
    assert (
        "boutique:platform.routing.api: 'virtual-service': HTTPRoute 'preview-new-ads' of stack 'local-new" in message
    )
    assert "run `pulumi destroy` of stack 'local-new-ads' first, or `boutique feature down new-ads`" in message
    assert cluster.asked == [("local", listing.HTTP_ROUTES)]


@pytest.mark.parametrize("api", ["gateway-api", "virtual-service"])
def test_an_environment_goes_over_with_routes_of_its_own(run: Any, api: str) -> None:
    own = {"name": "adservice", "annotations": {"boutique.dev/owner": "local"}}
    parents = [{"kind": "Service", "name": "adservice"}]
    cluster = Cluster(
        virtual_services=[{**BY_HAND, "metadata": own}],
        http_routes=[{"metadata": own, "spec": {"parentRefs": parents}}],
    )
    assert run("local", cluster, api).of("HTTPRoute" if api == "gateway-api" else "VirtualService")


def test_a_first_preview_knows_no_deployer_that_could_ask(run: Any) -> None:
    cluster = Cluster(virtual_services=[BY_HAND])
    assert run("local", cluster, built=False, preview=True).of("HTTPRoute")
    assert not cluster.asked


def test_a_deployer_that_is_refused_leaves_the_rest_to_the_api_server(run: Any) -> None:
    cluster = Cluster(virtual_services=[BY_HAND], silent=True)
    assert run("local", cluster).of("HTTPRoute")
    assert cluster.asked


def test_without_an_ingress_nobody_is_asked(run: Any) -> None:
    cluster = Cluster(virtual_services=[BY_HAND])
    assert run(PLAIN, cluster).of("Deployment")
    assert not cluster.asked


@pytest.mark.parametrize(
    ("stack", "key"), [("dev", "boutique:cluster.name: 'nonprod'"), (FEATURE, "boutique:feature.environment: 'dev'")]
)
def test_on_another_stacks_cluster_nothing_is_made_at_all(run: Any, stack: str, key: str) -> None:
    cluster = Cluster(virtual_services=[BY_HAND])
    message = refusal_message(run, stack, cluster)
    assert (
        f"\n  {key}: routing.api 'gateway-api': VirtualService 'by-hand' of no stack is for 'adservice', which"
        in message
    )
    assert "(kubectl -n dev delete virtualservice by-hand)" in message
    assert ("dev", listing.VIRTUAL_SERVICES) in cluster.asked
    assert not cluster.made


@pytest.mark.parametrize("stack", ["dev", FEATURE])
def test_on_another_stacks_cluster_a_refusal_is_told(run: Any, stack: str) -> None:
    cluster = Cluster(silent=True)
    assert "the API server answers 401" in refusal_message(run, stack, cluster)
    assert not cluster.made


def test_a_feature_lets_be_what_it_does_not_route(run: Any) -> None:
    cluster = Cluster(virtual_services=[{**BY_HAND, "spec": {"hosts": ["cartservice"]}}])
    assert run(FEATURE, cluster).of("HTTPRoute")


def test_routes_of_both_kinds_may_be_listed_by_the_deployer() -> None:
    listable = {
        f"{rule.group}/{resource}" for rule in DEPLOYER_RULES if "list" in rule.verbs for resource in rule.resources
    }
    assert {"gateway.networking.k8s.io/httproutes", "networking.istio.io/virtualservices"} <= listable
