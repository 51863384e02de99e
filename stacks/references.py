"""What one stack reads from another, with types.

Whatever was in a secret output is plain text in here. What is secret goes into a secret Output before it leaves.
"""

import pulumi

from boutique.kubernetes import client, kubeconfig
from boutique.outputs import ENVIRONMENT, TARGETS, Origin, SharedEnvironment, TargetOutput, read, read_target
from boutique.settings.errors import ErrorLine, SettingsError
from boutique.settings.stack import StackCluster
from components.unavailable_apis import warn_of_unavailable_apis
from stacks.stack_outputs import outputs
from stacks.target_access import ResolvedTarget, TargetAccess


def environment_of(stack: str) -> Origin:
    """Return the environment of another stack.

    Raises:
        pulumi.RunError: The stack is not there, was never deployed, has no environment, or one without features.
        OutputsError: Its outputs cannot be used.
        KubeconfigError: Its API server does not answer.
    """
    key = "boutique:feature.environment"
    stack_outputs = outputs(stack, key)
    if not stack_outputs:
        raise pulumi.RunError(f"{key}: {stack!r}: has not been deployed yet; run `pulumi up` there first")
    if ENVIRONMENT not in stack_outputs:
        raise pulumi.RunError(
            f"{key}: {stack!r}: has no environment; name a stack with boutique:environment, and run `pulumi up` there"
        )
    shared = read(SharedEnvironment, stack, stack_outputs, ENVIRONMENT)
    if shared.settings.features is None:
        raise pulumi.RunError(
            f"{key}: {stack!r}: this environment allows no features; name another, or add "
            "boutique:environment.features: {} to that stack and run `pulumi up` there"
        )
    origin = Origin.of(stack, shared)
    if origin is None:
        raise pulumi.RunError(f"{key}: {stack!r}: testers come in through an ingress, and that stack has none")
    _check_api_server(origin.target, stack, "its environment")
    return origin


def place_of(cluster: StackCluster, application: str) -> TargetAccess:
    """Return a target of another stack.

    Args:
        cluster: The target.
        application: The name of the application that the stack deploys there.

    Raises:
        pulumi.RunError: The stack or the target is not there, or was never deployed.
        SettingsError: The target is for another application.
        OutputsError: Its outputs cannot be used.
        KubeconfigError: Its API server does not answer.
    """
    key, stack = "boutique:cluster.name", cluster.name
    stack_outputs = outputs(stack, key)
    target = read_target(stack, stack_outputs, cluster.target)
    name = f"target {cluster.target!r}"
    if target is None:
        names = ", ".join(sorted(stack_outputs.get(TARGETS, ()))) or "none; deploy that stack first"
        raise pulumi.RunError(f"stack {stack!r} has no {name}; there are: {names}")
    if target.application != application:
        raise SettingsError(
            [
                ErrorLine(
                    "another-application",
                    f"boutique:application: {application!r}: {name} is for {target.application!r}; name that one here, "
                    f"or set boutique:platform.targets.{cluster.target}.application in the stack {stack!r}",
                )
            ]
        )
    _check_api_server(target, stack, name)
    return TargetAccess(
        namespace=pulumi.Output.from_input(target.namespace),
        kubeconfig=pulumi.Output.secret(target.kubeconfig),
        features=pulumi.Output.secret(target.features) if target.features else None,
        entrance=target.entrance,
        channel=target.channel,
        meshed=target.meshed,
        application=target.application,
        resolved_target=ResolvedTarget(stack=stack, namespace=target.namespace, kubeconfig=target.kubeconfig),
    )


def _check_api_server(target: TargetOutput, stack: str, name: str) -> None:
    """Refuse a target whose API server does not answer, and warn of APIs that nothing answers for.

    Args:
        target: The target.
        stack: The stack that has it.
        name: What the target is called in messages.

    Raises:
        KubeconfigError: The API server does not answer.
    """
    client.ensure_reachable(kubeconfig.reached_by(target.kubeconfig), f"{name} of stack {stack!r}")
    warn_of_unavailable_apis(target.kubeconfig)
