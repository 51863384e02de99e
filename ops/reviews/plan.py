"""What Pulumi plans for a stack."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""What stands for a value that only the update will tell (Pulumi's sdk/go/common/resource/plugin/rpc.go)."""

SECRET = "[secret]"  # noqa: S105 - what stands for one
"""What stands for a secret value (Pulumi's pkg/backend/display/json.go)."""

STACK = "pulumi:pulumi:Stack"
_PROVIDERS = "pulumi:providers:"


class Operation(StrEnum):
    """What becomes of a resource, in the order in which a reader wants to know."""

    DELETE = "delete"
    REPLACE = "replace"
    UPDATE = "update"
    CREATE = "create"
    SAME = "same"


@dataclass(frozen=True, kw_only=True)
class PlannedResource:
    """One resource in the plan.

    Attributes:
        operation: What becomes of it.
        urn: Its identity.
        type: Its type token.
        parent: The identity of its parent; empty for the stack.
        custom: Whether a provider makes something of it; false for a component.
        protected: Whether Pulumi refuses to delete it.
        before: Its inputs as they are; None if it is not there yet.
        after: Its inputs as they will be; None if it goes.
        reasons: The paths that its provider calls different, with or without a difference of inputs.
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
        """Whether it is there outside of Pulumi: neither a component nor a provider."""
        return self.custom and not self.is_provider

    @property
    def is_provider(self) -> bool:
        """Whether it is what makes others."""
        return self.type.startswith(_PROVIDERS)

    @property
    def changes(self) -> bool:
        """Whether anything becomes of it."""
        return self.operation is not Operation.SAME

    @property
    def package(self) -> str:
        """The package of its type, such as `kubernetes`."""
        return self.type.partition(":")[0]

    @property
    def kind(self) -> str:
        """The last part of its type, which for Kubernetes is the object's kind."""
        return self.type.rpartition(":")[2]

    @property
    def logical_name(self) -> str:
        """Its name in the program."""
        return name_of(self.urn)

    @property
    def name(self) -> str:
        """The name of the object that it stands for, or its name in the program."""
        name = section(self.after or self.before, "metadata").get("name")
        return name if isinstance(name, str) and name != UNKNOWN else self.logical_name


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Everything that Pulumi plans for a stack.

    Attributes:
        stack: Its name.
        resources: All there are or will be, but the stack itself; those that stay only if the document has them.
        outputs: Of the stack, as they are.
        whole: Whether what stays is among the resources.
        warnings: What was warned of.
        errors: Why the plan is not complete.
    """

    stack: str
    resources: tuple[PlannedResource, ...] = ()
    outputs: Mapping[str, Any] = field(default_factory=dict)
    whole: bool = True
    warnings: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()

    @cached_property
    def changing(self) -> tuple[PlannedResource, ...]:
        """What does not stay as it is."""
        return tuple(resource for resource in self.resources if resource.changes)

    def part_of(self, resource: PlannedResource) -> str:
        """Return the name of the part of the stack that a resource belongs to: the component under the stack."""
        name, parent = resource.logical_name, resource.parent
        while parent and f"::{STACK}::" not in parent:
            name = name_of(parent)
            parent = self._parents.get(parent, "")
        return name

    @cached_property
    def _parents(self) -> Mapping[str, str]:
        return {resource.urn: resource.parent for resource in self.resources}


def name_of(urn: str) -> str:
    """Return the name in the program that ends an identity."""
    return urn.rpartition("::")[2]


def section(inputs: Mapping[str, Any] | None, *path: str) -> Mapping[str, Any]:
    """Return a mapping somewhere in the inputs of a resource; an empty one if there is none, or nobody knows it yet."""
    value: Any = inputs
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value if isinstance(value, Mapping) else {}
