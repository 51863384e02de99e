"""Helm releases that a killed update left in the middle of an operation."""

import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from typing import Any

import pulumi
import pytest

from boutique.eks import controller
from boutique.helm import releases
from boutique.helm.releases import HelmRelease
from boutique.kubernetes.client import KubernetesApi
from boutique.kubernetes.kubeconfig import KubeconfigError
from boutique.settings.ingress_settings import IngressSettings
from boutique.settings.mesh_settings import MeshSettings
from stacks import helm_recovery, stack_outputs
from tests.support.helm_api import CREATED, HelmApi, api_at_port, secret, serve, unpack_release

ISTIOD = releases.istiod(MeshSettings(), "cluster.local")
BASE = releases.base()
CNI = releases.cni(MeshSettings(cni=True))
CONTROLLER = releases.load_balancer_controller(
    {**controller.values(cluster="boutique-prod", region="eu-central-1", replicas=2), "vpcId": "vpc-1"}
)
GATEWAY = releases.ingress_gateway(IngressSettings.model_validate({"certificate": {"kind": "pem"}}))
ALL = [BASE, CNI, ISTIOD, GATEWAY, CONTROLLER]
STUCK = ["pending-install", "pending-upgrade", "pending-rollback", "uninstalling", "uninstalled"]
OWN = {"istio_system": "shop", "istio_ingress": "shop"}
OTHERS: dict[str, Any] = {"pilot": {"autoscaleEnabled": False}}


class Run:
    """Runs of the program against one API server, by a stack called `shop`."""

    def __init__(self, patch: pytest.MonkeyPatch, stack: ExitStack) -> None:
        self.patch, self.stack = patch, stack
        self.messages: list[str] = []
        patch.setattr(pulumi.log, "warn", self.messages.append)
        patch.setattr(pulumi, "get_stack", lambda: "shop")

    def __call__(
        self,
        api: HelmApi,
        descriptions: Mapping[str, str] | None = None,
        *planned: HelmRelease,
        preview: bool = False,
    ) -> Mapping[str, str]:
        """Recover releases, of which the stack's state knows some with the descriptions of their last updates."""
        resources = {
            f"urn:{key}": {
                "type": "kubernetes:helm.sh/v3:Release",
                "outputs": {
                    "namespace": key.partition("/")[0],
                    "name": key.partition("/")[2],
                    "description": description,
                },
            }
            for key, description in (descriptions or {}).items()
        }
        self.patch.setattr(stack_outputs, "resources", lambda: resources)
        self.patch.setattr(pulumi.runtime, "is_dry_run", lambda: preview)
        admin = self.stack.enter_context(serve(api))
        return helm_recovery.recover_releases(admin, planned or ALL)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    with ExitStack() as stack:
        yield Run(monkeypatch, stack)


def record(release: HelmRelease, revision: int, status: str, **content: Any) -> dict[str, Any]:
    content = {"chart": release.chart, "values": release.values, **content}
    return secret(release.name, revision, status, namespace=release.namespace, **content)


@pytest.mark.parametrize("release", ALL, ids=lambda release: release.name)
@pytest.mark.parametrize("status", [*STUCK, "failed", "deployed", "superseded", "unknown"])
def test_an_installation_that_the_stack_does_not_know_makes_way(run: Run, release: HelmRelease, status: str) -> None:
    api = HelmApi(record(release, 1, status), **OWN)
    assert run(api) == {}
    assert api.statuses() == {}
    [message] = run.messages
    assert message == (
        f"Helm release {release.namespace}/{release.name}: revision 1 is {status}, and its installation was "
        "interrupted before the stack knew of it; this update removes its record and installs the release again"
    )


@pytest.mark.parametrize("release", ALL, ids=lambda release: release.name)
@pytest.mark.parametrize("status", STUCK)
def test_an_operation_on_a_release_of_the_stack_has_failed(run: Run, release: HelmRelease, status: str) -> None:
    api = HelmApi(record(release, 1, "deployed"), record(release, 2, status))
    descriptions = run(api, {release.key: ""})
    deployed, failed = api.secrets.values()
    assert deployed == record(release, 1, "deployed"), "Helm upgrades from what was deployed last"
    assert failed["metadata"]["labels"]["status"] == unpack_release(failed)["info"]["status"] == "failed"
    assert unpack_release(failed) | {"info": {}} == unpack_release(record(release, 2, status)) | {"info": {}}
    # Pulumi upgrades nothing whose settings are the same: the description has to differ.
    assert descriptions == {release.key: f"Upgrade after revision 2 of {CREATED} was interrupted or failed"}
    assert "is " + status in run.messages[0]
    assert "this update marks it as failed and upgrades the release again" in run.messages[0]


