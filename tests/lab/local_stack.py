"""The committed stack `local`, deployed once for all tests that only look at it."""

from dataclasses import dataclass

from labs import Lab
from stacks import ROOT, Stack


@dataclass(frozen=True)
class Deployed:
    """A stack, and what pulumi said while it was deployed."""

    stack: Stack
    said: str


def committed(lab: Lab) -> Stack:
    """Return the stack of this very repository on a lab, as a reader of its first page would deploy it."""
    stack = Stack("local", ROOT, lab.env)
    stack.pulumi("stack", "select", "--create")
    return stack


def deploy(lab: Lab) -> Deployed:
    """Deploy the committed stack."""
    stack = committed(lab)
    return Deployed(stack, stack.up().stdout)
