"""Whether the inputs of resources are what the packages' own types say: no unknown key, none missing, right types."""

import enum
import importlib
import inspect
import types
import typing
from collections.abc import Awaitable, Iterator, Mapping, Sequence
from typing import Any

import pulumi
from pulumi import _types as sdk

from tests.support.graph.graph_recorder import Registered

_PACKAGES = {"aws": "pulumi_aws", "eks": "pulumi_eks"}
_GROUPS = {
    "admissionregistration.k8s.io",
    "apiextensions.k8s.io",
    "apps",
    "core",
    "networking.k8s.io",
    "policy",
    "rbac.authorization.k8s.io",
}
"""The API groups of Kubernetes itself: the classes of pulumi_kubernetes are generated from its OpenAPI documents."""


def is_of_aws(resource: Registered) -> bool:
    return resource.type.split(":")[0] in _PACKAGES


def is_of_kubernetes(resource: Registered) -> bool:
    return resource.is_object and resource.type.split(":")[1].split("/")[0] in _GROUPS


def class_of(kind: str) -> type[pulumi.CustomResource]:
    """Return the typed class of a type such as `kubernetes:apps/v1:Deployment`."""
    _, module, name = kind.split(":")
    group, version = module.split("/")
    package = importlib.import_module(f"pulumi_kubernetes.{group.split('.')[0]}.{version}")
    resource_type: type[pulumi.CustomResource] = getattr(package, name)
    return resource_type


def mistakes(resource: Registered) -> list[str]:
    """Return what is wrong with the inputs of a resource."""
    return list(value_errors(arguments(resource.type), resource.inputs, resource.name))


def arguments(kind: str) -> type:
    """Return the class of the arguments of a type such as `aws:ec2/vpc:Vpc`."""
    if kind.startswith("kubernetes:"):
        module = importlib.import_module(class_of(kind).__module__)
        of_object: type = getattr(module, f"{kind.rpartition(':')[2]}InitArgs")
        return of_object
    package, path, name = kind.split(":")
    where = _PACKAGES[package] + ("" if path == "index" else f".{path.split('/')[0]}")
    arguments_type: type = getattr(importlib.import_module(where), f"{name}Args")
    return arguments_type


def required_keys(kind: str) -> dict[str, str]:
    """Return the keys of a type of Kubernetes that have no default, and `spec`, by their names in Python."""
    names = sdk.input_type_py_to_pulumi_names(arguments(kind))
    parameters = inspect.signature(arguments(kind)).parameters
    empty = inspect.Parameter.empty
    return {name: key for name, key in names.items() if name == "spec" or parameters[name].default is empty}


def value_errors(kind: type, given: Mapping[str, Any], where: str) -> Iterator[str]:
    """Yield what is wrong with values by the keys of the wire, for a class of arguments."""
    types_by_name = sdk.input_type_types(kind)
    parameters = inspect.signature(kind).parameters
    keys = sdk.input_type_py_to_pulumi_names(kind)
    wanted = {keys[name] for name in keys if parameters[name].default is inspect.Parameter.empty}
    for key in sorted(wanted - given.keys()):
        yield f"{where}.{key}: is missing"
    for key, value in given.items():
        if key in types_by_name:
            yield from _fits(types_by_name[key], value, f"{where}.{key}")
        else:
            yield f"{where}.{key}: there is no such key"


def _fits(wanted: Any, value: Any, where: str) -> Iterator[str]:
    if value is None:
        # Not known yet.
        return
    choices = _choices(wanted)
    if len(choices) > 1:
        yield from min((list(_fits(choice, value, where)) for choice in choices), key=len)
        return
    [kind] = choices
    origin, inner = typing.get_origin(kind) or kind, typing.get_args(kind)
    if origin is Any:
        return
    wrong = f"{where}: {value!r} is no {origin.__name__}"
    if issubclass(origin, enum.Enum):
        yield from () if value in [member.value for member in origin] else [wrong]
    elif sdk.is_input_type(origin) and isinstance(value, Mapping):
        yield from value_errors(origin, value, where)
    elif issubclass(origin, Mapping) and isinstance(value, Mapping):
        for key, item in value.items():
            yield from _fits(inner[1], item, f"{where}.{key}")
    elif issubclass(origin, Sequence) and isinstance(value, list):
        for index, item in enumerate(value):
            yield from _fits(inner[0], item, f"{where}[{index}]")
    elif type(value) is not origin and (origin, type(value)) != (float, int):
        yield wrong


def _choices(wanted: Any) -> list[Any]:
    """Return what a type allows, without the ways in which a value may arrive late."""
    if typing.get_origin(wanted) not in (typing.Union, types.UnionType):
        return [wanted]
    late = (Awaitable, pulumi.Output)
    options = [argument for argument in typing.get_args(wanted) if argument is not type(None)]
    return [option for option in options if typing.get_origin(option) not in late]