@pytest.mark.parametrize("status", ["pending-install", "uninstalling"])
def test_the_only_revision_of_a_known_release_stays(run: Run, status: str) -> None:
    api = HelmApi(record(ISTIOD, 1, status))
    assert run(api, {ISTIOD.key: ""})
    assert api.statuses() == {"sh.helm.release.v1.istiod.v1": "failed"}, "without any, Helm could not upgrade"


def test_a_revision_that_was_marked_before_another_kill_is_upgraded_all_the_same(run: Run) -> None:
    api = HelmApi(record(ISTIOD, 1, "deployed"), record(ISTIOD, 2, "pending-upgrade"))
    first = run(api, {ISTIOD.key: ""})
    api.written.clear()
    assert run(api, {ISTIOD.key: ""}) == first != {}
    assert api.written == []
    assert "revision 2 is failed; this update upgrades the release again" in run.messages[-1]


def test_the_description_stays_when_the_release_has_been_upgraded(run: Run) -> None:
    api = HelmApi(record(ISTIOD, 2, "failed"), record(ISTIOD, 3, "deployed"))
    assert run(api, {ISTIOD.key: "Upgrade after revision 2"}) == {ISTIOD.key: "Upgrade after revision 2"}
    assert run.messages == []
    assert api.written == []


def test_several_are_picked_up_at_once(run: Run) -> None:
    api = HelmApi(
        record(BASE, 1, "deployed"),
        *(record(ISTIOD, number, "pending-upgrade") for number in (9, 10)),
        record(ISTIOD, 8, "deployed"),
        record(GATEWAY, 1, "pending-install"),
        **OWN,
    )
    assert set(run(api, {BASE.key: "", ISTIOD.key: ""})) == {ISTIOD.key}
    assert api.statuses() == {
        "sh.helm.release.v1.istio-base.v1": "deployed",
        "sh.helm.release.v1.istiod.v8": "deployed",
        "sh.helm.release.v1.istiod.v9": "failed",
        "sh.helm.release.v1.istiod.v10": "failed",
    }
    assert len(run.messages) == 2


def test_what_is_behind_a_revision_that_works_is_left(run: Run) -> None:
    api = HelmApi(record(ISTIOD, 9, "pending-upgrade"), record(ISTIOD, 10, "deployed"))
    assert run(api, {ISTIOD.key: ""}) == {}
    assert api.written == run.messages == []


def test_a_preview_changes_nothing_and_says_what_the_update_will_do(run: Run) -> None:
    api = HelmApi(record(ISTIOD, 2, "pending-upgrade"), record(GATEWAY, 1, "pending-install"), **OWN)
    assert set(run(api, {ISTIOD.key: ""}, preview=True)) == {ISTIOD.key}, "it shows the upgrade"
    assert api.written == []
    assert ["; `pulumi up` marks it as failed" in run.messages[0], "; `pulumi up` removes" in run.messages[1]] == [
        True,
        True,
    ]


def test_releases_of_others_are_left(run: Run) -> None:
    others = [secret("istiod", 1, "pending-install", namespace="canary"), secret("kiali", 1, "pending-upgrade")]
    api = HelmApi(*others, record(ISTIOD, 1, "pending-install"), **OWN)
    run(api)
    assert set(api.statuses()) == {secret["metadata"]["name"] for secret in others}
    assert len(api.secrets) == 2


@pytest.mark.parametrize("status", [*STUCK, "failed", "deployed"])
@pytest.mark.parametrize("preview", [True, False])
@pytest.mark.parametrize(
    ("content", "owner"),
    [
        ({"chart": "nginx"}, "shop"),
        ({"values": OTHERS}, None),
        ({"values": OTHERS}, "another"),
        # Istio's own documentation installs `istio-base` with the values that this program gives it.
        ({}, None),
        ({}, "another"),
    ],
)
def test_a_release_of_our_name_that_others_installed_is_an_error(
    run: Run, content: Any, owner: str | None, status: str, preview: bool
) -> None:
    stuck, theirs = record(CONTROLLER, 1, "pending-install"), record(ISTIOD, 3, status, **content)
    api = HelmApi(stuck, theirs, **({"istio_system": owner} if owner else {}))
    with pytest.raises(KubeconfigError) as refusal:
        run(api, preview=preview)
    assert "Helm release istio-system/istiod: exists" in str(refusal.value)
    assert f"revision 3, {status}" in str(refusal.value)
    assert "helm uninstall istiod -n istio-system" in str(refusal.value)
    assert ("belongs to stack 'another'" in str(refusal.value)) == (owner == "another")
    assert api.written == run.messages == []


