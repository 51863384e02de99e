"""What a review reads from Pulumi's plan: operations, differences, dangers, cost."""

from decimal import Decimal
from typing import Any

import pytest

from ops.reviews import cost
from ops.reviews.dangers import dangers
from ops.reviews.differences import HIDDEN, NOTHING, Difference, Value, differences
from ops.reviews.plan import Operation, Plan
from ops.reviews.preview_parser import PlanError, read
from ops.reviews.summary import parts, totals
from tests.support.unit import preview_documents
from tests.support.unit.preview_documents import (
    UNKNOWN,
    deployment,
    document,
    kubernetes,
    metadata,
    microservice,
    one_line,
)

SECRETS = "core/v1:Secret"


def read_plan(*steps: Any, **more: Any) -> Plan:
    return read(document(*steps, **more))


def changes(*steps: Any) -> list[Difference]:
    return [difference for resource in read_plan(*steps).resources for difference in differences(resource)]


def test_a_plan_knows_its_stack_its_outputs_and_what_changes() -> None:
    plan = read(one_line())
    assert (plan.stack, plan.whole, plan.errors) == ("local", True, ())
    assert plan.outputs["url"] == "https://shop.localhost:8443"
    assert [(resource.operation, resource.kind, resource.name) for resource in plan.changing] == [
        (Operation.UPDATE, "Deployment", "adservice")
    ]
    assert totals(plan) == {Operation.UPDATE: 1, Operation.SAME: 6}


@pytest.mark.parametrize(
    "wrong", [None, [], "text", {"steps": 1}, {"steps": [{}]}, {"steps": [{"op": "create", "urn": 1}]}, {}]
)
def test_what_is_no_preview_is_refused(wrong: object) -> None:
    with pytest.raises(PlanError, match=r"is not what|names no stack"):
        read(wrong)


def test_a_preview_of_nothing_is_of_the_stack_that_is_named() -> None:
    assert read({}, "dev").stack == "dev"


def test_diagnostics_are_told_by_how_bad_they_are() -> None:
    messages = [
        {"message": "warning: old\n", "severity": "warning"},
        {"message": "error: bad", "severity": "error"},
        {"message": "error: an unhandled error occurred: program exited with code 1", "severity": "error"},
        {"message": "just so", "severity": "info"},
    ]
    plan = read_plan(diagnostics=messages)
    assert (plan.warnings, plan.errors) == (("old",), ("bad",))
    assert len(read_plan(diagnostics=messages[2:]).errors) == 1


def test_what_is_only_a_part_of_a_replacement_is_no_resource_of_its_own() -> None:
    first = metadata("one")
    steps = [kubernetes(SECRETS, "one", {"metadata": first}, {"metadata": first}, op=op) for op in ("read", "replace")]
    assert [resource.operation for resource in read_plan(*steps).resources] == [Operation.REPLACE]


def test_a_preview_without_what_stays_is_known_as_such() -> None:
    changed = kubernetes("apps/v1:Deployment", "a", deployment("a", "1"), deployment("a", "2"))
    assert not read_plan(changed).whole
    assert read_plan(kubernetes("apps/v1:Deployment", "a", None, deployment("a", "2")), url=None).whole


def test_the_part_of_a_resource_is_the_component_under_the_stack() -> None:
    outer, inner = (
        preview_documents.urn("boutique:index:Target", "dev"),
        preview_documents.urn("boutique:index:Deployer", "dev-deployer"),
    )
    steps = [
        preview_documents.component("boutique:index:Target", "dev"),
        {**preview_documents.component("boutique:index:Deployer", "dev-deployer")},
        kubernetes(
            "rbac.authorization.k8s.io/v1:Role", "dev-deployer", None, {"metadata": metadata("x")}, parent=inner
        ),
    ]
    steps[1]["newState"]["parent"] = outer
    plan = read_plan(*steps)
    assert [plan.part_of(resource) for resource in plan.changing] == ["dev"]
    # Without what stays, the nearest that is known.
    plan = read_plan(steps[2])
    assert [plan.part_of(resource) for resource in plan.changing] == ["dev-deployer"]


def test_a_new_version_is_its_image_and_the_labels_that_say_it_again() -> None:
    [part] = parts(read(one_line()))
    assert (part.name, part.operations, part.others) == ("adservice", {Operation.UPDATE: 1}, 2)
    assert [(difference.field, difference.before.text, difference.after.text) for difference in part.differences] == [
        ("image", f"{preview_documents.IMAGE}:v0.10.6", f"{preview_documents.IMAGE}:v0.10.7")
    ]


def test_elements_of_a_list_are_told_by_their_name() -> None:
    before = deployment("a", "1", env=[{"name": "OLD", "value": "1"}, {"name": "KEPT", "value": "x"}])
    after = deployment("a", "1", env=[{"name": "KEPT", "value": "y"}, {"name": "NEW", "value": "2"}])
    path = "spec.template.spec.containers[server].env"
    assert changes(kubernetes("apps/v1:Deployment", "a", before, after)) == [
        Difference(path=f"{path}[OLD]", before=Value(text='{"name":"OLD","value":"1"}'), after=NOTHING),
        Difference(path=f"{path}[KEPT].value", before=Value(text="x"), after=Value(text="y")),
        Difference(path=f"{path}[NEW]", before=NOTHING, after=Value(text='{"name":"NEW","value":"2"}')),
    ]


