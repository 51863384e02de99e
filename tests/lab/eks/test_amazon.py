"""From nothing to a feature and back on EKS: the committed stacks on the real engine, without AWS.

The plugins for AWS are stand-ins (`aws/`), which hand back the lab; Kubernetes, Istio and the ingress are real.
"""

import json
import re
from dataclasses import replace

import pytest

from tests.support.lab.aws_standin import DOMAIN, ENVIRONMENTS, VERSION, Amazon, PulumiOutput
from tests.support.lab.lab_commands import eventually
from tests.support.lab.shop_environments import BASELINE

pytestmark = pytest.mark.lab


def count(output: str, pattern: str) -> int:
    match = re.search(pattern, output)
    assert match, output
    return int(match[1])


def test_the_first_preview_knows_of_no_cluster_and_plans_what_the_update_makes(pulumi_output: PulumiOutput) -> None:
    planned = count(pulumi_output["first preview"], r"\+ (\d+) to create")
    assert planned == count(pulumi_output["update"], r"\+ (\d+) created")
    assert planned > 100
    assert "to replace" not in pulumi_output["first preview"]


def test_a_second_update_changes_nothing(pulumi_output: PulumiOutput) -> None:
    assert count(pulumi_output["second update"], r"(\d+) unchanged") == count(
        pulumi_output["update"], r"\+ (\d+) created"
    )


def test_shops_and_features_are_served_by_the_ingress_of_the_cluster(
    cloud: Amazon, pulumi_output: PulumiOutput
) -> None:
    assert pulumi_output
    for name in ENVIRONMENTS:
        assert cloud.versions(f"{name}.{DOMAIN}")["adservice"] == {BASELINE}
    preview = f"new-ads.dev.{DOMAIN}"
    eventually(lambda: "adservice" in cloud.versions(preview), "the feature's preview is served")
    assert cloud.versions(preview)["adservice"] == {"0.10.7-new-ads.3"}


def test_objects_outlive_a_kubeconfig_that_is_not_known_yet(cloud: Amazon, pulumi_output: PulumiOutput) -> None:
    assert pulumi_output
    output = cloud.nonprod(version="1.36").pulumi("preview").stdout
    assert re.search(r"~ +pulumi:providers:kubernetes cluster update", output), output
    assert "to replace" not in output
    assert not re.search(r"- \d+ to delete", output)


def test_the_targets_are_secret_and_hold_deployers_of_one_namespace(cloud: Amazon, pulumi_output: PulumiOutput) -> None:
    assert pulumi_output
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
    cloud: Amazon, pulumi_output: PulumiOutput, changed: dict[str, str], expected: str
) -> None:
    assert pulumi_output
    env = {**cloud.env, **changed}
    if "PATH" in changed:
        # The lab's tools come first, and `aws` is none of them.
        env["PATH"] = f"{cloud.env['PATH'].split(':')[1]}:/usr/bin:/bin"
    done = replace(cloud.nonprod(version=VERSION), env=env).pulumi("preview", check=False)
    assert done.returncode != 0
    assert expected in done.stdout
    assert "Traceback" not in done.stdout
    assert "kubernetes:" not in done.stdout
