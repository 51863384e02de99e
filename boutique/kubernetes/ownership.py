"""Which stack owns what a feature is about to make, asked before anything is planned.

The API server refuses a second owner anyway (`boutique.admission.owner_policies`), but later and without the key.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from boutique.names import labels
from boutique.settings.errors import ErrorLine


@dataclass(frozen=True, kw_only=True)
class Owned:
    """One object that a stack owns.

    Attributes:
        name: Of the object.
        owner: The stack; None for an object without an owner.
        feature: The key of the feature that it belongs to, if its labels say so.
    """

    name: str
    owner: str | None
    feature: str | None

    @classmethod
    def of(cls, metadata: Mapping[str, Mapping[str, str]]) -> "Owned":
        """Read an object's metadata."""
        annotations, labelled = metadata.get("annotations", {}), metadata.get("labels", {})
        owner, feature = annotations.get(labels.OWNER), labelled.get(labels.FEATURE)
        return cls(name=str(metadata["name"]), owner=owner, feature=feature)


def ownership_conflicts(
    deployments: tuple[Owned, ...], routes: tuple[Owned, ...], *, stack: str, key: str, sessions: Mapping[str, str]
) -> Iterator[ErrorLine]:
    """Return a line for each thing that a feature would make and another stack owns.

    Args:
        deployments: Those of the namespace.
        routes: The HTTPRoutes of the namespace.
        stack: The feature's.
        key: The feature's.
        sessions: By the name of their route, where the configuration lists each session.
    """
    others = [owned for owned in (*deployments, *routes) if owned.owner != stack]
    for other in others:
        if other.name in sessions:
            yield ErrorLine(
                "session-taken",
                f"{sessions[other.name]}: the session has joined another feature, of stack {other.owner!r} "
                f"(HTTPRoute {other.name}); remove it there first, or here",
            )
    if taken := next((other for other in others if other.feature == key), None):
        yield ErrorLine(
            "key-taken",
            f"boutique:feature.key: {key!r}: belongs to the feature of stack {taken.owner!r} ({taken.name}); "
            "give this one another boutique:feature.key, or destroy that stack",
        )
