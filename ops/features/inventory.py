"""The features of an environment, read from the cluster's objects alone."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

from boutique.kubernetes.client import Object
from boutique.kubernetes.listing import DEPLOYMENTS, HTTP_ROUTES, SERVICES
from boutique.names import labels
from boutique.names.feature_names import session_name
from boutique.names.image_reference import version_of
from boutique.settings.durations import moment
from ops.smoke.namespace_objects import Namespace

_SESSION = session_name("x").partition("-")[0]
# Routes are deleted before their backends.
_KINDS = (HTTP_ROUTES, SERVICES, DEPLOYMENTS)


@dataclass(frozen=True, kw_only=True)
class FeatureObject:
    """One object of a feature.

    Attributes:
        collection: The collection of its kind, from `boutique.kubernetes.listing`.
        name: The name of the object.
        key: The key of the feature.
        owner: The stack that owns it; None without one.
        content: The whole object.
    """

    collection: str
    name: str
    key: str
    owner: str | None
    content: Object


@dataclass(frozen=True, kw_only=True)
class ClusterFeature:
    """A feature as the objects of one key and one owner describe it.

    Attributes:
        key: Its key.
        stack: The owner.
        branch: The branch of its builds, if an object names it.
        since: When the oldest object was created.
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
    objects: tuple[FeatureObject, ...]


def objects(namespace: Namespace) -> tuple[FeatureObject, ...]:
    """Return all objects of features, in the order to delete them in.

    Raises:
        ClusterError: The cluster does not answer.
    """
    with ThreadPoolExecutor(len(_KINDS)) as pool:
        kinds = pool.map(lambda kind: namespace.list_objects(kind, labels.FEATURE), _KINDS)
        return tuple(_parse_object(kind, item) for kind, items in zip(_KINDS, kinds, strict=True) for item in items)


def features(items: Iterable[FeatureObject]) -> tuple[ClusterFeature, ...]:
    """Group objects into features, by key."""
    owned: dict[tuple[str, str], list[FeatureObject]] = {}
    for item in items:
        if item.owner:
            owned.setdefault((item.key, item.owner), []).append(item)
    return tuple(_feature(key, stack, parts) for (key, stack), parts in sorted(owned.items()))


def _parse_object(collection: str, content: Object) -> FeatureObject:
    metadata = content["metadata"]
    return FeatureObject(
        collection=collection,
        name=metadata["name"],
        key=metadata["labels"][labels.FEATURE],
        owner=metadata.get("annotations", {}).get(labels.OWNER),
        content=content,
    )


def _feature(key: str, stack: str, items: list[FeatureObject]) -> ClusterFeature:
    ends = list(_annotation_values(items, labels.EXPIRES))
    return ClusterFeature(
        key=key,
        stack=stack,
        branch=next(_annotation_values(items, labels.BRANCH), None),
        since=min(moment(item.content["metadata"]["creationTimestamp"]) for item in items),
        expires=max(map(moment, ends), default=None),
        versions=dict(sorted(_version(item.content) for item in items if item.collection == DEPLOYMENTS)),
        sessions=sum(item.name.startswith(f"{_SESSION}-") for item in items if item.collection == HTTP_ROUTES),
        objects=tuple(items),
    )


def _annotation_values(items: list[FeatureObject], annotation: str) -> Iterator[str]:
    for item in items:
        if value := item.content["metadata"].get("annotations", {}).get(annotation):
            yield value


def _version(deployment: Object) -> tuple[str, str]:
    # A mesh may have injected sidecars; the service's own container comes first.
    image = str(deployment["spec"]["template"]["spec"]["containers"][0]["image"])
    return deployment["metadata"]["labels"]["app"], version_of(image)
