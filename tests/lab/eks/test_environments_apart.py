"""Two environments on one cluster: what the deployers of one may do in the other, and what comes of it if they try."""

import time

import pytest

from boutique.targets.rbac import DEPLOYER_RULES, FEATURES_RULES
from tests.support.lab.access_rights import EVERYBODY, deployer, listed_rights, rights_of_rules
from tests.support.lab.aws_standin import DOMAIN, ENVIRONMENTS, VERSION, Amazon, PulumiOutput
from tests.support.lab.deployer_escapes import (
    GATEWAY,
    DeployerClient,
    denied_by,
    deployer_client,
    route,
    virtual_service,
)

pytestmark = pytest.mark.lab

DEPLOYERS = {"dev-deployer": DEPLOYER_RULES, "dev-features": FEATURES_RULES, "test-deployer": DEPLOYER_RULES}


def object_names(cloud: Amazon, kind: str, *arguments: str) -> set[str]:
    """Return the names of all objects of a kind."""
    return {name.partition("/")[2] for name in cloud.lab.kubectl("get", kind, *arguments, "-o", "name").split()}


def test_deployers_are_one_for_each_target_and_one_for_its_features_if_it_lets_them_in(
    cloud: Amazon, pulumi_output: PulumiOutput
) -> None:
    assert pulumi_output
    assert object_names(cloud, "serviceaccounts", "-n", "deployers") == {"default", *DEPLOYERS}


@pytest.mark.parametrize("name", DEPLOYERS)
def test_deployers_may_do_what_their_rules_say_in_their_own_environment_and_nothing_elsewhere(
    cloud: Amazon, pulumi_output: PulumiOutput, name: str
) -> None:
    assert pulumi_output
    home = name.partition("-")[0]
    namespaces = object_names(cloud, "namespaces")
    assert {"istio-system", "istio-ingress", "deployers", "kube-system", *ENVIRONMENTS} <= namespaces
    for namespace in namespaces:
        rules = rights_of_rules(DEPLOYERS[name]) if namespace == home else set()
        assert listed_rights(cloud.lab, namespace, deployer(name)) == rules | EVERYBODY, namespace


@pytest.fixture(scope="module")
def dev_deployer(
    cloud: Amazon, pulumi_output: PulumiOutput, tmp_path_factory: pytest.TempPathFactory
) -> DeployerClient:
    """A client with the token of dev's deployer."""
    assert pulumi_output
    return deployer_client(cloud.lab, cloud.nonprod(version=VERSION), "dev", tmp_path_factory.mktemp("thief"))


def working_versions(cloud: Amazon) -> dict[str, set[str]]:
    """Return the versions of the services that work on pages of the environment test; a slow one may miss some."""
    pages = [cloud.versions(f"test.{DOMAIN}") for _ in range(10)]
    versions = {name: set().union(*(page.get(name, ()) for page in pages)) for page in pages for name in page}
    assert {"frontend", "adservice", "currencyservice"} <= versions.keys()
    return versions


@pytest.mark.parametrize(
    "command",
    ["get secrets", "delete deployment adservice", "delete httproute adservice", "annotate service adservice a=b"],
)
def test_the_other_environment_is_closed_to_a_deployer(dev_deployer: DeployerClient, command: str) -> None:
    assert "Forbidden" in dev_deployer.refusal(*command.split(), "-n", "test")
    assert (
        dev_deployer.refusal(*command.split(), "-n", "dev", *(["--dry-run=server"] if "get" not in command else []))
        == ""
    )


@pytest.mark.parametrize(
    "hosts",
    [["currencyservice.test.svc.cluster.local"], ["adservice", "*.test.svc.cluster.local"], ["*"]],
)
def test_calls_of_the_other_environment_cannot_be_routed(dev_deployer: DeployerClient, hosts: list[str]) -> None:
    refusal = dev_deployer.apply(virtual_service("dev", hosts), "--dry-run=server")
    assert denied_by(refusal) == "isolation-routes-dev"
    assert "are for Services of dev" in refusal


def test_a_route_for_the_other_environments_service_is_for_ones_own_callers_only(
    cloud: Amazon, dev_deployer: DeployerClient
) -> None:
    before = working_versions(cloud)
    service = {"group": "", "kind": "Service", "name": "adservice", "namespace": "test", "port": 9555}
    with dev_deployer.keep_object(route("dev", service)):
        assert dev_deployer.route_verdicts("theft") == {"adservice": "True: Accepted"}
        # A proxy hears of a route some moments later.
        time.sleep(1)
        assert working_versions(cloud) == before


def test_the_gateway_takes_no_route_for_the_other_environments_host(
    cloud: Amazon, dev_deployer: DeployerClient
) -> None:
    before = working_versions(cloud)
    with dev_deployer.keep_object(route("dev", GATEWAY, [f"test.{DOMAIN}"])):
        assert dev_deployer.route_verdicts("theft") == {"ingress": "False: NotAllowedByListeners"}
        # A proxy hears of a route some moments later.
        time.sleep(1)
        assert working_versions(cloud) == before
