"""What a stack says about the environment that it deployed: the outputs of its last `pulumi up`."""

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
    """The stack cannot be read, or has no environment; the text says what to do."""


@dataclass(frozen=True, kw_only=True)
class ExpectedEnvironment:
    """What a stack wants of one service.

    Attributes:
        image: Of its container.
        version: The image's.
        replicas: How many pods.
        autoscaled: Whether an autoscaler sets that number.
        deployment: The Deployment that gets its requests.
    """

    image: str
    version: str
    replicas: int
    autoscaled: bool = False
    deployment: str


@dataclass(frozen=True, kw_only=True)
class DeployedStack:
    """An environment as its stack wants it.

    Attributes:
        name: Of the stack.
        namespace: Where the environment is.
        url: The link to it, or how else to get in.
        services: What runs in it, by name.
        kubeconfig: The deployer's, as JSON. Secret.
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
        outputs: Returns the outputs of a stack, for whoever reads several; else they are read each time.

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
                # Stacks that were deployed before there were several say nothing.
                deployment=expected.get("deployment", service),
            )
            for service, expected in sorted(stack_outputs["services"].items())
        },
        kubeconfig=_usable(targets[target["name"]].get("kubeconfig"), target),
    )


def _usable(content: str | None, target: Mapping[str, str]) -> str:
    try:
        kubeconfig.reached_by(content or "")
    except (ValueError, TypeError, LookupError):
        # After an update that left the target out.
        raise StackError(
            f"stack {target['stack']!r} does not know the kubeconfig of target {target['name']!r}; "
            "run `pulumi up` for it"
        ) from None
    return content or ""


def outputs_of(stack: str, deadline: Deadline) -> Mapping[str, Any]:
    """Return the outputs of a stack, the secret ones in clear.

    Raises:
        StackError: It cannot be read.
    """
    # Secrets come by a pipe: what is on a command line, everybody on the machine can read.
    command = ["pulumi", "stack", "output", "--json", "--show-secrets", "--non-interactive", "--stack", stack]
    try:
        result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=deadline.left)
    except FileNotFoundError:
        raise StackError(engine.MISSING) from None
    except subprocess.TimeoutExpired:
        raise StackError(
            f"pulumi did not tell the outputs of stack {stack!r} in time; give a longer --timeout"
        ) from None
    if result.returncode != 0:
        # What it prints on the other channel may be secret.
        raise StackError(f"pulumi cannot read stack {stack!r}: {engine.reason(result.stderr)}")
    outputs: dict[str, Any] = json.loads(result.stdout)
    return outputs
