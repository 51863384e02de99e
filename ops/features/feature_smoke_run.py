"""Asks everybody that a smoke test of a feature has to ask: Pulumi, the cluster, and the shop at the preview link."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ops.features.expected_feature import wanted
from ops.features.feature_smoke_test import FeatureSmokeResult, result
from ops.features.identity import located
from ops.smoke.gateway_checks import trust
from ops.smoke.running_pods import found_running
from ops.smoke.visitor_checks import outside
from support.deadline import Deadline


@dataclass(frozen=True, kw_only=True)
class FeatureSmokeRequest:
    """What is to be tested.

    Attributes:
        name: The branch, or the key.
        environment: The environment's stack; None for the only one that has such a feature.
        cacert: A file with an authority to trust besides the system's.
        order: Whether to buy something.
    """

    name: str
    environment: str | None = None
    cacert: Path | None = None
    order: bool = True


def run(
    project: Path, request: FeatureSmokeRequest, deadline: Deadline, progress: Callable[[str], None]
) -> FeatureSmokeResult:
    """Test a feature, with requests that get its key from its preview link.

    Args:
        project: The folder of the project.
        request: What is to be tested.
        deadline: When to be done.
        progress: Is told what is asked for.

    Raises:
        OperationError: There is no such feature, or it cannot be read.
        TrustError: A file with an authority cannot be used.
    """
    believed = trust(request.cacert, os.environ)
    progress("the stacks")
    which = located(project, request.name, request.environment, how="as STACK", timeout=deadline.left)
    feature = wanted(project, which, deadline)
    progress("the pods")
    running, cluster = found_running(feature.namespace.deployer, feature.namespace.name, deadline, which.key)
    found = outside(feature.url, believed, deadline, progress, order=request.order)
    return result(feature, running, cluster, found)
