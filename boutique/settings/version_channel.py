"""Channels: which versions a target lets in, the same at preview and in the cluster.

A version is let in by the pre-release part of its tag: https://semver.org/spec/v2.0.0.html#spec-item-9
"""

import re
import warnings
from typing import Annotated

import re2
from pydantic import AfterValidator

from boutique.names.image_reference import Reference
from boutique.names.semver import Version, VersionError
from boutique.settings.fields import Section

RELEASES_ONLY = "^$"
"""Matches no pre-release: what has one is no release."""

_ELSEWHERE = re.compile(r"\\[0-9AZzGgkKXNQE]|\(\?(?!:)|[+*?}]\+|\{,|\{[0-9]*,?[0-9]{4}")
"""What Python's expressions have and RE2's have not, or read in another way."""


def check_pattern(pattern: str) -> str:
    """Return a regular expression that Python and RE2, which the API server uses, read alike.

    https://github.com/google/re2/wiki/Syntax

    Raises:
        ValueError: It is none.
    """
    if unsupported := _ELSEWHERE.search(pattern):
        raise ValueError(
            f"holds {unsupported[0]!r}; write a regular expression of characters, classes, groups (?:…), '|', "
            "repetitions, '^' and '$', such as ^(|rc\\.[0-9]+)$"
        )
    options = re2.Options()
    options.log_errors = False
    try:
        with warnings.catch_warnings(action="error"):
            re.compile(pattern)
        re2.compile(pattern, options)
    except (re.error, re2.error, FutureWarning) as error:
        reason = error.args[0].decode() if isinstance(error, re2.error) else error
        raise ValueError(f"is no regular expression: {reason}; write one such as ^(|rc\\.[0-9]+)$") from None
    return pattern


Pattern = Annotated[str, AfterValidator(check_pattern)]


class Channel(Section):
    """Which versions a target lets in; the cluster refuses the others too, from any client."""

    prereleases: Pattern = RELEASES_ONLY
    """A regular expression that finds the pre-releases it accepts; releases have an empty one. `^$`: releases only."""
    features: bool = False
    """Whether feature stacks may come, which run pre-releases of their branches beside the environment's services."""

    @property
    def description(self) -> str:
        """What it accepts, for messages."""
        return "releases only" if self.prereleases == RELEASES_ONLY else f"pre-releases like {self.prereleases}"

    def refusal(self, image: Reference) -> str | None:
        """Return why it does not let an image in; None if it does."""
        if image.tag is None:
            return "a digest alone names no version; write tag@digest"
        try:
            version = Version.parse(image.tag)
        except VersionError as error:
            return str(error)
        if not re.search(self.prereleases, version.semver.prerelease or ""):
            kind = "a release" if version.is_release else "a pre-release"
            return f"is {kind}, and the channel accepts {self.description}"
        return None
