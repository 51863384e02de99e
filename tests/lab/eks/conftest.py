"""The committed stacks for EKS, from a cluster to a feature, on a lab of their own: nothing else fits beside them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.lab.aws_standin import ENVIRONMENTS, VERSION, Amazon, PulumiOutput, amazon, measure_duration
from tests.support.lab.lab_commands import Lab, running
from tests.support.lab.lab_stacks import run_together


@pytest.fixture(scope="package")
def cloud(state_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Amazon]:
    for lab in running(Lab("amazon", state_home)):
        yield amazon(lab, tmp_path_factory.mktemp("amazon"))


@pytest.fixture(scope="package")
def pulumi_output(cloud: Amazon) -> PulumiOutput:
    """Everything deployed, from nothing to a feature on dev, and once more: what the commands said."""
    nonprod = cloud.nonprod(version=VERSION).create()
    environments = [cloud.environment(name).create() for name in ENVIRONMENTS]
    feature = cloud.feature().create()
    outputs = {
        "first preview": measure_duration("nonprod, first preview", lambda: nonprod.pulumi("preview").stdout),
        "update": measure_duration("nonprod, update", lambda: nonprod.up().stdout),
    }
    measure_duration("dev and test, update", lambda: run_together(environments, "up"))
    measure_duration("feature on dev, update", lambda: feature.up().stdout)
    # Nothing that was made was a surprise, and nothing is left to do.
    again = ("up", "--expect-no-changes")
    outputs["second update"] = measure_duration("nonprod, no changes", lambda: nonprod.up("--expect-no-changes").stdout)
    measure_duration("dev, test and the feature, no changes", lambda: run_together([*environments, feature], *again))
    return outputs
