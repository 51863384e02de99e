"""Two environments on one cluster: what the deployers of one may do in the other, and what comes of it if they try."""

import time

import pytest

from boutique.targets.rbac import DEPLOYER_RULES, FEATURES_RULES
from tests.support.lab.access_rights import EVERYBODY, deployer, listed, ruled
from tests.support.lab.aws_standin import DOMAIN, ENVIRONMENTS, VERSION, Amazon, Said
from tests.support.lab.deployer_escapes import GATEWAY, Trespasser, denied_by, route, trespasser, virtual_service

pytestmark = pytest.mark.lab

DEPLOYERS = {"dev-deployer": DEPLOYER_RULES, "dev-features": FEATURES_RULES, "test-deployer": DEPLOYER_RULES}


def object_names(cloud: Amazon, kind: str, *arguments: str) -> set[str]:
    """Return the names of all objects of a kind."""
    return {name.partition("/")[2] for name in cloud.lab.kubectl("get", kind, *arguments, "-o", "name").split()}


def test_deployers_are_one_for_each_target_and_one_for_its_features_if_it_lets_them_in(
    cloud: Amazon, said: Said
) -> None:
    assert said
    assert object_names(cloud, "serviceaccounts", "-n", "deployers") == {"default", *DEPLOYERS}


@pytest.mark.parametrize("name", DEPLOYERS)
def test_deployers_may_do_what_their_rules_say_in_their_own_environment_and_nothing_elsewhere(
    cloud: Amazon, said: Said, name: str
) -> None:
    assert said
    home = name.partition("-")[0]
    namespaces = object_names(cloud, "namespaces")
    assert {"istio-system", "istio-ingress", "deployers", "kube-system", *ENVIRONMENTS} <= namespaces
    for namespace in namespaces:
        rules = ruled(DEPLOYERS[name]) if namespace == home else set()
        assert listed(cloud.lab, namespace, deployer(name)) == rules | EVERYBODY, namespace


@pytest.fixture(scope="module")
def thief(cloud: Amazon, said: Said, tmp_path_factory: pytest.TempPathFactory) -> Trespasser:
    """Somebody with the token of dev's deployer."""
    assert said
    return trespasser(cloud.lab, cloud.nonprod(version=VERSION), "dev", tmp_path_factory.mktemp("thief"))


def working(cloud: Amazon) -> dict[str, set[str]]:
    """Return the versions of the services that work on pages of the environment test; a slow one may miss some."""
    pages = [cloud.versions(f"test.{DOMAIN}") for _ in range(10)]
    versions = {name: set().union(*(page.get(name, ()) for page in pages)) for page in pages for name in page}
    assert {"frontend", "adservice", "currencyservice"} <= versions.keys()
    return versions


@pytest.mark.parametrize(
    "command",
    ["get secrets", "delete deployment adservice", "delete httproute adservice", "annotate service adservice a=b"],
)
def test_the_other_environment_is_closed_to_a_deployer(thief: Trespasser, command: str) -> None:
    assert "Forbidden" in thief.refused(*command.split(), "-n", "test")
    assert thief.refused(*command.split(), "-n", "dev", *(["--dry-run=server"] if "get" not in command else [])) == ""


@pytest.mark.parametrize(
    "hosts",
    [["currencyservice.test.svc.cluster.local"], ["adservice", "*.test.svc.cluster.local"], ["*"]],
)
def test_calls_of_the_other_environment_cannot_be_routed(thief: Trespasser, hosts: list[str]) -> None:
    refusal = thief.applied(virtual_service("dev", hosts), "--dry-run=server")
    assert denied_by(refusal) == "isolation-routes-dev"
    assert "are for Services of dev" in refusal


def test_a_route_for_the_other_environments_service_is_for_ones_own_callers_only(
    cloud: Amazon, thief: Trespasser
) -> None:
    before = working(cloud)
    service = {"group": "", "kind": "Service", "name": "adservice", "namespace": "test", "port": 9555}
    with thief.having(route("dev", service)):
        assert thief.accepted("theft") == {"adservice": "True: Accepted"}
        # A proxy hears of a route some moments later.
        time.sleep(1)
        assert working(cloud) == before


def test_the_gateway_takes_no_route_for_the_other_environments_host(cloud: Amazon, thief: Trespasser) -> None:
    before = working(cloud)
    with thief.having(route("dev", GATEWAY, [f"test.{DOMAIN}"])):
        assert thief.accepted("theft") == {"ingress": "False: NotAllowedByListeners"}
        # A proxy hears of a route some moments later.
        time.sleep(1)
        assert working(cloud) == before
