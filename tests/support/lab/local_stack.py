"""The committed stack `local`, deployed once for all tests that only look at it."""

from collections.abc import Mapping
from dataclasses import dataclass

from tests.support.lab.lab_commands import Lab
from tests.support.lab.lab_stacks import ROOT, Stack


@dataclass(frozen=True)
class Deployed:
    """A stack of this very repository, as a reader of its first page would deploy it.

    Attributes:
        stack: The stack.
        said: What pulumi said while it was deployed.
        files: The stack files of the repository before.
    """

    stack: Stack
    said: str
    files: Mapping[str, str]


def deploy(lab: Lab) -> Deployed:
    """Deploy the committed stack."""
    files = {path.name: path.read_text() for path in ROOT.glob("Pulumi*.yaml")}
    stack = Stack("local", ROOT, lab.env)
    stack.pulumi("stack", "select", "--create")
    return Deployed(stack, stack.up().stdout, files)
