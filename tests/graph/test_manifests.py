"""Manifests have the fields, and resources the types, that the classes generated from Kubernetes' own schema have."""

import pulumi
import pytest
from pulumi.runtime import mocks
from pulumi_kubernetes import helm

from components.kubernetes_object import KubernetesObject, without_none
from tests.support.graph import resource_schema
from tests.support.graph.graph_recorder import Graph, record

FIXED = {"metadata": {"name": "ads"}}


class Echo(mocks.Mocks):
    """Makes every resource as it was asked for."""

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, dict[str, object]]:
        return args.name, dict(args.inputs)

    def call(self, args: mocks.MockCallArgs) -> dict[str, object]:
        raise AssertionError(args.token)


def test_every_field_of_an_object_is_one_that_kubernetes_knows(graph: Graph) -> None:
    # The definitions of the Gateway API are those of its release; here others take their place.
    own = [resource for resource in graph.objects if ":GatewayApi$" not in resource.urn]
    resources = [resource for resource in own if resource_schema.is_of_kubernetes(resource)]
    assert resources
    assert [line for resource in resources for line in resource_schema.mistakes(resource)] == []


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"replica": 1}, ["ads.spec.replica: there is no such key"]),
        ({"replicas": "1"}, ["ads.spec.replicas: '1' is no int"]),
        (
            {"template": {"spec": {"containers": [{"name": "server", "readinesProbe": {}}]}}},
            ["ads.spec.template.spec.containers[0].readinesProbe: there is no such key"],
        ),
        ({"template": {"spec": {}}}, ["ads.spec.template.spec.containers: is missing"]),
    ],
)
def test_a_field_that_is_none_is_seen(spec: dict[str, object], expected: list[str]) -> None:
    base = {"selector": {"matchLabels": {"app": "ads"}}, "template": {"spec": {"containers": [{"name": "server"}]}}}
    arguments = resource_schema.arguments("kubernetes:apps/v1:Deployment")
    manifest = {"apiVersion": "apps/v1", "kind": "Deployment", **FIXED, "spec": {**base, **spec}}
    assert list(resource_schema.value_errors(arguments, manifest, "ads")) == expected


def test_objects_are_registered_as_the_typed_classes_register_them(graph: Graph) -> None:
    """Their types are in the state: another one would replace the object."""
    kinds = sorted({resource.type for resource in graph.objects if resource_schema.is_of_kubernetes(resource)})

    def register_typed_objects() -> None:
        for kind in kinds:
            resource_schema.class_of(kind)("typed", **{name: {} for name in resource_schema.required_keys(kind)})
        helm.v3.Release("typed", chart="base")

    def plain() -> None:
        for kind in kinds:
            group, version = kind.split(":")[1].split("/")
            api_version = version if group == "core" else f"{group}/{version}"
            fields: dict[str, object] = {key: {} for key in resource_schema.required_keys(kind).values()}
            KubernetesObject("plain", api_version, kind.rpartition(":")[2], pulumi.ResourceOptions(), **fields)

    expected, registered = (
        {resource.type: resource.request for resource in record(program, Echo(), stack="x", config={}).resources}
        for program in (register_typed_objects, plain)
    )
    assert registered.keys() == set(kinds)
    for kind in kinds:
        assert registered[kind].object == expected[kind].object, kind
        assert sorted(registered[kind].additionalSecretOutputs) == sorted(expected[kind].additionalSecretOutputs), kind
    assert {release.type for release in graph.of("Release")} <= expected.keys()


def test_fields_that_are_none_are_left_out_and_nothing_else() -> None:
    manifest = {"a": None, "b": {"c": None, "d": 0, "e": ""}, "f": [{"g": None, "h": False}], "i": ()}
    assert without_none(manifest) == {"b": {"d": 0, "e": ""}, "f": [{"h": False}], "i": []}
