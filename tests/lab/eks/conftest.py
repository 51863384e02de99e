"""The committed stacks for EKS, from a cluster to a feature, on a lab of their own: nothing else fits beside them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.lab.aws_standin import ENVIRONMENTS, VERSION, Amazon, Said, amazon, timed
from tests.support.lab.lab_commands import Lab, running
from tests.support.lab.lab_stacks import together


@pytest.fixture(scope="package")
def cloud(state_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Amazon]:
    for lab in running(Lab("amazon", state_home)):
        yield amazon(lab, tmp_path_factory.mktemp("amazon"))


@pytest.fixture(scope="package")
def said(cloud: Amazon) -> Said:
    """Everything deployed, from nothing to a feature on dev, and once more: what the commands said."""
    nonprod = cloud.nonprod(version=VERSION).create()
    environments = [cloud.environment(name).create() for name in ENVIRONMENTS]
    feature = cloud.feature().create()
    outputs = {
        "first preview": timed("nonprod, first preview", lambda: nonprod.pulumi("preview").stdout),
        "update": timed("nonprod, update", lambda: nonprod.up().stdout),
    }
    timed("dev and test, update", lambda: together(environments, "up"))
    timed("feature on dev, update", lambda: feature.up().stdout)
    # Nothing that was made was a surprise, and nothing is left to do.
    again = ("up", "--expect-no-changes")
    outputs["second update"] = timed("nonprod, no changes", lambda: nonprod.up("--expect-no-changes").stdout)
    timed("dev, test and the feature, no changes", lambda: together([*environments, feature], *again))
    return outputs
