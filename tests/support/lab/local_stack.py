"""The committed stack `local`, deployed once for all tests that only look at it."""

from collections.abc import Mapping
from dataclasses import dataclass

from tests.support.lab.lab_commands import Lab
from tests.support.lab.lab_stacks import ROOT, Stack


@dataclass(frozen=True)
class LocalDeployment:
    """A stack of this very repository, as a reader of its first page would deploy it.

    Attributes:
        stack: The stack.
        output: What pulumi said while it was deployed.
        files: The stack files of the repository before.
    """

    stack: Stack
    output: str
    files: Mapping[str, str]


def deploy(lab: Lab) -> LocalDeployment:
    """Deploy the committed stack."""
    files = {path.name: path.read_text() for path in ROOT.glob("Pulumi*.yaml")}
    stack = Stack("local", ROOT, lab.env)
    stack.pulumi("stack", "select", "--create")
    return LocalDeployment(stack, stack.up().stdout, files)
