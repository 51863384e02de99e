"""Which tag is the newest: by what SemVer says, and nothing else."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boutique.names.feature_names import feature_key
from boutique.names.semver import Version, VersionError
from ops.registry.newest_tag import newest, newest_of_branch

SERVICES = ("adservice", "productcatalogservice")


def is_version(tag: str) -> bool:
    try:
        Version.parse(tag)
    except VersionError:
        return False
    return True


@pytest.mark.parametrize(
    ("tags", "expected", "skipped"),
    [
        ((), None, 0),
        (("latest", "main", "sha-abc123", "1.2", "1", "01.2.3", "1.2.3-", "1.2.3_4", "V1.2.3"), None, 9),
        (("1.2.3",), "1.2.3", 0),
        (("1.10.0", "1.9.9", "1.2.0"), "1.10.0", 0),
        (("2.0.0", "10.0.0", "9.9.9"), "10.0.0", 0),
        (("1.2.3-a.9", "1.2.3-a.10"), "1.2.3-a.10", 0),
        (("1.2.3", "1.2.3-rc.1"), "1.2.3", 0),
        (("1.2.3", "1.2.4-rc.1"), "1.2.4-rc.1", 0),
        (("1.2.3-alpha", "1.2.3-alpha.1", "1.2.3-1"), "1.2.3-alpha.1", 0),
        (("v1.2.3", "1.2.3"), "v1.2.3", 0),
        (("v1.2.3", "1.2.4", "latest"), "1.2.4", 1),
        (("99999999999999999999.0.0", "2.0.0"), "99999999999999999999.0.0", 0),
    ],
)
def test_the_newest_of_all(tags: tuple[str, ...], expected: str | None, skipped: int) -> None:
    for order in (tags, tuple(reversed(tags))):
        result = newest(order, lambda _: True)
        assert (result.version and result.version.text, result.skipped) == (expected, skipped)


def test_only_what_is_accepted_is_taken_and_nothing_else_is_asked_about() -> None:
    candidates: list[str] = []

    def accepts(tag: str) -> bool:
        candidates.append(tag)
        return "-" not in tag

    result = newest(("1.2.3", "1.3.0-rc.1", "latest", "v1.2.4"), accepts)
    assert result.version
    assert result.version.text == "v1.2.4"
    assert "latest" not in candidates


@pytest.mark.parametrize(
    ("tags", "branch", "expected", "release"),
    [
        (("0.10.7-new-ads.3", "0.10.7-new-ads.12", "0.10.7-other.99"), "new-ads", "0.10.7-new-ads.12", None),
        (("v0.10.6", "0.10.7-new-ads.3"), "new-ads", "0.10.7-new-ads.3", None),
        (("0.10.7-new-ads.3", "0.10.7"), "new-ads", None, "0.10.7"),
        (("0.10.7-new-ads.3", "v0.11.0", "0.10.7"), "new-ads", None, "v0.11.0"),
        (("0.10.6-new-ads.9", "0.10.6", "0.10.7-new-ads.1"), "new-ads", "0.10.7-new-ads.1", None),
        (("0.10.7-new-ads.3", "0.10.8-rc.1"), "new-ads", "0.10.7-new-ads.3", None),
        (("0.10.7-new-ads", "0.10.7-new-ads.0"), "new-ads", "0.10.7-new-ads.0", None),
        (("0.10.7-new-ads2.1", "0.10.7-new-ad.1", "0.10.7-new-ads.x.1"), "new-ads", None, None),
        (("0.10.7-New-Ads.1",), "new-ads", None, None),
        (
            ("0.10.7-release-1.2.5", "0.10.7-release-1.3.9", "0.10.7-release-1.9"),
            "release-1.2",
            "0.10.7-release-1.2.5",
            None,
        ),
        (("0.10.7-release-1.2.5", "0.10.7-release-1.3"), "release-1", "0.10.7-release-1.3", None),
        (("0.10.7-new-ads.3.4", "0.10.7-new-ads.2"), "new-ads", "0.10.7-new-ads.2", None),
        (("0.10.7-2026.1",), "2026", "0.10.7-2026.1", None),
        (("0.10.7-New-Ads.1",), "New-Ads", "0.10.7-New-Ads.1", None),
        (("0.10.7-my-feature-6a1f3f.1",), "my-feature", None, None),
        (("0.10.7-1", "0.10.7", "latest"), "new-ads", None, None),
        ((), "new-ads", None, None),
    ],
)
def test_the_newest_of_a_branch(tags: tuple[str, ...], branch: str, expected: str | None, release: str | None) -> None:
    for order in (tags, tuple(reversed(tags))):
        result = newest_of_branch(order, branch, SERVICES)
        assert (result.version and result.version.text) == expected
        assert (result.release and result.release.text) == release
        assert (result.built is None) == (expected is None and release is None)


@pytest.mark.parametrize("branch", ["feature/New_Ads", "my_feature", "Main", "123"])
def test_a_branch_that_no_tag_can_hold_is_known_by_its_key(branch: str) -> None:
    key = feature_key(branch, SERVICES)
    assert key != branch
    result = newest_of_branch([f"0.10.7-{key}.4", f"0.10.7-{key}.5"], branch, SERVICES)
    assert result.version
    assert result.version.text == f"0.10.7-{key}.5"


numbers = st.integers(min_value=0, max_value=12).map(str)
cores = st.lists(numbers, min_size=3, max_size=3).map(".".join)
words = st.sampled_from(["new-ads", "other", "rc", "3"])
versions = st.builds(
    lambda v, core, word, number: f"{v}{core}" + (f"-{word}.{number}" if word else ""),
    st.sampled_from(["", "v"]),
    cores,
    st.one_of(st.none(), words),
    numbers,
)
tags = st.lists(st.one_of(versions, st.text("v0123456789.-_abc", max_size=12)), max_size=30)


@given(tags, st.randoms(use_true_random=False))
def test_no_tag_is_newer_than_the_newest_in_whatever_order(names: list[str], shuffling: random.Random) -> None:
    first = newest(names, lambda _: True)
    parsed_versions = [Version.parse(tag) for tag in names if is_version(tag)]
    assert first.skipped == len(names) - len(parsed_versions)
    assert (first.version is None) == (not parsed_versions)
    assert all(first.version and version.semver <= first.version.semver for version in parsed_versions)
    shuffled = list(names)
    shuffling.shuffle(shuffled)
    assert newest(shuffled, lambda _: True) == first


@given(tags, st.randoms(use_true_random=False))
def test_a_build_of_a_branch_is_newer_than_all_releases_or_none(names: list[str], shuffling: random.Random) -> None:
    first = newest_of_branch(names, "new-ads", SERVICES)
    parsed_versions = [Version.parse(tag) for tag in names if is_version(tag)]
    builds = [version for version in parsed_versions if version.branch == "new-ads"]
    releases = [version for version in parsed_versions if version.is_release]
    assert (first.built is None) == (not builds)
    if first.version:
        assert first.version.branch == "new-ads"
        assert all(build.semver <= first.version.semver for build in builds)
        assert all(release.semver < first.version.semver for release in releases)
    elif builds:
        assert first.release
        assert all(build.semver < first.release.semver for build in builds)
        assert all(release.semver <= first.release.semver for release in releases)
    shuffled = list(names)
    shuffling.shuffle(shuffled)
    assert newest_of_branch(shuffled, "new-ads", SERVICES) == first
