"""Runs the smoke test of an environment: reads its stack and its pods, and visits the shop."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ops.pulumi.deployed_stack import deployed_stack
from ops.pulumi.stack_application import read_application
from ops.pulumi.workspace import project
from ops.smoke.gateway_checks import trust
from ops.smoke.running_pods import try_running_pods
from ops.smoke.smoke_report import SmokeReport
from ops.smoke.smoke_test import result
from ops.smoke.visitor_checks import check_visit
from support.deadline import Deadline


@dataclass(frozen=True, kw_only=True)
class SmokeRequest:
    """The options of a smoke test, of an environment or of a feature.

    Attributes:
        cacert: A PEM file with an authority to trust besides the system's.
        order: Whether to place an order.
    """

    cacert: Path | None = None
    order: bool = True


def run(name: str, request: SmokeRequest, deadline: Deadline, progress: Callable[[str], None]) -> SmokeReport:
    """Test an environment.

    Args:
        name: Its stack.
        request: The options of the test.
        deadline: When to be done.
        progress: Receives each step.

    Raises:
        StackError: Its stack cannot be read.
        TrustError: A file with an authority cannot be used.
    """
    context = trust(request.cacert, os.environ)
    progress("the outputs of the stack")
    stack = deployed_stack(name, deadline)
    pages = read_application(project(), stack.application).smoke_pages
    progress("the pods")
    serving = [service.deployment for service in stack.services.values()]
    running, cluster = try_running_pods(stack.kubeconfig, stack.namespace, deadline, deployments=serving)
    outside = check_visit(stack.url, pages, context, deadline, progress, order=request.order)
    return result(stack, running, cluster, outside)
