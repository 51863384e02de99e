"""Versions that are broken on purpose, so that rollouts and smoke tests have something to fail on.

A version is broken when its SemVer pre-release has the identifier `broken` followed by one of these words, such as
`1.2.3-broken.never-ready` or `0.10.7-new-ads.broken.slow.3`. The environment variable `BOUTIQUE_BREAK` with one of the
words breaks a workload of any version.

`never-ready`: its probes fail for ever: gRPC health says NOT_SERVING, the health route 503, a store does not listen.
`crash`: it ends with exit status 1 a second after it started.
`error`: its probes pass, and every request is answered with 500, INTERNAL, or a store's error.
`slow`: its probes pass, and every request takes two seconds more.
"""

from collections.abc import Mapping
from enum import StrEnum
from itertools import pairwise

VARIABLE = "BOUTIQUE_BREAK"
CRASH_SECONDS = 1.0
SLOW_SECONDS = 2.0


class Breakage(StrEnum):
    """How a workload is broken."""

    NONE = "none"
    NEVER_READY = "never-ready"
    CRASH = "crash"
    ERROR = "error"
    SLOW = "slow"


def breakage(version: str, environment: Mapping[str, str]) -> Breakage:
    """Return how a version is broken in an environment.

    Raises:
        ValueError: The environment variable has a word that is not documented.
    """
    if word := environment.get(VARIABLE):
        return Breakage(word)
    _, _, prerelease = version.partition("+")[0].partition("-")
    words = {str(kind) for kind in Breakage}
    for before, word in pairwise(prerelease.split(".")):
        if before == "broken" and word in words:
            return Breakage(word)
    return Breakage.NONE
