"""Reads the environment of a stack from the outputs of its last `pulumi up`."""

import json
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from boutique.kubernetes import kubeconfig
from ops.errors import OperationError
from ops.pulumi import engine
from support.deadline import Deadline


class StackError(OperationError):
    """The stack cannot be read, or has no environment; the message says what to do."""


@dataclass(frozen=True, kw_only=True)
class ExpectedEnvironment:
    """The desired state of one service in a stack.

    Attributes:
        image: The image of its container.
        version: The version of the image.
        replicas: The number of pods.
        autoscaled: Whether an autoscaler sets that number.
        deployment: The Deployment that its Service selects.
    """

    image: str
    version: str
    replicas: int
    autoscaled: bool = False
    deployment: str


@dataclass(frozen=True, kw_only=True)
class DeployedStack:
    """The desired state of an environment.

    Attributes:
        name: The name of the stack.
        namespace: The namespace of the environment.
        url: The link to it, or another way to reach it.
        services: Its services, by name.
        kubeconfig: The deployer's kubeconfig as JSON. Secret.
    """

    name: str
    namespace: str
    url: str
    services: Mapping[str, ExpectedEnvironment]
    kubeconfig: str = field(repr=False)


def deployed_stack(
    name: str, deadline: Deadline, outputs: Callable[[str, Deadline], Mapping[str, Any]] | None = None
) -> DeployedStack:
    """Read the outputs of a stack with the `pulumi` command, in the current project and backend.

    The kubeconfig is among the secret outputs of the stack that owns the cluster, which may be another one.

    Args:
        name: The stack.
        deadline: When to give up.
        outputs: Returns the outputs of a stack, such as `stack_outputs.Once` for several reads. None for `outputs_of`.

    Raises:
        StackError: There is no such stack, its secrets cannot be decrypted, or it deployed no environment.
    """
    read = outputs or outputs_of
    stack_outputs = read(name, deadline)
    missing = [key for key in ("namespace", "url", "services", "target") if key not in stack_outputs]
    if missing:
        state = "has no environment" if "targets" in stack_outputs else "was not deployed"
        raise StackError(
            f"stack {name!r} {state}: its outputs lack {', '.join(missing)}; name a stack with boutique:environment, "
            "and run `pulumi up` for it first"
        )
    target = stack_outputs["target"]
    targets = stack_outputs.get("targets") or read(target["stack"], deadline).get("targets") or {}
    if target["name"] not in targets:
        raise StackError(
            f"stack {target['stack']!r} has no target {target['name']!r} any more, which {name!r} was deployed to; "
            "run `pulumi up` for both"
        )
    return DeployedStack(
        name=name,
        namespace=stack_outputs["namespace"],
        url=stack_outputs["url"],
        services={
            service: ExpectedEnvironment(
                image=expected["image"],
                version=expected["version"],
                replicas=expected["replicas"],
                autoscaled=expected.get("autoscaled", False),
                # Stacks of an earlier version of the program have no such output.
                deployment=expected.get("deployment", service),
            )
            for service, expected in sorted(stack_outputs["services"].items())
        },
        kubeconfig=_require_kubeconfig(targets[target["name"]].get("kubeconfig"), target),
    )


def _require_kubeconfig(content: str | None, target: Mapping[str, str]) -> str:
    try:
        kubeconfig.reached_by(content or "")
    except (ValueError, TypeError, LookupError):
        # The last update of that stack left the target out.
        raise StackError(
            f"stack {target['stack']!r} does not know the kubeconfig of target {target['name']!r}; "
            "run `pulumi up` for it"
        ) from None
    return content or ""


def outputs_of(stack: str, deadline: Deadline) -> Mapping[str, Any]:
    """Return the outputs of a stack, secrets in plaintext.

    Raises:
        StackError: It cannot be read.
    """
    # Secrets come through a pipe: every user of the machine can read a command line.
    command = ["pulumi", "stack", "output", "--json", "--show-secrets", "--non-interactive", "--stack", stack]
    try:
        result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=deadline.left)
    except FileNotFoundError:
        raise StackError(engine.MISSING) from None
    except subprocess.TimeoutExpired:
        raise StackError(
            f"pulumi did not return the outputs of stack {stack!r} in time; give a longer --timeout"
        ) from None
    if result.returncode != 0:
        # Its stdout may have secrets.
        raise StackError(f"pulumi cannot read stack {stack!r}: {engine.reason(result.stderr)}")
    outputs: dict[str, Any] = json.loads(result.stdout)
    return outputs
