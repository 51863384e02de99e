"""What a cluster on EKS may be configured with, and how every mistake in it is named."""

from datetime import date, timedelta
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boutique.checks.eks import warnings
from boutique.settings import eks_versions
from boutique.settings.eks_settings import EksCluster
from boutique.settings.errors import SettingsError
from tests.support.online_boutique import load
from tests.support.unit.eks_errors import KEY, existing, found, ingress, network


def test_a_cluster_with_all_defaults_is_one() -> None:
    assert found({"targets": {"dev": {}}}) == []


@pytest.mark.parametrize(
    ("section", "expected"),
    [
        (network(cidr="172.20.0.0/16"), f"{KEY}.network.cidr: '172.20.0.0/16': overlaps with cluster.serviceCidr"),
        (
            network(cidr="10.0.0.0/16", avoid=["10.0.4.0/24"]),
            f"{KEY}.network.cidr: '10.0.0.0/16': overlaps with 10.0.4.0/24 of network.avoid",
        ),
        (network(cidr="10.0.0.0/15"), f"{KEY}.network.cidr: '10.0.0.0/15': a VPC has at most a /16"),
        (network(cidr="10.0.0.0/26"), f"{KEY}.network.cidr: '10.0.0.0/26': must have a prefix of at most /24"),
        (network(zones=["a"]), f"{KEY}.network.zones: a: EKS needs at least two different zones"),
        (network(zones=["a", "a"]), f"{KEY}.network.zones: a, a: EKS needs at least two different zones"),
        (network(zones=["a", "b", "a"]), f"{KEY}.network.zones: a, b, a: names a zone twice"),
        (existing("subnet-1"), f"{KEY}.network.privateSubnets: subnet-1: EKS needs subnets in at least two zones"),
        (existing("subnet-1", "subnet-2", public=("subnet-1",)), f"{KEY}.network: 'subnet-1': is named twice"),
        ({"serviceCidr": "8.8.0.0/16"}, f"{KEY}.serviceCidr: '8.8.0.0/16': must be in 10.0.0.0/8, 172.16.0.0/12 or"),
        ({"serviceCidr": "10.100.0.0/26"}, f"{KEY}.serviceCidr: '10.100.0.0/26': must be in 10.0.0.0/8"),
        ({"publicCidrs": ["0.0.0.0/0"]}, f"{KEY}.publicCidrs: '0.0.0.0/0': opens the API server to the whole internet"),
        ({"publicCidrs": ["10.0.0.0/8"]}, f"{KEY}.publicCidrs: '10.0.0.0/8': is no network of the internet"),
        ({"nodes": {"types": ["m7g.large"]}}, f"{KEY}.nodes.types: 'm7g.large': has an ARM processor"),
        ({"nodes": {"min": 4}}, f"{KEY}.nodes.desired: 3: must be from nodes.min, 4, to nodes.max, 6"),
        ({"nodes": {"desired": 9}}, f"{KEY}.nodes.desired: 9: must be from nodes.min, 3, to nodes.max, 6"),
        (
            {"version": "1.30"},
            f"{KEY}.version: '1.30': this program has no add-ons for it, only for 1.32, 1.33, 1.34, 1.35, 1.36; a "
            "new cluster takes one of these, one that is there goes up one minor version at a time",
        ),
    ],
)
def test_a_mistake_is_named_with_its_value_and_the_remedy(section: dict[str, Any], expected: str) -> None:
    lines = found(**section)
    assert [line for line in lines if line.startswith(expected)], lines
    assert len(lines) == 1, lines


@pytest.mark.parametrize("version", ["1.32", "1.33"])
def test_a_version_may_be_kept_for_a_year_longer(version: str) -> None:
    assert found(version=version, support="extended") == []
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
    assert found(version=version, support=support) == []


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
    assert found(ingress())[0].startswith(f"{key}.kind: 'cluster': on EKS that is a Classic Load Balancer")
    assert found(ingress(kind="nlb")) == []
    [line] = found(ingress(kind="nlb"), **existing("subnet-1", "subnet-2"))
    assert line.startswith(f"{key}.scheme: 'internet-facing': needs {KEY}.network.publicSubnets")
    assert found(ingress(kind="nlb", scheme="internal"), **existing("subnet-1", "subnet-2")) == []


def test_a_cluster_on_eks_has_the_domain_that_eks_gives_it() -> None:
    targets = {"targets": {"dev": {}}}
    assert found({**targets, "dns": {"domain": "cluster.local"}}) == found(targets) == []
    assert found({**targets, "dns": {"domain": "prod.internal"}}) == [
        "boutique:platform.dns.domain: 'prod.internal': a cluster that this stack makes on EKS has the domain "
        "'cluster.local'; remove the key"
    ]


@pytest.mark.parametrize(
    ("section", "expected"),
    [
        ({"region": "Frankfurt"}, 'region: "Frankfurt": must be a region of AWS such as eu-central-1'),
        ({"account": 12345678901234}, "account: 12345678901234: must be the twelve digits of an AWS account"),
        ({"version": 1.36}, "version: 1.36: must be text (numbers in quotes)"),
        ({"version": "1.36.2"}, "version: \"1.36.2\": must be a minor version in quotes such as '1.36'"),
        ({"network": {"kind": "new", "cidr": "10.0.0.1/16"}}, "must be a network such as 10.0.0.0/16, with no bits"),
        ({"network": {"kind": "old"}}, 'network.kind: "old" is not a kind of network; there are: existing, new'),
        ({"network": {"kind": "existing", "vpc": "mine", "privateSubnets": []}}, "must be the id of a VPC"),
        ({"nodes": {"types": []}}, "nodes.types: names none; name one such as 'm6i.xlarge'"),
        ({"nodes": {"types": ["large"]}}, "must be an instance type such as m6i.xlarge"),
        ({"admins": ["platform"]}, "must be the ARN of an IAM role such as"),
        ({"admins": ["arn:aws:iam::123456789012:role/a"] * 2}, "role/a': is named twice; EKS keeps one entry for each"),
        ({"logs": ["everything"]}, "must be 'api', 'audit'"),
        ({"addons": {"coredns": "latest"}}, "must be a version of an add-on such as v1.14.3-eksbuild.16"),
        ({"zones": ["a"]}, "zones: there is no such key"),
    ],
)
def test_values_of_the_wrong_shape_are_named(section: dict[str, Any], expected: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load({"cluster": {"kind": "eks", **section}, "platform": {"targets": {"dev": {}}}})
    assert len(caught.value.errors) == 1
    assert expected in caught.value.errors[0]


@pytest.mark.parametrize(("given", "expected"), [(123456789012, "123456789012"), (12345678901, "012345678901")])
def test_an_account_may_be_a_number_as_pulumi_writes_it(given: int, expected: str) -> None:
    assert EksCluster.model_validate({"kind": "eks", "account": given}).account == expected


def test_all_mistakes_of_a_cluster_are_told_at_once() -> None:
    with pytest.raises(SettingsError) as caught:
        load({"cluster": {"kind": "eks", "nodes": {"types": ["m7g.large"]}, "publicCidrs": ["0.0.0.0/0"]},
              "platform": {"targets": {"kube-system": {}}}})  # fmt: skip
    assert len(caught.value.errors) == 3
