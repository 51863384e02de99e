"""Two environments on one cluster: what the deployers of one may do in the other, and what comes of it if they try."""

import time
from collections.abc import Iterator

import pytest
from amazon import DOMAIN, ENVIRONMENTS, Amazon, amazon
from labs import Lab
from questions import Questions, questions
from rights import EVERYBODY, deployer, granted, listed, ruled
from stacks import together
from trespass import GATEWAY, Trespasser, denied_by, route, trespasser, virtual_service

from boutique.access import DEPLOYER_RULES, FEATURES_RULES

pytestmark = pytest.mark.lab

DEPLOYERS = {"dev-deployer": DEPLOYER_RULES, "dev-features": FEATURES_RULES, "test-deployer": DEPLOYER_RULES}


@pytest.fixture(scope="module")
def cloud(victim: Lab, tmp_path_factory: pytest.TempPathFactory) -> Amazon:
    """The committed environments dev and test on the cluster of nonprod."""
    cloud = amazon(victim, tmp_path_factory.mktemp("apart"))
    cloud.nonprod().create().up()
    together([cloud.environment(name).create() for name in ENVIRONMENTS], "up")
    return cloud


@pytest.fixture(scope="module")
def asked(cloud: Amazon, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Questions]:
    with questions(cloud.lab, tmp_path_factory.mktemp("administrator")) as asked:
        yield asked


def test_deployers_are_one_for_each_target_and_one_for_its_features_if_it_lets_them_in(asked: Questions) -> None:
    assert asked.names("/api/v1/namespaces/deployers/serviceaccounts") == {"default", *DEPLOYERS}


@pytest.mark.parametrize("namespace", [*ENVIRONMENTS, ""])
@pytest.mark.parametrize("name", DEPLOYERS)
def test_deployers_may_do_what_their_rules_say_in_their_own_environment_and_nothing_in_the_other(
    asked: Questions, name: str, namespace: str
) -> None:
    at_home = name.partition("-")[0] == namespace
    rules = ruled(DEPLOYERS[name]) if at_home else set()
    assert granted(asked, namespace, deployer(name)) == rules | EVERYBODY


@pytest.mark.parametrize("name", DEPLOYERS)
def test_deployers_have_no_right_elsewhere(cloud: Amazon, asked: Questions, name: str) -> None:
    home = name.partition("-")[0]
    others = asked.names("/api/v1/namespaces") - {home}
    assert {"istio-system", "istio-ingress", "deployers", "kube-system", *ENVIRONMENTS} - others == {home}
    for namespace in others:
        assert listed(cloud.lab, namespace, deployer(name)) == EVERYBODY, namespace


@pytest.fixture(scope="module")
def thief(cloud: Amazon, tmp_path_factory: pytest.TempPathFactory) -> Trespasser:
    """Somebody with the token of dev's deployer."""
    return trespasser(cloud.lab, cloud.nonprod(), "dev", tmp_path_factory.mktemp("thief"))


def unharmed(cloud: Amazon, before: dict[str, set[str]]) -> None:
    """Every service that works on a page of the environment test still does, for a while."""
    assert {"frontend", "adservice", "currencyservice"} <= before.keys()
    for _ in range(20):
        assert cloud.versions(f"test.{DOMAIN}") == before
        time.sleep(0.1)


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
    before = cloud.versions(f"test.{DOMAIN}")
    service = {"group": "", "kind": "Service", "name": "adservice", "namespace": "test", "port": 9555}
    with thief.having(route("dev", service)):
        assert thief.accepted("theft") == {"adservice": "True: Accepted"}
        unharmed(cloud, before)


def test_the_gateway_takes_no_route_for_the_other_environments_host(cloud: Amazon, thief: Trespasser) -> None:
    before = cloud.versions(f"test.{DOMAIN}")
    with thief.having(route("dev", GATEWAY, [f"test.{DOMAIN}"])):
        assert thief.accepted("theft") == {"ingress": "False: NotAllowedByListeners"}
        unharmed(cloud, before)
