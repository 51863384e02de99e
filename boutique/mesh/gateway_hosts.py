"""Which host leads to which target: at most one each, and none of them into another's."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import permutations

from boutique.settings.errors import ErrorLine
from boutique.settings.stack import Platform
from boutique.targets.target_names import namespace

MOST = 31
"""A Gateway has at most 64 listeners: two for each host, and one for plain HTTP."""


@dataclass(frozen=True, kw_only=True)
class HostAssignment:
    """A host, with all names under it, that belongs to one target.

    Attributes:
        target: Its name.
        namespace: The only one whose routes may use the host.
        host: The host itself; `*.<host>` is for previews.
    """

    target: str
    namespace: str
    host: str

    @property
    def previews(self) -> str:
        """The names under the host."""
        return f"*.{self.host}"


def claims(platform: Platform) -> tuple[HostAssignment, ...]:
    """Return the hosts of all targets that have one; checked settings give every target one, or none."""
    return tuple(
        HostAssignment(target=name, namespace=namespace(platform, name), host=host)
        for name in platform.targets
        if (host := _host(platform, name))
    )


def errors(platform: Platform) -> Iterator[ErrorLine]:
    """Return a line for each thing that is wrong with the hosts of a platform."""
    key = "boutique:platform.targets"
    if platform.ingress is None:
        if named := [f"{key}.{name}.host: {target.host!r}" for name, target in platform.targets.items() if target.host]:
            yield ErrorLine("no-ingress", f"{_first(named)}: leads nowhere without boutique:platform.ingress; add that")
        return
    if hostless := [f"{key}.{name}.host" for name in platform.targets if not _host(platform, name)]:
        yield ErrorLine(
            "missing", f"{_first(hostless)}: is missing; give it, or boutique:platform.ingress.domain for all targets"
        )
    if len(platform.targets) > MOST:
        yield ErrorLine(
            "too-many-targets",
            f"{key}: {len(platform.targets)} targets are too many for one gateway; at most {MOST} have room",
        )
    for host, count in Counter(claim.host for claim in claims(platform)).items():
        if count > 1:
            yield ErrorLine("shared-host", f"{key}: {count} targets share the host {host!r}; give each its own")
    for one, other in permutations(claims(platform), 2):
        if other.host.endswith(f".{one.host}"):
            yield ErrorLine(
                "nested-host",
                f"{key}.{other.target}.host: {other.host!r}: is under {one.host!r}, whose names are for previews of "
                f"target {one.target!r}; choose one that is not",
            )


def _first(keys: Sequence[str]) -> str:
    return keys[0] if len(keys) == 1 else f"{keys[0]} (and of {len(keys) - 1} more)"


def _host(platform: Platform, target: str) -> str:
    domain = platform.ingress.domain if platform.ingress else None
    return platform.targets[target].host or (f"{target}.{domain}" if domain else "")
