"""What the deployers of a target may do, asked of the API server that enforces it."""

from collections.abc import Callable, Iterator
from functools import partial

import pytest

from boutique.targets.rbac import DEPLOYER_RULES, FEATURES_RULES, RbacRule
from tests.support.lab.access_rights import EVERYBODY, allowed_rights, deployer, listed_rights, rights_of_rules
from tests.support.lab.authorization_requests import Questions, questions
from tests.support.lab.lab_commands import Lab
from tests.support.lab.local_stack import LocalDeployment

pytestmark = pytest.mark.lab

DEPLOYER, FEATURES = deployer("local-deployer"), deployer("local-features")
IDENTITIES = {DEPLOYER: DEPLOYER_RULES, FEATURES: FEATURES_RULES}
ELSEWHERE = ("default", "deployers", "kube-system", "elsewhere")
"""Other namespaces."""
CLUSTER = ""


@pytest.fixture(scope="module")
def authorization(lab: Lab, local: LocalDeployment, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Questions]:
    assert local.output
    # Another team's namespace need not exist to be asked about, but a matrix should not depend on that.
    lab.kubectl("create", "namespace", "elsewhere")
    try:
        with questions(lab, tmp_path_factory.mktemp("administrator")) as client:
            yield client
    finally:
        lab.kubectl("delete", "namespace", "elsewhere", "--wait=false")


@pytest.mark.parametrize(("user", "given"), IDENTITIES.items())
def test_deployers_may_do_in_their_namespace_exactly_what_their_rules_say(
    authorization: Questions, user: str, given: tuple[RbacRule, ...]
) -> None:
    rules = rights_of_rules(given)
    resources = authorization.resources()
    assert {(group, resource) for _, group, resource in rules} <= resources, "a rule for nothing"
    assert {("", "secrets"), ("", "pods/exec"), ("", "serviceaccounts/token")} <= resources, (
        "subresources are asked about"
    )
    assert allowed_rights(authorization, "local", user) == rules | EVERYBODY


@pytest.mark.parametrize("user", IDENTITIES)
@pytest.mark.parametrize("namespace", [CLUSTER, *(pytest.param(name, marks=pytest.mark.soak) for name in ELSEWHERE)])
def test_deployers_may_do_nothing_outside_their_namespace(authorization: Questions, namespace: str, user: str) -> None:
    assert allowed_rights(authorization, namespace, user) == EVERYBODY


Kubectl = Callable[..., str]


@pytest.fixture(scope="module")
def kubectl(lab: Lab, local: LocalDeployment, tmp_path_factory: pytest.TempPathFactory) -> Kubectl:
    """`kubectl` with the stack's output as its only credentials."""
    path = local.stack.kubeconfig_file("local", tmp_path_factory.mktemp("deployer"))
    return partial(lab.kubectl, "--kubeconfig", str(path))


def test_token_in_the_output_is_that_deployers(kubectl: Kubectl) -> None:
    assert kubectl("auth", "whoami", "-o", "jsonpath={.status.userInfo.username}") == DEPLOYER


@pytest.mark.parametrize("allowed", ["create deployments.apps", "watch pods", "delete services"])
def test_that_token_is_let_through(kubectl: Kubectl, allowed: str) -> None:
    assert kubectl("auth", "can-i", *allowed.split()).strip() == "yes"


@pytest.mark.parametrize(
    "forbidden",
    [
        "deletecollection secrets",
        "create pods --subresource=exec",
        "create serviceaccounts --subresource=token",
        "update resourcequotas",
        "create rolebindings.rbac.authorization.k8s.io",
        "create deployments.apps -n default",
        "list pods -A",
        "list namespaces",
    ],
)
def test_that_token_is_refused(kubectl: Kubectl, forbidden: str) -> None:
    # kubectl answers "no" with a failure of its own.
    with pytest.raises(AssertionError, match="ended with 1"):
        kubectl("auth", "can-i", "--quiet", *forbidden.split())


@pytest.mark.parametrize(("user", "given"), IDENTITIES.items())
@pytest.mark.parametrize("namespace", ["local", *ELSEWHERE])
def test_no_right_is_outside_the_matrix(
    lab: Lab, authorization: Questions, namespace: str, user: str, given: tuple[RbacRule, ...]
) -> None:
    """A right on what this cluster does not serve, on one named object, or with another verb, is in no matrix."""
    assert authorization.resources()
    rules = rights_of_rules(given) if namespace == "local" else set()
    assert listed_rights(lab, namespace, user) == rules | EVERYBODY
