"""The way back from a feature on EKS to nothing; it comes last in this folder."""

import re
from typing import Any

import pytest

from tests.support.lab.aws_standin import ENVIRONMENTS, VERSION, Amazon, PulumiOutput, measure_duration
from tests.support.lab.cluster_objects import names
from tests.support.lab.lab_stacks import run_together

pytestmark = pytest.mark.lab

LAST = ("HTTPRoute ingress-redirect", "Release ingress-gateway", "Release load-balancer-controller",
        "NodeGroup nodes", "Cluster cluster-eksCluster", "Vpc network")  # fmt: skip
"""What goes before what when all goes."""
SYSTEM = {"default", "kube-node-lease", "kube-public", "kube-system"}


def test_everything_goes_in_an_order_that_leaves_nothing_behind(cloud: Amazon, pulumi_output: PulumiOutput) -> None:
    assert pulumi_output
    assert "NodeGroup" in cloud.resources
    destroy, environments = ("destroy", "--yes", "--skip-preview"), [cloud.environment(name) for name in ENVIRONMENTS]
    measure_duration("feature on dev, destroy", lambda: cloud.feature().pulumi(*destroy).stdout)
    measure_duration("dev and test, destroy", lambda: run_together(environments, "destroy"))
    nonprod = cloud.nonprod(version=VERSION)
    output = measure_duration("nonprod, destroy", lambda: nonprod.pulumi(*destroy).stdout)
    places = [position(output, resource) for resource in LAST]
    assert places == sorted(places), dict(zip(LAST, places, strict=True))
    assert cloud.resources == []
    left: set[Any] = {name for kind, _, name in names(cloud.lab) if kind == "Namespace"}
    assert left == SYSTEM


def position(output: str, resource: str) -> int:
    match = re.search(rf"{resource} deleted", output)
    assert match, f"{resource} was not deleted: {output}"
    return match.start()
