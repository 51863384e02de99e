"""The features of an environment as the cluster's objects tell, without any stack."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

from boutique.names import labels
from boutique.names.feature_names import session_name
from boutique.settings.durations import moment
from ops.smoke.namespace_objects import DEPLOYMENTS, HTTP_ROUTES, SERVICES, Namespace, Object

_SESSION = session_name("x").partition("-")[0]
# What leads somewhere goes before what it leads to.
_KINDS = (HTTP_ROUTES, SERVICES, DEPLOYMENTS)


@dataclass(frozen=True, kw_only=True)
class FoundFeature:
    """One object of a feature.

    Attributes:
        collection: Of which kind, as `ops.smoke.namespace_objects` has it.
        name: Its name.
        key: The feature's.
        owner: The stack; None for nobody's.
        content: All of it.
    """

    collection: str
    name: str
    key: str
    owner: str | None
    content: Object


@dataclass(frozen=True, kw_only=True)
class ClusterFeature:
    """What the objects of one feature and owner say together.

    Attributes:
        key: Its key.
        stack: The owner.
        branch: What it was built from, if known.
        since: When the oldest object was made.
        expires: When it may be removed: the latest time that any object names; None for never.
        versions: By the name of the service.
        sessions: How many testers' sessions have a route.
        objects: All of them, in the order to delete them in.
    """

    key: str
    stack: str
    branch: str | None
    since: datetime
    expires: datetime | None
    versions: dict[str, str]
    sessions: int
    objects: tuple[FoundFeature, ...]


def objects(namespace: Namespace) -> tuple[FoundFeature, ...]:
    """Return all objects of features, in the order to delete them in.

    Raises:
        ClusterError: The cluster does not answer.
    """
    with ThreadPoolExecutor(len(_KINDS)) as pool:
        kinds = pool.map(lambda kind: namespace.listed(kind, labels.FEATURE), _KINDS)
        return tuple(_found(kind, each) for kind, items in zip(_KINDS, kinds, strict=True) for each in items)


def features(found: Iterable[FoundFeature]) -> tuple[ClusterFeature, ...]:
    """Return the features behind objects, by key."""
    owned: dict[tuple[str, str], list[FoundFeature]] = {}
    for each in found:
        if each.owner:
            owned.setdefault((each.key, each.owner), []).append(each)
    return tuple(_feature(key, stack, parts) for (key, stack), parts in sorted(owned.items()))


def _found(collection: str, content: Object) -> FoundFeature:
    metadata = content["metadata"]
    return FoundFeature(
        collection=collection,
        name=metadata["name"],
        key=metadata["labels"][labels.FEATURE],
        owner=metadata.get("annotations", {}).get(labels.OWNER),
        content=content,
    )


def _feature(key: str, stack: str, parts: list[FoundFeature]) -> ClusterFeature:
    ends = list(_annotated(parts, labels.EXPIRES))
    return ClusterFeature(
        key=key,
        stack=stack,
        branch=next(_annotated(parts, labels.BRANCH), None),
        since=min(moment(each.content["metadata"]["creationTimestamp"]) for each in parts),
        expires=max(map(moment, ends), default=None),
        versions=dict(sorted(_version(each.content) for each in parts if each.collection == DEPLOYMENTS)),
        sessions=sum(each.name.startswith(f"{_SESSION}-") for each in parts if each.collection == HTTP_ROUTES),
        objects=tuple(parts),
    )


def _annotated(parts: list[FoundFeature], annotation: str) -> Iterator[str]:
    for each in parts:
        if value := each.content["metadata"].get("annotations", {}).get(annotation):
            yield value


def _version(deployment: Object) -> tuple[str, str]:
    # A mesh may have put containers beside it; the service's own comes first.
    image = str(deployment["spec"]["template"]["spec"]["containers"][0]["image"])
    return deployment["metadata"]["labels"]["app"], image.partition("@")[0].rpartition(":")[2]
