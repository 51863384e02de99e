"""From nothing to a feature and back on EKS: the committed stacks on the real engine, without AWS.

The plugins for AWS are stand-ins (`aws/`), which hand back the lab; Kubernetes, Istio and the ingress are real.
"""

import json
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from amazon import DOMAIN, ENVIRONMENTS, Amazon, amazon
from labs import Lab, eventually, running
from objects import names
from shops import BASELINE
from stacks import together

pytestmark = pytest.mark.lab

VERSION = "1.35"
"""Of Kubernetes; there is a later one to go to."""
LAST = ("HTTPRoute ingress-redirect", "Release ingress-gateway", "Release load-balancer-controller",
        "NodeGroup nodes", "Cluster cluster-eksCluster", "Vpc network")  # fmt: skip
"""What goes before what when all goes."""
SYSTEM = {"default", "kube-node-lease", "kube-public", "kube-system"}

Said = dict[str, str]


@pytest.fixture(scope="module")
def cloud(state_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Amazon]:
    """A lab of its own: the platform of `nonprod` cannot be beside that of `local`."""
    for lab in running(Lab("amazon", state_home)):
        yield amazon(lab, tmp_path_factory.mktemp("amazon"))


@pytest.fixture(scope="module")
def said(cloud: Amazon) -> Said:
    """Everything deployed, from nothing to a feature on dev, and once more: what the commands said."""
    nonprod = cloud.nonprod(version=VERSION).create()
    environments = [cloud.environment(name).create() for name in ENVIRONMENTS]
    feature = cloud.feature().create()
    told = {
        "first preview": timed("nonprod, first preview", lambda: nonprod.pulumi("preview").stdout),
        "update": timed("nonprod, update", lambda: nonprod.up().stdout),
    }
    timed("dev and test, update", lambda: together(environments, "up"))
    timed("feature on dev, update", lambda: feature.up().stdout)
    # Nothing that was made was a surprise, and nothing is left to do.
    again = ("up", "--expect-no-changes")
    told["second update"] = timed("nonprod, no changes", lambda: nonprod.up("--expect-no-changes").stdout)
    timed("dev, test and the feature, no changes", lambda: together([*environments, feature], *again))
    return told


def timed(what: str, action: Callable[[], str]) -> str:
    """Print how long something takes, for whoever reads the log."""
    began = time.monotonic()
    found = action()
    print(f"{what}: {time.monotonic() - began:.1f} s")
    return found


def count(told: str, pattern: str) -> int:
    found = re.search(pattern, told)
    assert found, told
    return int(found[1])


def test_the_first_preview_knows_of_no_cluster_and_plans_what_the_update_makes(said: Said) -> None:
    planned = count(said["first preview"], r"\+ (\d+) to create")
    assert planned == count(said["update"], r"\+ (\d+) created")
    assert planned > 100
    assert "to replace" not in said["first preview"]


def test_a_second_update_changes_nothing(said: Said) -> None:
    assert count(said["second update"], r"(\d+) unchanged") == count(said["update"], r"\+ (\d+) created")


def test_shops_and_features_are_served_by_the_ingress_of_the_cluster(cloud: Amazon, said: Said) -> None:
    assert said
    for name in ENVIRONMENTS:
        assert cloud.versions(f"{name}.{DOMAIN}")["adservice"] == {BASELINE}
    preview = f"new-ads.dev.{DOMAIN}"
    eventually(lambda: "adservice" in cloud.versions(preview), 30, "the feature's preview is served")
    assert cloud.versions(preview)["adservice"] == {"0.10.7-new-ads.3"}


def test_objects_outlive_a_kubeconfig_that_is_not_known_yet(cloud: Amazon, said: Said) -> None:
    assert said
    told = cloud.nonprod(version="1.36").pulumi("preview").stdout
    assert re.search(r"~ +pulumi:providers:kubernetes cluster update", told), told
    assert "to replace" not in told
    assert not re.search(r"- \d+ to delete", told)


def test_the_targets_are_secret_and_hold_deployers_of_one_namespace(cloud: Amazon, said: Said) -> None:
    assert said
    nonprod = cloud.nonprod(version=VERSION)
    assert nonprod.outputs()["targets"] == "[secret]"
    state = json.dumps(json.loads(nonprod.pulumi("stack", "export").stdout))
    for name in ENVIRONMENTS:
        kubeconfig = nonprod.kubeconfig(name)
        [user] = kubeconfig["users"]
        [context] = kubeconfig["contexts"]
        assert user["user"].keys() == {"token"}, "the admin's way in is handed on"
        assert context["context"]["namespace"] == name
        # Compared beforehand, so that a failure does not print it.
        in_clear = user["user"]["token"] in state
        assert not in_clear


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"PATH": "tools"}, "there is no `aws` on PATH; boutique:cluster {kind: eks} needs the AWS CLI"),
        ({"STANDIN_CREDENTIALS": "expired"}, "AWS does not take the credentials: An error occurred (ExpiredToken)"),
    ],
)
def test_without_a_way_into_aws_nothing_is_planned(
    cloud: Amazon, said: Said, changed: dict[str, str], expected: str
) -> None:
    assert said
    env = {**cloud.env, **changed}
    if "PATH" in changed:
        # The lab's tools come first, and `aws` is none of them.
        env["PATH"] = f"{cloud.env['PATH'].split(':')[1]}:/usr/bin:/bin"
    done = replace(cloud.nonprod(version=VERSION), env=env).pulumi("preview", check=False)
    assert done.returncode != 0
    assert expected in done.stdout
    assert "Traceback" not in done.stdout
    assert "kubernetes:" not in done.stdout


def test_everything_goes_in_an_order_that_leaves_nothing_behind(cloud: Amazon, said: Said) -> None:
    assert said
    assert "NodeGroup" in cloud.resources
    destroy, environments = ("destroy", "--yes", "--skip-preview"), [cloud.environment(name) for name in ENVIRONMENTS]
    timed("feature on dev, destroy", lambda: cloud.feature().pulumi(*destroy).stdout)
    timed("dev and test, destroy", lambda: together(environments, "destroy"))
    nonprod = cloud.nonprod(version=VERSION)
    told = timed("nonprod, destroy", lambda: nonprod.pulumi(*destroy).stdout)
    places = [position(told, each) for each in LAST]
    assert places == sorted(places), dict(zip(LAST, places, strict=True))
    assert cloud.resources == []
    left: set[Any] = {name for kind, _, name in names(cloud.lab) if kind == "Namespace"}
    assert left == SYSTEM


def position(told: str, resource: str) -> int:
    found = re.search(rf"{resource} deleted", told)
    assert found, f"{resource} was not deleted: {told}"
    return found.start()