def test_values_may_be_corrected_before_the_next_update(run: Run) -> None:
    api = HelmApi(record(ISTIOD, 1, "pending-install", values=OTHERS), istio_system="shop")
    run(api)
    assert api.statuses() == {}


def test_a_release_that_works_with_values_of_others_is_theirs(run: Run) -> None:
    api = HelmApi(record(ISTIOD, 1, "deployed", values=OTHERS), istio_system="shop")
    with pytest.raises(KubeconfigError, match=r"this stack did not install it; .*helm uninstall istiod"):
        run(api)


def test_a_controller_with_values_of_another_cluster_is_theirs(run: Run) -> None:
    values = {**CONTROLLER.values, "vpcId": "vpc-2"}
    with pytest.raises(KubeconfigError, match="helm uninstall aws-load-balancer-controller -n kube-system"):
        run(HelmApi(record(CONTROLLER, 1, "pending-install", values=values)))


@pytest.mark.parametrize("data", ["", "bm8=", "!", "e30="])
def test_a_record_that_cannot_be_read_is_named(run: Run, data: str) -> None:
    broken = record(ISTIOD, 1, "pending-install")
    broken["data"]["release"] = data
    with pytest.raises(
        KubeconfigError, match=r"Secret istio-system/sh\.helm\.release\.v1\.istiod\.v1: is not a record"
    ):
        run(HelmApi(broken))


@pytest.mark.parametrize("label", ["version", "status"])
def test_labels_that_are_not_helms_are_named(run: Run, label: str) -> None:
    broken = record(ISTIOD, 1, "pending-install")
    broken["metadata"]["labels"][label] = "x"
    if label == "status":
        del broken["metadata"]["labels"][label]
    with pytest.raises(KubeconfigError, match="labels 'name', 'version' and 'status' are not Helm's"):
        run(HelmApi(broken))


@pytest.mark.parametrize(
    ("method", "verb", "is_known"),
    [("GET", "list", False), ("DELETE", "delete", False), ("PATCH", "patch", True)],
)
def test_a_missing_right_is_named(run: Run, method: str, verb: str, is_known: bool) -> None:
    api = HelmApi(record(ISTIOD, 1, "pending-install"), **OWN)
    api.forbidden = {method}
    with pytest.raises(KubeconfigError) as refusal:
        run(api, {ISTIOD.key: ""} if is_known else None, ISTIOD)
    assert f"answers 403 to {method} /api/v1/namespaces/istio-system/secrets" in str(refusal.value)
    assert f"needs the right to {verb} those of namespace 'istio-system'" in str(refusal.value)
    assert len(api.secrets) == 1


@pytest.mark.parametrize("is_known", [True, False])
def test_a_record_that_somebody_changes_at_this_moment_is_left(run: Run, is_known: bool) -> None:
    api = HelmApi(record(ISTIOD, 1, "pending-install"), **OWN)
    api.changing = True
    with pytest.raises(KubeconfigError, match=r"409 .* another process is changing the release"):
        run(api, {ISTIOD.key: ""} if is_known else None)
    assert api.statuses() == {"sh.helm.release.v1.istiod.v1": "pending-install"}


def test_an_api_server_without_an_answer_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    for method in (KubernetesApi.request, KubernetesApi.list_objects):
        monkeypatch.setitem(method.__kwdefaults__, "seconds", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(KubeconfigError, match="does not answer GET"):
        helm_recovery.recover_releases(api_at_port(silent.getsockname()[1]), ALL)


def test_something_else_than_a_list_is_an_error(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    answer: Callable[..., tuple[int, dict[str, Any]]] = lambda *_: (200, {})  # noqa: E731
    api = HelmApi()
    monkeypatch.setattr(api, "answer", answer)
    with pytest.raises(KubeconfigError, match="something else than a list of Secrets"):
        run(api)
