"""Versions: which tags are one, and which branch is behind it."""

import contextlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boutique.names.semver import Version, VersionError


@pytest.mark.parametrize(
    ("text", "branch"),
    [
        ("0.10.7-new-ads.3", "new-ads"),
        ("v0.10.7-new-ads.3", "new-ads"),
        ("0.10.7-new-ads", "new-ads"),
        ("0.10.7-new-ads.3.14", "new-ads.3"),
        ("0.10.7-release-1.2.5", "release-1.2"),
        ("0.10.7-release-1.2", "release-1"),
        ("0.10.7-1.2.5", "1.2"),
        ("0.10.7-new.ads.3", "new.ads"),
        ("0.10.7-2.new.3", "2.new"),
        ("0.10.7-new-3", "new-3"),
        ("0.10.7-3a", "3a"),
        ("0.10.7-RC.1", "RC"),
        ("0.10.7-new-ads.3+build.7", "new-ads"),
        ("0.10.7-a--b", "a--b"),
        ("0.10.7--.1", "-"),
        ("0.10.7-3", None),
        ("0.10.7-0.3", "0"),
    ],
)
def test_a_pre_release_has_its_branch(text: str, branch: str | None) -> None:
    version = Version.parse(text)
    assert (version.is_release, version.branch, str(version)) == (False, branch, text)


@pytest.mark.parametrize("text", ["0.10.6", "v0.10.6", "0.0.0", "1.2.3+build.7", "1.2.3+a-b", "1.2.3+007"])
def test_a_release_has_no_branch(text: str) -> None:
    version = Version.parse(text)
    assert (version.is_release, version.branch, str(version)) == (True, None, text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "it is empty"),
        ("latest", "does not begin with three numbers"),
        ("1.2", "does not begin with three numbers"),
        ("1.2.3.4", "does not begin with three numbers"),
        ("vv1.2.3", "does not begin with three numbers"),
        ("v", "does not begin with three numbers"),
        ("1.2.x", "does not begin with three numbers"),
        ("-1.2.3", "does not begin with three numbers"),
        ("V1.2.3", "a small 'v'"),
        ("01.2.3", "the number 01 begins with 0"),
        ("1.2.003", "the number 003 begins with 0"),
        ("1.2.3-new-ads.03", "the number 03 begins with 0"),
        ("1.2.3-", "what follows the '-' is empty"),
        ("1.2.3-+build", "what follows the '-' is empty"),
        ("1.2.3-new..3", "what follows the '-' is empty"),
        ("1.2.3-new.", "what follows the '-' is empty"),
        ("1.2.3+", "what follows the '+'"),
        ("1.2.3+a+b", "what follows the '+'"),
        ("1.2.3-my_branch.3", "cannot hold '_'"),
        ("1.2.3-my/branch", "cannot hold '/'"),
        ("1.2.3 ", "cannot hold ' '"),
        ("1.2.3\n", r"cannot hold '\n'"),
        ("sha256:12", "cannot hold ':'"),
        ("\u0661.2.3", "cannot hold '\u0661'"),
    ],
)
def test_what_is_no_version_says_why(text: str, reason: str) -> None:
    with pytest.raises(VersionError, match=f"is no SemVer version: .*{re.escape(reason)}.*; write one such as 1.4.2"):
        Version.parse(text)


numbers = st.integers(min_value=0, max_value=10**6).map(str)
words = st.from_regex("[0-9A-Za-z-]*[A-Za-z-][0-9A-Za-z-]*", fullmatch=True)


@given(st.lists(numbers, min_size=3, max_size=3), st.lists(st.one_of(words, numbers), min_size=1), numbers)
def test_the_number_at_the_end_counts_the_builds_of_a_branch(core: list[str], branch: list[str], build: str) -> None:
    assert Version.parse(f"{'.'.join(core)}-{'.'.join([*branch, build])}").branch == ".".join(branch)


@pytest.mark.parametrize(
    ("text", "is_candidate"),
    [
        ("1.2.3-rc.1", True),
        ("v1.2.3-RC1", True),
        ("1.2.3-rc", True),
        ("1.2.3-beta.2", True),
        ("1.2.3-alpha", True),
        ("1.2.3-preview.4", True),
        ("1.2.3", False),
        ("1.2.3-5", False),
        ("1.2.3-new-ads.3", False),
        ("1.2.3-rc-fix.1", False),
        ("1.2.3-arc.1", False),
    ],
)
def test_a_candidate_of_a_release_is_told_from_a_build_of_a_branch(text: str, is_candidate: bool) -> None:
    assert Version.parse(text).is_candidate == is_candidate


@given(st.text("v0123456789.-+abc_"))
def test_whatever_is_read_is_written_back(text: str) -> None:
    with contextlib.suppress(VersionError):
        assert str(Version.parse(text)) == text
