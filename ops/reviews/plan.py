"""The plan of a stack: its resources before and after an update."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any

from boutique.outputs import UNKNOWN

SECRET = "[secret]"  # noqa: S105 - a placeholder
"""Pulumi's placeholder for a secret value (pkg/backend/display/json.go)."""

STACK = "pulumi:pulumi:Stack"
_PROVIDERS = "pulumi:providers:"


class Operation(StrEnum):
    """The operation on a resource, the most important first."""

    DELETE = "delete"
    REPLACE = "replace"
    UPDATE = "update"
    CREATE = "create"
    SAME = "same"


@dataclass(frozen=True, kw_only=True)
class PlannedResource:
    """One resource in the plan.

    Attributes:
        operation: The operation on it.
        urn: Its URN.
        type: Its type token.
        parent: The URN of its parent; empty for the stack.
        custom: Whether a provider manages it; false for a component.
        protected: Whether Pulumi refuses to delete it.
        before: Its inputs before the update; None if it does not exist yet.
        after: Its inputs after the update; None if it is deleted.
        reasons: The paths that its provider reports as changed, with or without a difference of inputs.
    """

    operation: Operation
    urn: str
    type: str
    parent: str
    custom: bool
    protected: bool
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    reasons: tuple[str, ...] = ()

    @property
    def is_object(self) -> bool:
        """Whether it exists outside of Pulumi: neither a component nor a provider."""
        return self.custom and not self.is_provider

    @property
    def is_provider(self) -> bool:
        """Whether it is a provider."""
        return self.type.startswith(_PROVIDERS)

    @property
    def changes(self) -> bool:
        """Whether the update changes it."""
        return self.operation is not Operation.SAME

    @property
    def package(self) -> str:
        """The package of its type, such as `kubernetes`."""
        return self.type.partition(":")[0]

    @property
    def kind(self) -> str:
        """The last part of its type: for Kubernetes the object's kind."""
        return self.type.rpartition(":")[2]

    @property
    def logical_name(self) -> str:
        """Its name in the program."""
        return name_of(self.urn)

    @property
    def name(self) -> str:
        """The name of its Kubernetes object, or its name in the program."""
        name = section(self.after or self.before, "metadata").get("name")
        return name if isinstance(name, str) and name != UNKNOWN else self.logical_name


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The plan of a stack.

    Attributes:
        stack: Its name.
        resources: All resources except the stack itself; unchanged ones only if the document has them.
        outputs: The outputs of the stack before the update.
        whole: Whether the resources include unchanged ones.
        warnings: Warnings of the preview.
        errors: Errors of the preview; with one the plan is incomplete.
    """

    stack: str
    resources: tuple[PlannedResource, ...] = ()
    outputs: Mapping[str, Any] = field(default_factory=dict)
    whole: bool = True
    warnings: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()

    @cached_property
    def changing(self) -> tuple[PlannedResource, ...]:
        """The resources that the update changes."""
        return tuple(resource for resource in self.resources if resource.changes)

    def part_of(self, resource: PlannedResource) -> str:
        """Return the name of the top-level component that a resource belongs to."""
        name, parent = resource.logical_name, resource.parent
        while parent and f"::{STACK}::" not in parent:
            name = name_of(parent)
            parent = self._parents.get(parent, "")
        return name

    @cached_property
    def _parents(self) -> Mapping[str, str]:
        return {resource.urn: resource.parent for resource in self.resources}


def name_of(urn: str) -> str:
    """Return the name in the program from a URN."""
    return urn.rpartition("::")[2]


def section(inputs: Mapping[str, Any] | None, *path: str) -> Mapping[str, Any]:
    """Return the mapping at a path of a resource's inputs; an empty one if it is missing or still unknown."""
    value: Any = inputs
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value if isinstance(value, Mapping) else {}
