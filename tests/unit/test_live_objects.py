"""Objects that are in the cluster already: refused, taken over or named, before anything is planned."""

from typing import Any

from boutique.checks.stack_objects import autoscaled_deployments, of_environment, of_platform
from boutique.kubernetes.live_objects import LiveObject, Name, changes, ownership_errors
from boutique.settings.errors import ErrorLine
from boutique.settings.stack import Environment, Platform
from tests.support.online_boutique import APPLICATION

KEY = "boutique:cluster.target: 'dev'"
ADS: Name = ("Deployment", "dev", "adservice")


def live_object(kind: str = "Deployment", name: str = "adservice", owner: str = "", **managers: str) -> LiveObject:
    annotations = {"annotations": {"boutique.dev/owner": owner}} if owner else {}
    fields = [
        {"manager": manager.replace("_", "-"), "fieldsV1": {"f:spec": {f"f:{name}": {} for name in names.split()}}}
        for manager, names in managers.items()
    ]
    namespace = {"namespace": "dev"} if kind != "Namespace" else {}
    metadata: dict[str, Any] = {"name": name, **namespace, **annotations, "managedFields": fields}
    return LiveObject(kind=kind, metadata=metadata)


def errors(*objects: LiveObject) -> list[ErrorLine]:
    return list(ownership_errors(objects, {ADS, ("Service", "dev", "adservice")}, stack="dev", key=KEY))


def test_another_stacks_objects_are_refused_with_the_owner_and_the_remedies() -> None:
    assert errors(
        live_object(owner="other"), live_object("Service", owner="other"), live_object(name="else", owner="other")
    ) == [
        f"{KEY}: Deployment dev/adservice, Service dev/adservice belong to stack 'other', and an object has one owning "
        "stack; go elsewhere, or destroy stack 'other' first (if it is gone already, remove the annotation: "
        "`kubectl annotate -n dev deployment adservice boutique.dev/owner-`)"
    ]
    assert [error.code for error in errors(live_object(owner="other"))] == ["owned-by-stack"]
    assert errors(live_object(owner="dev"), live_object("Service")) == []


def test_one_object_is_one() -> None:
    assert "Namespace dev belongs to stack 'other'" in str(
        list(
            ownership_errors([live_object("Namespace", "dev", "other")], {("Namespace", "", "dev")}, stack="x", key=KEY)
        )
    )
    assert "`kubectl annotate namespace dev boutique.dev/owner-`" in str(
        list(
            ownership_errors([live_object("Namespace", "dev", "other")], {("Namespace", "", "dev")}, stack="x", key=KEY)
        )
    )


def test_changes_name_object_writer_and_fields_and_how_they_are_put_back() -> None:
    messages = changes([live_object(owner="dev", kubectl_edit="replicas paused")], {ADS}, stack="dev")
    assert messages.splitlines() == [
        "objects of this stack were changed by others. What the stack sets is put back as the configuration has it: by "
        "`pulumi up --refresh`, or by the next update that changes the object",
        "  Deployment dev/adservice: kubectl-edit has set spec.paused, spec.replicas",
        "  replicas that an autoscaler sets are left to it by boutique:environment.services.<name>.autoscaled: true",
    ]


def test_replicas_of_an_autoscaled_deployment_are_no_change() -> None:
    scaled = live_object(owner="dev", keda="replicas")
    assert changes([scaled], {ADS}, stack="dev", autoscaled={ADS}) == ""
    assert "image" in changes([live_object(owner="dev", keda="replicas image")], {ADS}, stack="dev", autoscaled={ADS})


def test_an_object_of_no_stack_is_taken_over_and_that_is_said() -> None:
    messages = changes([live_object(helm="replicas"), live_object(name="else", helm="replicas")], {ADS}, stack="dev")
    assert "Deployment dev/adservice: belongs to no stack (made by helm); this stack takes it over" in messages
    assert "else" not in messages


def test_another_stacks_object_is_neither_changed_nor_taken_over() -> None:
    assert changes([live_object(owner="dev-feature", kubectl_edit="replicas")], {ADS}, stack="dev") == ""


def test_many_changes_are_cut_short_and_counted() -> None:
    many = [live_object(name=f"n{at}", owner="dev", kubectl_edit="a b c d e f g") for at in range(23)]
    lines = changes(many, (), stack="dev").splitlines()
    assert lines[-1] == "  and 3 more"
    assert len(lines) == 22
    assert lines[1].endswith("spec.a, spec.b, spec.c, spec.d, spec.e and 2 more")


def test_an_environment_writes_its_services_and_a_platform_its_namespaces() -> None:
    environment = Environment.model_validate({"services": {"cartservice": {"autoscaled": True}}})
    names = of_environment(APPLICATION, environment, "dev")
    assert {ADS, ("Service", "dev", "adservice"), ("ServiceAccount", "dev", "adservice")} <= names
    assert ("Deployment", "dev", "loadgenerator") in names
    assert ("Service", "dev", "loadgenerator") not in names
    assert autoscaled_deployments(APPLICATION, environment, "dev") == {("Deployment", "dev", "cartservice")}
    platform = Platform.model_validate({"targets": {"dev": {}, "test": {"namespace": "shop-test"}}})
    assert {name for _, _, name in of_platform(platform)} == {"deployers", "dev", "shop-test"}
    meshed = Platform.model_validate({"targets": {"dev": {}}, "mesh": {}})
    assert {name for _, _, name in of_platform(meshed)} == {"deployers", "dev", "istio-system"}
