"""Asks everybody that a smoke test of an environment has to ask: Pulumi, the cluster, and the shop."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ops.pulumi.deployed_stack import deployed_stack
from ops.smoke.gateway_checks import trust
from ops.smoke.running_pods import found_running
from ops.smoke.smoke_test import SmokeResult, result
from ops.smoke.visitor_checks import outside
from support.deadline import Deadline


@dataclass(frozen=True, kw_only=True)
class SmokeRequest:
    """What is to be tested.

    Attributes:
        stack: The name of the environment's stack.
        cacert: A file with an authority to trust besides the system's.
        order: Whether to buy something.
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
    believed = trust(request.cacert, os.environ)
    progress("the outputs of the stack")
    stack = deployed_stack(request.stack, deadline)
    progress("the pods")
    serving = [each.deployment for each in stack.services.values()]
    running, cluster = found_running(stack.kubeconfig, stack.namespace, deadline, deployments=serving)
    found = outside(stack.url, believed, deadline, progress, order=request.order)
    return result(stack, running, cluster, found)
