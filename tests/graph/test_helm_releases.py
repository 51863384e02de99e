"""Helm releases: what the program installs is what it looks for after a killed update."""

from collections.abc import Sequence
from typing import Any

import pulumi
import pytest
from google.protobuf import json_format
from pulumi.runtime import mocks

from boutique.helm import record_store
from boutique.helm.records import HelmRecord
from boutique.helm.releases import HelmRelease
from boutique.kubernetes.client import KubernetesApi
from boutique.kubernetes.kubeconfig import KubeconfigError
from tests.support.graph.clear_text import clear_texts
from tests.support.graph.cloud_answers import Cloud
from tests.support.graph.graph_recorder import Graph, Registered
from tests.support.graph.stack_recordings import ACCOUNT, record_stack

LAYERS = {
    "local": "stacks.layers.cluster",
    "nonprod": "stacks.layers.eks_cluster",
    "prod-platform": "stacks.layers.eks_cluster",
}
TEXT = "Upgrade after revision 2"


@pytest.fixture(params=LAYERS)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def record_with_description(
    name: str, monkeypatch: pytest.MonkeyPatch, text: str | None = None, **arguments: Any
) -> tuple[Graph, list[HelmRelease]]:
    """Record a stack whose releases all get one description, and return what was looked for as well."""
    looked_for: list[HelmRelease] = []

    def recover(_: KubernetesApi, releases: Sequence[HelmRelease]) -> dict[str, str]:
        looked_for.extend(releases)
        return {release.key: text for release in releases} if text else {}

    monkeypatch.setattr(f"{LAYERS[name]}.recover_releases", recover)
    return record_stack(name, **arguments), looked_for


def key(release: Registered) -> str:
    return f"{release.inputs['namespace']}/{release.inputs['name']}"


def test_every_release_is_looked_for(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    graph, looked_for = record_with_description(name, monkeypatch)
    installed = {key(release): release for release in graph.of("Release")}
    assert set(installed) == {release.key for release in looked_for}
    for release in looked_for:
        inputs = installed[release.key].inputs
        assert inputs["chart"].rpartition("/")[2] == release.chart
        assert inputs["values"] == release.values
        assert "description" not in inputs


@pytest.mark.parametrize("preview", [True, False])
def test_a_release_that_was_stuck_gets_its_description(
    name: str, preview: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph, _ = record_with_description(name, monkeypatch, TEXT, preview=preview)
    for release in graph.of("Release"):
        assert release.inputs["description"] == TEXT
        assert TEXT in clear_texts(json_format.MessageToDict(release.request.object)), (
            "the kubeconfig is secret, not this"
        )


def test_a_cluster_that_is_not_there_yet_has_no_releases(monkeypatch: pytest.MonkeyPatch) -> None:
    _, looked_for = record_with_description("prod-platform", monkeypatch, built=False, preview=True)
    assert looked_for == []


@pytest.mark.parametrize("stack", ["dev", "dev-new-ads", "local-plain"])
def test_stacks_without_releases_ask_for_none(stack: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record_store, "list_records", lambda *_: pytest.fail("nothing is to be looked for"))
    monkeypatch.setattr("boutique.kubernetes.client.ensure_reachable", lambda *_: None)
    monkeypatch.setattr("boutique.kubernetes.listing.list_objects", lambda *_, **__: ())
    record_stack(stack, answering=False)


def find_pending_upgrade(_: KubernetesApi, releases: Sequence[HelmRelease]) -> tuple[HelmRecord, ...]:
    """Answer that istiod has a revision in the middle of an upgrade."""
    return tuple(
        HelmRecord(
            namespace=release.namespace,
            secret=f"sh.helm.release.v1.{release.name}.v2",
            uid="u",
            version="1",
            created="2026-11-30T01:10:47Z",
            release=release.name,
            revision=2,
            status="pending-upgrade",
        )
        for release in releases
        if release.name == "istiod"
    )


@pytest.fixture
def on_cluster(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A cluster with a stuck istiod that its stack knows; returns what was written to it."""
    written: list[str] = []

    class Knowing(Cloud):
        def call(self, args: mocks.MockCallArgs) -> dict[str, Any]:
            if args.token != "pulumi:pulumi:readStackResourceOutputs":  # noqa: S105 - a function, not a password
                return super().call(args)
            assert args.args["stackName"] in {f"organization/boutique/{stack}" for stack in LAYERS}
            outputs = {"namespace": "istio-system", "name": "istiod", "status": {"status": "deployed"}}
            other = {"type": "kubernetes:core/v1:Namespace", "outputs": {"metadata": {}}}
            return {"outputs": {"a": other, "b": {"type": "kubernetes:helm.sh/v3:Release", "outputs": outputs}}}

    monkeypatch.setattr("tests.support.graph.stack_recordings.Cloud", Knowing)
    monkeypatch.setattr("boutique.kubernetes.client.ensure_reachable", lambda *_: None)
    monkeypatch.setattr("boutique.kubernetes.listing.list_objects", lambda *_, **__: ())
    monkeypatch.setattr("boutique.eks.account.check", lambda *_: ACCOUNT)
    monkeypatch.setattr(record_store, "list_records", find_pending_upgrade)
    monkeypatch.setattr(record_store, "mark_failed", lambda _, record: written.append(record.secret))
    return written


@pytest.mark.parametrize("preview", [True, False])
def test_the_whole_program_picks_up_a_stuck_release(
    name: str, on_cluster: list[str], monkeypatch: pytest.MonkeyPatch, preview: bool
) -> None:
    warnings: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", lambda text, *_, **__: warnings.append(text))
    graph = record_stack(name, answering=False, preview=preview)
    assert [release.name for release in graph.of("Release") if "description" in release.inputs] == ["mesh-istiod"]
    assert on_cluster == ([] if preview else ["sh.helm.release.v1.istiod.v2"])
    assert [line for line in warnings if "istio-system/istiod: revision 2 is pending-upgrade" in line]


def test_nothing_is_made_where_the_cluster_cannot_be_asked(
    on_cluster: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise KubeconfigError("GET … is refused: 403")

    made: list[str] = []
    make = Cloud.new_resource

    def watch(self: Cloud, args: mocks.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        made.append(args.typ)
        return make(self, args)

    monkeypatch.setattr(record_store, "list_records", refuse)
    monkeypatch.setattr(Cloud, "new_resource", watch)
    with pytest.raises(pulumi.RunError, match="is refused: 403"):
        record_stack("local", answering=False)
    assert made == on_cluster == []
