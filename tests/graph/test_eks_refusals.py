"""A cluster on EKS that is not planned: its region is unknown, AWS is unreachable, or the cluster does not answer."""

import json
from collections.abc import Mapping

import pulumi
import pytest

from boutique.eks import account
from boutique.eks.account import AwsError
from boutique.kubernetes import client
from boutique.kubernetes.kubeconfig import ApiServer, KubeconfigError
from tests.support.graph.stack_recordings import ACCOUNT, cluster_region, committed_values, record_stack

CANARY = "canary-of-a-secret-key"


def without_region() -> tuple[dict[str, str], list[str]]:
    config, secret = committed_values("nonprod")
    section = json.loads(config["boutique:cluster"])
    config.pop("aws:region", None)
    section.pop("region", None)
    return {**config, "boutique:cluster": json.dumps(section)}, secret


@pytest.mark.parametrize("written", [{}, {"aws:region": ""}])
def test_without_a_region_the_stack_is_refused(written: Mapping[str, str]) -> None:
    config, secret = without_region()
    config |= written
    with pytest.raises(pulumi.RunError, match=r"boutique:cluster\.region: is missing"):
        record_stack("nonprod", config=(config, secret))


def test_a_certificate_of_another_region_is_refused() -> None:
    config, secret = without_region()
    config["aws:region"] = "eu-west-1"
    platform = json.loads(config["boutique:platform"])
    arn = "arn:aws:acm:eu-central-1:123456789012:certificate/0a1b"
    platform["ingress"]["certificate"] = {"kind": "acm", "arn": arn}
    config["boutique:platform"] = json.dumps(platform)
    with pytest.raises(pulumi.RunError, match=r"certificate\.arn: .* is in eu-central-1, .* balancer is in eu-west-1"):
        record_stack("nonprod", config=(config, secret))


def test_a_key_for_aws_that_nothing_reads_is_refused_and_its_value_not_shown() -> None:
    config, secret = without_region()
    config |= {"aws:secretKey": CANARY, "aws:accessKey": CANARY, "aws:profile": CANARY}
    with pytest.raises(pulumi.RunError) as caught:
        record_stack("nonprod", config=(config, [*secret, "aws:secretKey"]))
    message = str(caught.value)
    assert message.startswith("4 errors in the configuration:")
    for key in ("aws:accessKey", "aws:profile", "aws:secretKey", "boutique:cluster.region"):
        assert f"\n  {key}: is " in message
    assert CANARY not in message


def test_without_credentials_nothing_is_planned(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: str, wanted: str | None) -> None:
        raise AwsError(f"no credentials in {path} for {wanted}")

    monkeypatch.setattr(account, "check", refuse)
    config, secret = committed_values("nonprod")
    config["boutique:cluster"] = json.dumps({**json.loads(config["boutique:cluster"]), "account": "123456789012"})
    with pytest.raises(pulumi.RunError, match=f"no credentials in {cluster_region('nonprod')} for 123456789012"):
        record_stack("nonprod", config=(config, secret), answering=False)


def test_a_cluster_that_does_not_answer_ends_a_preview(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail_to_answer(_: ApiServer, path: str) -> None:
        raise KubeconfigError(f"{path} does not answer")

    monkeypatch.setattr(account, "check", lambda *_: ACCOUNT)
    monkeypatch.setattr(client, "ensure_reachable", fail_to_answer)
    with pytest.raises(pulumi.RunError, match=r"the cluster of this stack does not answer.*publicCidrs"):
        record_stack("nonprod", answering=False, preview=True)
