"""From nothing to a feature and back on EKS: the committed stacks on the real engine, on a cluster without AWS behind it.

The plugins for AWS are stand-ins (`aws/`), which hand back the lab; Kubernetes, Istio and the ingress are real.
"""

import json
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from amazon import DOMAIN, Amazon, amazon, committed
from labs import Lab, running
from objects import deployments, is_available, names
from shops import PATH
from stacks import Stack

from boutique.durations import written

pytestmark = pytest.mark.lab

GOES_FIRST = ("ingress-gateway", "load-balancer-controller", "NodeGroup", "eksCluster", "Vpc ")
"""What goes before what when the cluster does: a part of the line that says that it is gone."""

PREVIEW = ("preview", "--diff")


@dataclass
class Told:
    """What the commands said, and how long they took.

    Attributes:
        amazon: Where they ran.
        said: By the command's name.
        seconds: The same.
    """

    amazon: Amazon
    said: dict[str, str] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    def note(self, name: str, stack: Stack, *arguments: str) -> None:
        begun = time.monotonic()
        self.said[name] = stack.pulumi(*arguments).stdout
        self.seconds[name] = time.monotonic() - begun


@pytest.fixture(scope="module")
def cloud(state_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Amazon]:
    """A lab of its own: the platform of `nonprod` is not that of `local`."""
    for lab in running(Lab("amazon", state_home)):
        yield amazon(lab, tmp_path_factory.mktemp("amazon"))


@pytest.fixture(scope="module")
def told(cloud: Amazon) -> Iterator[Told]:
    """Everything deployed, from nothing to a feature on dev."""
    told = Told(cloud)
    nonprod = cloud.nonprod().create()
    told.note("first preview", nonprod, "preview")
    told.note("update", nonprod, "up", "--yes", "--skip-preview")
    told.note("second preview", nonprod, "preview", "--expect-no-changes")
    for name in ("dev", "test"):
        told.note(name, cloud.environment(name).create(), "up", "--yes", "--skip-preview")
    told.note("feature", feature(cloud).create(), "up", "--yes", "--skip-preview")
    yield told
    print(json.dumps(told.seconds, indent=1))


def feature(cloud: Amazon) -> Stack:
    section = {**committed("dev-new-ads")["feature"], "expires": written(datetime.now(UTC) + timedelta(hours=1))}
    return cloud.stack("dev-new-ads").configure(feature=section)


def test_the_first_preview_knows_nothing_and_plans_what_the_update_does(told: Told) -> None:
    counts = [
        int(re.search(r"\+ (\d+) (to create|created)", told.said[name])[1]) for name in ("first preview", "update")
    ]
    assert counts[0] == counts[1] > 100


def test_a_second_update_changes_nothing(told: Told) -> None:
    assert "unchanged" in told.said["second preview"]


def test_destroy(told: Told) -> None:
    cloud = told.amazon
    told.note("feature goes", feature(cloud), "destroy", "--yes", "--skip-preview")
    for name in ("test", "dev"):
        told.note(f"{name} goes", cloud.environment(name), "destroy", "--yes", "--skip-preview")
    told.note("nonprod goes", cloud.nonprod(), "destroy", "--yes", "--skip-preview")
    assert cloud.resources == []
