"""Reads the environment of a stack from the outputs of its last `pulumi up`."""

import json
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from boutique.outputs import (
    TARGETS,
    DeployedService,
    EnvironmentOutputs,
    OutputsError,
    has_environment,
    read,
    read_target,
)
from ops.errors import OperationError
from ops.pulumi import engine
from support.deadline import Deadline


class StackError(OperationError):
    """The stack cannot be read, or has no environment; the message says what to do."""


@dataclass(frozen=True, kw_only=True)
class DeployedStack:
    """The desired state of an environment.

    Attributes:
        name: The name of the stack.
        application: The name of its application's file in the folder `application`, or the path.
        namespace: The namespace of the environment.
        url: The link to it, or another way to reach it.
        services: Its services, by name.
        kubeconfig: The deployer's kubeconfig as JSON. Secret.
    """

    name: str
    application: str
    namespace: str
    url: str
    services: Mapping[str, DeployedService]
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
    read_stack = outputs or outputs_of
    stack_outputs = read_stack(name, deadline)
    if not has_environment(stack_outputs):
        state = "has no environment" if stack_outputs else "was not deployed"
        raise StackError(
            f"stack {name!r} {state}; name a stack with boutique:environment, and run `pulumi up` there first"
        )
    try:
        environment = read(EnvironmentOutputs, name, stack_outputs)
        holder = environment.target
        owner_outputs = stack_outputs if TARGETS in stack_outputs else read_stack(holder.stack, deadline)
        target = read_target(holder.stack, owner_outputs, holder.name)
    except OutputsError as error:
        raise StackError(str(error)) from None
    if target is None:
        raise StackError(
            f"stack {holder.stack!r} has no target {holder.name!r} any more, which {name!r} was deployed to; "
            "run `pulumi up` for both"
        )
    return DeployedStack(
        name=name,
        application=environment.application,
        namespace=environment.namespace,
        url=environment.url,
        services=dict(sorted(environment.services.items())),
        kubeconfig=target.kubeconfig,
    )


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
