"""What a cluster on EKS may be configured with, and how every mistake in it is named."""

from datetime import date, timedelta
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boutique.checks.eks import warnings
from boutique.settings import eks_versions
from boutique.settings.eks_settings import EksCluster
from boutique.settings.errors import SettingsError
from tests.support.online_boutique import load
from tests.support.unit.eks_errors import KEY, cluster_errors, existing_network, ingress


def test_a_cluster_with_all_defaults_is_one() -> None:
    assert cluster_errors({"targets": {"dev": {}}}) == []


@pytest.mark.parametrize("version", ["1.32", "1.33"])
def test_a_version_may_be_kept_for_a_year_longer(version: str) -> None:
    assert cluster_errors(version=version, support="extended") == []
    chosen = eks_versions.addons(version, {})
    assert chosen["kube-proxy"].startswith(f"v{version}.")
    assert minor(chosen["coredns"]) <= minor(eks_versions.addons("1.34", {})["coredns"])


def minor(version: str) -> int:
    return int(version.split(".")[1])


@given(st.sampled_from(sorted(eks_versions.RELEASES)), st.sampled_from(["standard", "extended"]), st.integers(-40, 40))
def test_a_version_is_warned_of_from_the_day_after_its_support_and_never_refused(
    version: str, support: Literal["standard", "extended"], days: int
) -> None:
    end = eks_versions.RELEASES[version].end(support)
    lines = list(warnings(EksCluster(kind="eks", version=version, support=support), end + timedelta(days)))
    assert bool(lines) == (days > 0)
    if lines:
        assert f"{KEY}.version: '{version}': its {support} support ended on {end}, and AWS moves" in lines[0]
    assert cluster_errors(version=version, support=support) == []


@pytest.mark.parametrize(
    ("today", "remedy"),
    [
        (date(2026, 8, 1), "set support: extended, which lasts until 2027-07-29, or take one of 1.34, 1.35, 1.36, one"),
        (date(2027, 8, 1), "; take one of 1.36, one minor version at a time"),
        (date(2028, 9, 1), "; take one of the versions that EKS has now, one minor version at a time"),
    ],
)
def test_the_remedy_is_one_that_is_left(today: date, remedy: str) -> None:
    [line] = warnings(EksCluster(kind="eks", version="1.33"), today)
    assert remedy in line


def test_the_versions_of_the_documentation_are_ordered_and_the_default_is_the_newest() -> None:
    ends = [release.standard for release in eks_versions.RELEASES.values()]
    assert ends == sorted(ends)
    assert list(eks_versions.RELEASES)[-1] == eks_versions.DEFAULT_VERSION
    for version, release in eks_versions.RELEASES.items():
        assert release.standard < release.extended
        assert release.kube_proxy.startswith(f"v{version}.")


def test_addons_go_with_the_version_unless_the_configuration_names_others() -> None:
    usual = eks_versions.addons("1.35", {})
    assert usual["kube-proxy"].startswith("v1.35.")
    assert usual["coredns"] != eks_versions.addons("1.36", {})["coredns"]
    assert eks_versions.addons("1.35", {"coredns": "v9.9.9-eksbuild.1"}) == {**usual, "coredns": "v9.9.9-eksbuild.1"}


def test_the_load_balancer_is_one_that_the_cluster_can_make() -> None:
    key = "boutique:platform.ingress.loadBalancer"
    assert cluster_errors(ingress())[0].startswith(f"{key}.kind: 'cluster': on EKS that is a Classic Load Balancer")
    assert cluster_errors(ingress(kind="nlb")) == []
    [line] = cluster_errors(ingress(kind="nlb"), **existing_network("subnet-1", "subnet-2"))
    assert line.startswith(f"{key}.scheme: 'internet-facing': needs {KEY}.network.publicSubnets")
    assert cluster_errors(ingress(kind="nlb", scheme="internal"), **existing_network("subnet-1", "subnet-2")) == []


def test_a_cluster_on_eks_has_the_domain_that_eks_gives_it() -> None:
    targets = {"targets": {"dev": {}}}
    assert cluster_errors({**targets, "dns": {"domain": "cluster.local"}}) == cluster_errors(targets) == []
    assert cluster_errors({**targets, "dns": {"domain": "prod.internal"}}) == [
        "boutique:platform.dns.domain: 'prod.internal': a cluster that this stack makes on EKS has the domain "
        "'cluster.local'; remove the key"
    ]


@pytest.mark.parametrize(("given", "expected"), [(123456789012, "123456789012"), (12345678901, "012345678901")])
def test_an_account_may_be_a_number_as_pulumi_writes_it(given: int, expected: str) -> None:
    assert EksCluster.model_validate({"kind": "eks", "account": given}).account == expected


def test_all_mistakes_of_a_cluster_are_told_at_once() -> None:
    with pytest.raises(SettingsError) as caught:
        load({"cluster": {"kind": "eks", "nodes": {"types": ["m7g.large"]}, "publicCidrs": ["0.0.0.0/0"]},
              "platform": {"targets": {"kube-system": {}}}})  # fmt: skip
    assert len(caught.value.errors) == 3
