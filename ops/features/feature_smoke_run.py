"""Runs the smoke test of a feature: reads its stack and its pods, and visits the shop at the preview link."""

import os
from collections.abc import Callable
from pathlib import Path

from ops.features.expected_feature import read_expected_feature
from ops.features.feature_smoke_test import result
from ops.features.identity import locate_feature
from ops.smoke.gateway_checks import trust
from ops.smoke.running_pods import try_running_pods
from ops.smoke.smoke_report import SmokeReport
from ops.smoke.smoke_run import SmokeRequest
from ops.smoke.visitor_checks import check_visit
from support.deadline import Deadline


def run(
    project: Path,
    name: str,
    environment: str | None,
    request: SmokeRequest,
    deadline: Deadline,
    progress: Callable[[str], None],
) -> SmokeReport:
    """Test a feature with requests to its preview link.

    Args:
        project: The folder of the project.
        name: The branch, or the key.
        environment: The environment's stack; None for the only one that has such a feature.
        request: The options of the test.
        deadline: When to be done.
        progress: Receives each step.

    Raises:
        OperationError: The feature does not exist, or cannot be read.
        TrustError: A file with an authority cannot be used.
    """
    context = trust(request.cacert, os.environ)
    progress("the stacks")
    identity = locate_feature(project, name, environment, how="as STACK", timeout=deadline.left)
    feature = read_expected_feature(project, identity, deadline)
    progress("the pods")
    running, cluster = try_running_pods(feature.namespace.deployer, feature.namespace.name, deadline, identity.key)
    outside = check_visit(
        feature.url, feature.application.smoke_pages, context, deadline, progress, order=request.order
    )
    return result(feature, running, cluster, outside)
