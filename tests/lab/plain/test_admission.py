"""A target's channel in the cluster: the API server refuses every image that the program refuses at preview."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from boutique.kubernetes import client
from boutique.kubernetes.client import RefusedError
from tests.lab.plain.conftest import TARGETS, platform_of
from tests.support.lab.lab_commands import eventually
from tests.support.lab.lab_stacks import Stack
from tests.support.version_tags import REFUSED, RELEASES

pytestmark = pytest.mark.lab

PROD, CANDIDATES = "channel-releases", "channel-candidates"
REPOSITORY = "registry.example:5000/shop/adservice"
RUNS = "v0.10.6"
STRATEGIC_PATCH = "application/strategic-merge-patch+json"

Apply = Callable[..., str]


@pytest.fixture(scope="module")
def apply(platform: Stack) -> Apply:
    """Ask the API server with the rights of a target's deployer; nothing is kept of it."""
    apis = {name: client.for_deployer(json.dumps(platform.kubeconfig(name))) for name in (PROD, CANDIDATES)}

    def ask(space: str, image: str, **changed: Any) -> str:
        """Return why a Deployment is refused; empty if it is let in."""
        try:
            path = f"/apis/apps/v1/namespaces/{space}/deployments?dryRun=All"
            apis[space].request("POST", path, deployment(image, **changed))
        except RefusedError as refusal:
            return str(refusal)
        return ""

    # A rule is in force a moment after it was made.
    for space in (PROD, CANDIDATES):
        eventually(lambda: "SemVer" in ask(space, f"{REPOSITORY}:latest"), f"{space} has its rule")  # noqa: B023
    return ask


def deployment(
    image: str, *, app: str = "adservice", container: str = "server", track: str = "baseline", sidecar: str = ""
) -> Any:
    labels = {"app": app, **({"boutique.dev/track": track} if track else {})}
    # https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/
    first = {"name": "beside", "image": sidecar, "restartPolicy": "Always"}
    before = {"initContainers": [first]} if sidecar else {}
    return {
        "metadata": {"name": "by-hand"},
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [{"name": container, "image": image}], **before},
            },
        },
    }


def image_reference(text: str) -> str:
    return f"{REPOSITORY}{text}" if text.startswith("@") else f"{REPOSITORY}:{text}"


@pytest.mark.parametrize("text", RELEASES)
def test_releases_are_let_in(apply: Apply, text: str) -> None:
    assert apply(PROD, image_reference(text)) == ""


@pytest.mark.parametrize(("text", "_"), REFUSED)
def test_all_else_is_refused(apply: Apply, text: str, _: str) -> None:
    message = apply(PROD, image_reference(text))
    assert (
        "ValidatingAdmissionPolicy 'online-boutique-channel-channel-releases'" in message or "Invalid value" in message
    ), message


def test_the_message_names_the_image_and_what_is_accepted(apply: Apply) -> None:
    message = apply(PROD, f"{REPOSITORY}:0.10.7-new-ads.3")
    assert (
        f"{REPOSITORY}:0.10.7-new-ads.3: is not let in, the channel of this namespace accepts releases only" in message
    )


@pytest.mark.parametrize(
    "changed", [{"app": "other"}, {"container": "other"}, {"app": "other", "container": "other"}, {"track": ""}]
)
def test_no_other_name_helps(apply: Apply, changed: dict[str, str]) -> None:
    assert "is not let in" in apply(PROD, f"{REPOSITORY}:0.10.7-new-ads.3", **changed)


def test_a_copy_under_another_name_would_still_take_the_requests(apply: Apply) -> None:
    assert "is no SemVer version" in apply(PROD, "elsewhere.example/copy:latest")


def test_a_sidecar_is_judged_like_any_container(apply: Apply) -> None:
    assert apply(PROD, f"{REPOSITORY}:{RUNS}", sidecar="elsewhere.example/proxy:latest") == ""
    assert "is not let in" in apply(PROD, f"{REPOSITORY}:{RUNS}", sidecar=f"{REPOSITORY}:0.10.7-new-ads.3")
    assert "is not let in" in apply(PROD, "busybox:1", app="other", sidecar=f"{REPOSITORY}:0.10.7-new-ads.3")


def test_pods_that_would_take_the_requests_of_a_service_have_its_container(apply: Apply) -> None:
    message = apply(PROD, "elsewhere.example/copy:latest", container="other")
    assert (
        "pods with the label app: adservice take the requests of that service, and need its container server" in message
    )
    assert apply(PROD, "elsewhere.example/copy:latest", container="other", app="other") == ""


def test_features_come_where_the_channel_says_so_and_nobody_else_by_their_label(apply: Apply) -> None:
    image = f"{REPOSITORY}:0.10.7-new-ads.3"
    assert apply(CANDIDATES, image, track="feature") == ""
    assert "is not let in" in apply(CANDIDATES, image)
    assert apply(CANDIDATES, f"{REPOSITORY}:0.10.7-rc.1") == ""
    assert "lets no features in" in apply(PROD, f"{REPOSITORY}:{RUNS}", track="feature")


def test_what_others_publish_is_let_in(apply: Apply) -> None:
    assert apply(PROD, "redis:alpine", app="redis-cart", container="redis") == ""


def test_what_runs_may_be_scaled_and_goes_only_to_what_is_let_in(platform: Stack, apply: Apply) -> None:
    # As if the channel had been narrower from the beginning.
    old = f"{REPOSITORY}:0.10.7-rc.1"
    api = client.for_deployer(json.dumps(platform.kubeconfig(CANDIDATES)))
    deployments = f"/apis/apps/v1/namespaces/{CANDIDATES}/deployments"
    api.request("POST", deployments, deployment(old))
    platform_of(platform, {**TARGETS, CANDIDATES: {"channel": {"features": True}}}).up()
    eventually(lambda: "is not let in" in apply(CANDIDATES, old), "the rule is narrower")

    def patch(body: dict[str, Any]) -> dict[str, Any]:
        return api.request("PATCH", f"{deployments}/by-hand", body, content_type=STRATEGIC_PATCH)

    assert patch({"spec": {"replicas": 2}})["spec"]["replicas"] == 2
    eventually(lambda: api.request("GET", f"{deployments}/by-hand")["status"].get("readyReplicas") == 2, "its pods")
    for tag, let_in in (("0.10.7-rc.2", False), ("0.10.7", True)):
        body = {"spec": {"template": {"spec": {"containers": [{"name": "server", "image": f"{REPOSITORY}:{tag}"}]}}}}
        if let_in:
            patch(body)
        else:
            with pytest.raises(RefusedError, match="is not let in"):
                patch(body)
    api.request("DELETE", f"{deployments}/by-hand")
