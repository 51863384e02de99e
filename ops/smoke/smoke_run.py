"""Runs the smoke test of an environment: reads its stack and its pods, and visits the shop."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ops.pulumi.deployed_stack import deployed_stack
from ops.smoke.gateway_checks import trust
from ops.smoke.running_pods import try_running_pods
from ops.smoke.smoke_test import SmokeResult, result
from ops.smoke.visitor_checks import check_visit
from support.deadline import Deadline


@dataclass(frozen=True, kw_only=True)
class SmokeRequest:
    """The arguments of a smoke test.

    Attributes:
        stack: The name of the environment's stack.
        cacert: A PEM file with an authority to trust besides the system's.
        order: Whether to place an order.
    """

    stack: str
    cacert: Path | None = None
    order: bool = True


def run(request: SmokeRequest, deadline: Deadline, progress: Callable[[str], None]) -> SmokeResult:
    """Test an environment.

    Raises:
        StackError: Its stack cannot be read.
        TrustError: A file with an authority cannot be used.
    """
    context = trust(request.cacert, os.environ)
    progress("the outputs of the stack")
    stack = deployed_stack(request.stack, deadline)
    progress("the pods")
    serving = [service.deployment for service in stack.services.values()]
    running, cluster = try_running_pods(stack.kubeconfig, stack.namespace, deadline, deployments=serving)
    outside = check_visit(stack.url, context, deadline, progress, order=request.order)
    return result(stack, running, cluster, outside)
