"""Lists features: by the cluster's objects, and by stacks without objects."""

from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from boutique.names.feature_names import preview_host
from boutique.outputs import ENVIRONMENT, Origin
from boutique.settings.durations import moment
from ops.features.inventory import ClusterFeature, objects
from ops.features.inventory import features as group_features
from ops.features.origin import NoEnvironmentError, namespace_of, origin
from ops.features.stack_state import StackState, stack_state
from ops.pulumi import engine

_PARALLEL = 4
COMPLETE, NO_STACK, NO_OBJECTS, EMPTY = "", "its stack is gone", "nothing in the cluster", "nothing deployed yet"


@dataclass(frozen=True, kw_only=True)
class Listed:
    """One feature.

    Attributes:
        name: Its branch if an object or its stack names it, else its key.
        key: Its key.
        stack: The stack that owns it.
        environment: The environment's stack.
        url: Its preview link.
        since: When it was created.
        expires: When it may be removed; None for never, or if unknown.
        versions: By the name of the service.
        sessions: How many testers' sessions it has.
        trouble: The missing parts of it, in words; empty if it is complete.
        objects: Its objects in the cluster, as `<kind>/<name>`.
    """

    name: str
    key: str
    stack: str
    environment: str
    url: str
    since: datetime | None
    expires: datetime | None
    versions: Mapping[str, str]
    sessions: int
    trouble: str
    objects: tuple[str, ...] = ()


def list_features(project: Path, environment: str | None) -> tuple[Listed, ...]:
    """List the features of one environment, or of all, by environment and key.

    Raises:
        OperationError: The stacks cannot be listed, or an environment cannot be read.
    """
    with ThreadPoolExecutor(_PARALLEL) as pool:
        listing = pool.submit(engine.list_stacks, project)
        if environment:
            origins = [origin(project, environment)]
            stacks = listing.result()
        else:
            stacks = listing.result()
            candidates = pool.map(lambda name: _environment(project, name), roots(stacks))
            origins = [candidate for candidate in candidates if candidate]
        features = [feature for source in origins for feature in _cluster_features(source, stacks)]
        listed_stacks = {feature.stack for feature in features} | {source.stack for source in origins}
        others = [
            (source, name)
            for source in origins
            for name in stacks
            if name.startswith(f"{source.stack}-") and name not in listed_stacks
        ]
        states = pool.map(lambda pair: (*pair, stack_state(project, pair[1])), others)
        features += [
            _without_objects(source, state, stacks[name])
            for source, name, state in states
            if state and _is_feature(source, state)
        ]
    return tuple(sorted(features, key=lambda feature: (feature.environment, feature.key)))


def roots(stacks: Collection[str]) -> list[str]:
    """Return the stacks whose names do not begin with the name of another stack."""
    return [name for name in stacks if not any(name.startswith(f"{other}-") for other in stacks)]


def _environment(project: Path, stack: str) -> Origin | None:
    try:
        return origin(project, stack)
    except NoEnvironmentError:
        return None


def _cluster_features(source: Origin, stacks: Mapping[str, Any]) -> Iterator[Listed]:
    for feature in group_features(objects(namespace_of(source))):
        yield _with_objects(source, feature, COMPLETE if feature.stack in stacks else NO_STACK)


def _with_objects(source: Origin, feature: ClusterFeature, trouble: str) -> Listed:
    return Listed(
        name=feature.branch or feature.key,
        key=feature.key,
        stack=feature.stack,
        environment=source.stack,
        url=source.entrance.link(preview_host(feature.key, source.entrance.host)),
        since=feature.since,
        expires=feature.expires,
        versions=feature.versions,
        sessions=feature.sessions,
        trouble=trouble,
        objects=tuple(f"{item.collection.rpartition('/')[2]}/{item.name}" for item in feature.objects),
    )


def _is_feature(source: Origin, state: StackState) -> bool:
    return ENVIRONMENT not in state.outputs and state.is_feature(_key(source, state), source.stack)


def _key(source: Origin, state: StackState) -> str:
    return str(state.outputs.get("key") or state.name.removeprefix(f"{source.stack}-"))


def _without_objects(source: Origin, state: StackState, row: Mapping[str, Any]) -> Listed:
    key, feature = _key(source, state), state.feature
    updated = row.get("lastUpdate")
    return Listed(
        name=(feature and feature.branch) or key,
        key=key,
        stack=state.name,
        environment=source.stack,
        url=source.entrance.link(preview_host(key, source.entrance.host)),
        since=moment(updated) if updated else None,
        expires=feature.expires if feature else None,
        versions={name: service.version_name for name, service in feature.services.items()} if feature else {},
        sessions=len(feature.sessions) if feature else 0,
        trouble=NO_OBJECTS if state.keys else EMPTY,
    )
