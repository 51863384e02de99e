"""APIs that are registered and that nothing answers for, found in what an API server says of all its APIs."""

import json
from typing import Any

import pytest

from boutique.kubernetes import api_groups
from boutique.kubernetes.kubeconfig import KubeconfigError
from tests.support.unit.smoke_fakes import deployer, serving


class ApiServer:
    """An API server that answers one thing."""

    def __init__(self, content: Any, status: int = 200) -> None:
        self.content, self.status = content, status
        self.seen: list[tuple[str, str]] = []

    def answer(self, request: str, headers: Any, _: str) -> tuple[int, dict[str, str], str]:
        self.seen.append((request, headers["accept"]))
        return self.status, {"content-type": "application/json"}, json.dumps(self.content)


def group(name: str, **versions: str) -> dict[str, Any]:
    entries = [{"version": version, "freshness": state, "resources": []} for version, state in versions.items()]
    return {"metadata": {"name": name}, "versions": entries}


def listing(*groups: dict[str, Any]) -> dict[str, Any]:
    return {"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "items": list(groups)}


def ask(server: ApiServer) -> tuple[str, ...]:
    with serving(server) as port:
        return api_groups.unavailable(deployer(port))


def test_each_version_that_nothing_answers_for_is_named_as_its_apiservice() -> None:
    server = ApiServer(
        listing(
            group("apps", v1="Current"),
            group("metrics.k8s.io", v1beta1="Stale"),
            group("example.com", v1="Current", v1alpha1="Stale"),
            {"metadata": {"name": "batch"}, "versions": [{"version": "v1"}]},
        )
    )
    assert ask(server) == ("v1beta1.metrics.k8s.io", "v1alpha1.example.com")
    assert server.seen == [("GET /apis", "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList")]
    assert ask(ApiServer(listing(group("apps", v1="Current")))) == ()


@pytest.mark.parametrize(
    ("content", "status", "message"),
    [
        ({"kind": "APIGroupList", "groups": []}, 200, "does not list its APIs with their state"),
        ([], 200, "something other than an object"),
        ({"kind": "APIGroupDiscoveryList"}, 200, "does not list its APIs with their state"),
        ({}, 403, "answers 403 to GET /apis: Forbidden"),
        ({}, 503, "answers 503 to GET /apis: Service Unavailable"),
    ],
)
def test_no_answer_is_never_taken_for_none(content: Any, status: int, message: str) -> None:
    with pytest.raises(KubeconfigError, match=message):
        ask(ApiServer(content, status))


def test_a_server_that_is_gone_is_named() -> None:
    with serving(ApiServer({})) as port:
        gone = deployer(port)
    with pytest.raises(KubeconfigError, match=f"127.0.0.1:{port} does not answer GET /apis"):
        api_groups.unavailable(gone)
    [line] = api_groups.warnings(gone)
    assert line.startswith("whether namespaces can be deleted is unknown: the API server http://127.0.0.1:")


def test_a_warning_says_what_to_do() -> None:
    with serving(ApiServer(listing(group("metrics.k8s.io", v1beta1="Stale")))) as port:
        [line] = api_groups.warnings(deployer(port))
    assert line == (
        "APIService v1beta1.metrics.k8s.io is registered and nothing answers for it: until that is repaired, no "
        "namespace that is deleted will end, and `pulumi destroy` of what has one fails; repair its Service, or run "
        "`kubectl delete apiservice v1beta1.metrics.k8s.io`"
    )
