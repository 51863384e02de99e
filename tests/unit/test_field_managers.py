"""Which fields of a stack's object others have set, from what the API server keeps about its writers."""

from typing import Any

import pytest

from boutique.kubernetes.field_managers import FieldChange, changes_by_others

SERVER = 'k:{"name":"server"}'
PORT = 'k:{"name":"PORT"}'
ADDED = 'k:{"name":"ADDED"}'


def entry(manager: str, fields: dict[str, Any], operation: str = "Update", subresource: str = "") -> dict[str, Any]:
    part = {"subresource": subresource} if subresource else {}
    return {"manager": manager, "operation": operation, "fieldsV1": fields, **part}


def containers(fields: dict[str, Any]) -> dict[str, Any]:
    return {"f:spec": {"f:template": {"f:spec": {"f:containers": {SERVER: fields}}}}}


OWN = entry("pulumi-dev", containers({".": {}, "f:name": {}, "f:env": {PORT: {".": {}, "f:name": {}}}}), "Apply")


def changes(*entries: dict[str, Any]) -> list[tuple[str, tuple[str, ...]]]:
    return [(change.manager, change.fields) for change in changes_by_others({"managedFields": [OWN, *entries]}, "dev")]


TEMPLATE = "spec.template.spec.containers[server]"


@pytest.mark.parametrize(
    ("manager", "fields", "expected"),
    [
        ("kubectl-set", containers({"f:image": {}}), f"{TEMPLATE}.image"),
        ("kubectl-set", containers({"f:env": {PORT: {"f:value": {}}}}), f"{TEMPLATE}.env[PORT].value"),
        ("kubectl-edit", {"f:spec": {"f:ports": {'k:{"port":80,"protocol":"TCP"}': {"f:targetPort": {}}}}},
         "spec.ports[80,TCP].targetPort"),
        ("kubectl-patch", {"f:spec": {"f:selector": {}}}, "spec.selector"),
        ("kubectl-patch", {"f:rules": {}}, "rules"),
        ("kubectl-patch", {"f:data": {"f:app.yaml": {}}}, "data.app.yaml"),
        ("kubectl-label", {"f:metadata": {"f:labels": {"f:app": {}, "f:team": {}}}}, "metadata.labels.app"),
        ("Mozilla", {"f:metadata": {"f:annotations": {"f:boutique.dev/expires": {}}}},
         "metadata.annotations.boutique.dev/expires"),
        ("kubectl-patch", {"f:spec": {"f:limits": {}, "f:finalizers": {'v:"x"': {}}}},
         'spec.finalizers["x"]; spec.limits'),
    ],
)  # fmt: skip
def test_a_field_that_a_stack_sets_is_named_with_its_writer(manager: str, fields: Any, expected: str) -> None:
    assert changes(entry(manager, fields)) == [(manager, tuple(expected.split("; ")))]


@pytest.mark.parametrize(
    "theirs",
    [
        entry("kubectl-set", containers({"f:env": {ADDED: {".": {}, "f:name": {}, "f:value": {}}}})),
        entry("kubectl-rollout", {"f:spec": {"f:template": {"f:metadata": {"f:annotations": {
            ".": {}, "f:kubectl.kubernetes.io/restartedAt": {}}}}}}),
        entry("kubectl-annotate", {"f:metadata": {"f:annotations": {"f:cloud.google.com/neg-status": {}}}}),
        entry("controller", {"f:metadata": {"f:finalizers": {".": {}, 'v:"x"': {}}, "f:ownerReferences": {}}}),
        entry("istiod", {"f:status": {"f:parents": {}}}, "Apply", "status"),
        entry("kube-controller-manager", {"f:data": {"f:token": {}}}),
        entry("kube-controller-manager", {"f:metadata": {"f:annotations": {"f:deployment.kubernetes.io/revision": {}}}},
              "Update", "status"),
        entry("argocd", containers({"f:name": {}}), "Apply"),
        entry("pulumi-dev", {"f:spec": {"f:replicas": {}}}),
    ],
    ids=["added variable", "restart", "annotation", "finalizer", "status", "token", "revision", "shared", "own"],
)  # fmt: skip
def test_what_others_add_and_what_the_stack_still_owns_is_none(theirs: dict[str, Any]) -> None:
    assert changes(theirs) == []


@pytest.mark.parametrize("manager", ["kube-controller-manager", "kubectl", "keda-operator"])
def test_replicas_are_named_whoever_scales(manager: str) -> None:
    scaled = entry(manager, {"f:spec": {"f:replicas": {}}}, subresource="scale")
    assert changes(scaled) == [(manager, ("spec.replicas",))]


def test_an_object_without_writers_has_no_changes() -> None:
    assert changes_by_others({"name": "x"}, "dev") == ()
    assert changes_by_others({"managedFields": [{"manager": "x"}]}, "dev") == ()


def test_several_entries_of_one_writer_are_one_change() -> None:
    two = [entry("kubectl-edit", {"f:spec": {"f:replicas": {}}}), entry("kubectl-edit", {"f:spec": {"f:paused": {}}})]
    assert changes_by_others({"managedFields": two}, "dev") == (
        FieldChange(manager="kubectl-edit", fields=("spec.replicas", "spec.paused")),
    )
