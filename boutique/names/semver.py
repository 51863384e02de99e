"""Versions: SemVer tags, and the branch that a pre-release was built from.

https://semver.org/spec/v2.0.0.html; the shop's own tags put a `v` in front.
"""

import re
from dataclasses import dataclass, field
from typing import Self

from semver import Version as SemVer

_EXAMPLE = "such as 1.4.2, or 1.4.2-my-branch.3 for the third build of a branch"


_STAGE = re.compile(r"(alpha|beta|pre|preview|rc)[0-9]*", re.IGNORECASE)


class VersionError(ValueError):
    """A tag is no SemVer version.

    Attributes:
        reason: What is wrong, and how a version is written; without the tag.
    """

    def __init__(self, text: str) -> None:
        self.reason = f"is no SemVer version: {_reason(text)}; write one {_EXAMPLE}"
        super().__init__(f"{text!r} {self.reason}")


@dataclass(frozen=True, kw_only=True)
class Version:
    """One version.

    Attributes:
        text: As it was written; what the tag of an image is.
        semver: What it means. Two versions that differ in their build metadata are equal in here.
    """

    text: str
    semver: SemVer = field(compare=False)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a tag.

        Raises:
            VersionError: It is no SemVer version, with what is wrong and how it is written.
        """
        try:
            return cls(text=text, semver=SemVer.parse(text.removeprefix("v")))
        except ValueError:
            raise VersionError(text) from None

    def __str__(self) -> str:
        return self.text

    @property
    def is_release(self) -> bool:
        """Whether it has no pre-release."""
        return self.semver.prerelease is None

    @property
    def branch(self) -> str | None:
        """The pre-release without the build number, its last identifier if that is numeric.

        `new-ads` of `0.10.7-new-ads.3`, and `release-1.2` of `0.10.7-release-1.2.5`. None for a release, and for a
        pre-release that is a build number only.
        """
        prerelease = self.semver.prerelease or ""
        branch, _, last = prerelease.rpartition(".")
        return (branch if last.isdigit() else prerelease) or None

    @property
    def is_candidate(self) -> bool:
        """Whether its pre-release is a customary one of the release itself, such as `rc.1` or `beta2`."""
        return _STAGE.fullmatch(self.branch or "") is not None


def _reason(text: str) -> str:
    if not text:
        return "it is empty"
    if wrong := sorted(set(re.sub(r"[0-9A-Za-z.+-]", "", text))):
        return f"it cannot hold {', '.join(map(repr, wrong))}, only letters, digits, '.', '-' and '+'"
    if text.startswith("V"):
        return "the letter in front is a small 'v'"
    core, dash, prerelease = text.partition("+")[0].removeprefix("v").partition("-")
    numbers = core.split(".")
    if len(numbers) != 3 or not all(number.isdigit() for number in numbers):
        return "it does not begin with three numbers"
    identifiers = prerelease.split(".") if dash else []
    if leading := [identifier for identifier in (*numbers, *identifiers) if re.fullmatch("0[0-9]+", identifier)]:
        return f"the number {leading[0]} begins with 0"
    if "" in identifiers:
        return "a part of what follows the '-' is empty"
    return "what follows the '+' is parts of letters, digits and '-' with '.' between them"