def test_what_only_the_update_will_tell_is_said_to_be_so() -> None:
    [change] = changes(kubernetes("core/v1:ConfigMap", "a", {"data": {"a.b": "1"}}, {"data": {"a.b": UNKNOWN}}))
    assert change == Difference(
        path='data["a.b"]', before=Value(text="1"), after=Value(text="known after the update", literal=False)
    )
    assert change.title == 'data["a.b"]'


@pytest.mark.parametrize(
    ("token", "before", "after"),
    [
        (SECRETS, {"stringData": {"token": "canary-1"}}, {"stringData": {"token": "canary-2"}}),
        (SECRETS, {"data": {"token": "canary-1"}}, {"data": {"token": "[secret]"}}),
        ("core/v1:ConfigMap", {"data": {"token": "[secret]"}}, {"data": {"token": "canary-2"}}),
        (
            "gateway.networking.k8s.io/v1:HTTPRoute",
            {"spec": {"rules": ["canary-1"]}},
            {"spec": {"rules": ["canary-2"]}},
        ),
    ],
)
def test_secrets_and_sessions_are_not_told(token: str, before: Any, after: Any) -> None:
    [change] = changes(kubernetes(token, "a", before, after))
    assert change.before in (HIDDEN, NOTHING)
    assert change.after in (HIDDEN, NOTHING)


def test_a_secret_that_changes_is_known_by_its_path() -> None:
    same = {"metadata": metadata("a"), "data": "[secret]"}
    step = kubernetes(SECRETS, "a", same, same, op="update", reasons=("data.token", "data.key"))
    assert [(change.path, change.before) for change in changes(step)] == [("data.key", HIDDEN), ("data.token", HIDDEN)]
    # A field that the inputs show is not repeated from the provider's diff, under any index.
    step = kubernetes(
        "apps/v1:Deployment",
        "a",
        deployment("a", "1"),
        deployment("a", "1", image="x:2"),
        reasons=("spec.template.spec.containers[0].image",),
    )
    assert [change.path for change in changes(step)] == ["spec.template.spec.containers[server].image"]


def test_what_is_protected_or_has_content_is_called_out_first() -> None:
    space = {"metadata": metadata("dev")}
    lines = dangers(
        read_plan(
            kubernetes(
                "core/v1:Service",
                "a",
                preview_documents.service("a", 1),
                preview_documents.service("a", 2),
                op="replace",
            ),
            kubernetes("core/v1:Namespace", "dev", space, None, protect=True),
        )
    )
    assert lines == (
        "Namespace dev is protected, and the plan would delete it: the update will be refused",
        "Namespace dev would be deleted, and everything in it lost",
        "Service a would be replaced: it is deleted before its replacement exists",
    )


def test_a_release_that_takes_the_place_of_pods_without_requests_is_no_danger() -> None:
    old, new = (
        {"metadata": metadata(f"a-{revision}", **{"boutique.dev/colour": revision})} for revision in ("0a", "0b")
    )
    for token in ("apps/v1:Deployment", "core/v1:Service"):
        assert not dangers(read_plan(kubernetes(token, "a-blue", old, new, op="replace")))
        plain = {"metadata": metadata("a")}
        assert dangers(read_plan(kubernetes(token, "a", plain, new, op="replace")))


@pytest.mark.parametrize(
    ("before", "after", "lost"),
    [
        (deployment("store", "1"), deployment("store", "2"), True),
        (deployment("store", "1"), None, True),
        (deployment("store", "1"), deployment("store", "1", replicas=2), False),
        (None, deployment("store", "1"), False),
    ],
)
def test_new_pods_of_a_store_lose_what_the_old_ones_hold(before: Any, after: Any, lost: bool) -> None:
    plan = read_plan(kubernetes("apps/v1:Deployment", "store", before, after))
    assert any("the data that they hold" in danger for danger in dangers(plan, ["store"])) == lost
    assert not dangers(plan, ["another"])


def test_an_ordinary_update_endangers_nothing() -> None:
    assert dangers(read(one_line()), ["redis-cart"]) == ()


def test_the_cost_is_what_pods_ask_for_times_their_replicas() -> None:
    init = {"name": "init", "resources": {"requests": {"cpu": "1", "memory": "64Mi"}}}
    after = deployment("a", "1", replicas=3)
    after["spec"]["template"]["spec"]["initContainers"] = [init]
    plan = read_plan(
        *microservice("a", 80, deployment("a", "1"), after),
        kubernetes("helm.sh/v3:Release", "istiod", {"name": "istiod"}, {"name": "istiod"}),
        kubernetes("apps/v1:Deployment", "new", None, deployment("new", "1", resources={})),
    )
    assert cost.before(plan) == cost.Cost(objects=3, charts=1, pods=1, cpu=Decimal("0.2"), memory=Decimal(180 * 2**20))
    assert cost.after(plan) == cost.Cost(objects=4, charts=1, pods=4, cpu=Decimal(3), memory=Decimal(3 * 180 * 2**20))
