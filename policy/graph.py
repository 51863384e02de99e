"""What rules look at: the resources of a stack, as a program has registered them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

SECRET: Final = "[secret]"  # noqa: S105 - what stands for one
"""Stands for a secret value in a recorded stack."""


@dataclass(frozen=True, kw_only=True)
class PolicyResource:
    """One resource.

    Attributes:
        type: Its type token.
        name: Its name in the program.
        inputs: What it was given; `SECRET` in place of what is secret, if that is known.
        provider: The name of its provider; empty if it was given none.
        custom: Whether it has a provider at all; a component has none.
    """

    type: str
    name: str
    inputs: Mapping[str, Any]
    provider: str = ""
    custom: bool = True

    @property
    def kind(self) -> str:
        """The last part of its type, which for Kubernetes is the object's kind."""
        return self.type.rpartition(":")[2]

    @property
    def is_object(self) -> bool:
        """Whether it is an object of Kubernetes."""
        return self.type.startswith("kubernetes:") and "metadata" in self.inputs

    def part(self, *path: str) -> Mapping[str, Any]:
        """Return a mapping somewhere in its inputs; an empty one if there is none, or it is not known yet."""
        content: Any = self.inputs
        for key in path:
            content = content.get(key) if isinstance(content, Mapping) else None
        return content if isinstance(content, Mapping) else {}

    @property
    def pod(self) -> Mapping[str, Any]:
        """The specification of the pods that it makes."""
        return self.part("spec") if self.kind == "Pod" else self.part("spec", "template", "spec")


def as_list(value: Any) -> Sequence[Any]:  # noqa: ANN401 - JSON
    """Return a value as a list: itself if it is one, the only element if it is none."""
    if value is None:
        return []
    return value if isinstance(value, Sequence) and not isinstance(value, str) else [value]


class Level(StrEnum):
    """What happens when a rule is broken."""

    MANDATORY = "mandatory"
    ADVISORY = "advisory"


Check = Callable[[PolicyResource, Sequence[PolicyResource]], Iterator[str]]
"""Yields what is wrong with a resource; the second argument are all resources of the stack."""


@dataclass(frozen=True, kw_only=True)
class PolicyRule:
    """One rule.

    Attributes:
        check: Finds what breaks it; the text below it says why there is the rule.
        level: What happens then.
        whole: Whether it needs all resources of the stack.
        marked: Whether it needs to know what is secret, which Pulumi does not tell a policy pack.
    """

    check: Check
    level: Level = Level.MANDATORY
    whole: bool = False
    marked: bool = False

    @property
    def name(self) -> str:
        """By what people call it, such as `explicit-provider`."""
        return self.check.__name__.replace("_", "-")

    @property
    def why(self) -> str:
        """Why there is the rule."""
        return " ".join((self.check.__doc__ or "").split())


def broken(rules: Sequence[PolicyRule], resources: Sequence[PolicyResource]) -> list[tuple[str, str]]:
    """Return the name of each rule that is broken, with what breaks it."""
    return [
        (rule.name, f"{resource.kind} {resource.name}: {message}")
        for rule in rules
        for resource in resources
        for message in rule.check(resource, resources)
    ]
