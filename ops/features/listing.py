"""Which features there are: by the cluster's objects, and by the stacks that have none."""

from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from boutique.names.feature_names import preview_host
from boutique.settings.durations import moment
from ops.features.inventory import ClusterFeature, features, objects
from ops.features.origin import FeatureOrigin, NoEnvironmentError, of_outputs, origin
from ops.features.stack_state import StackState, stack_state
from ops.pulumi import engine

_PARALLEL = 4
COMPLETE, NO_STACK, NO_OBJECTS, EMPTY = "", "its stack is gone", "nothing in the cluster", "nothing deployed yet"


@dataclass(frozen=True, kw_only=True)
class Listed:
    """One feature.

    Attributes:
        name: Its branch, if known, else its key.
        key: Its key.
        stack: The stack that owns it.
        environment: The environment's stack.
        url: Its preview link.
        since: When it was made.
        expires: When it may be removed; None for never, or if nothing says.
        versions: By the name of the service.
        sessions: How many testers' sessions it has.
        trouble: What is missing of it.
        objects: What the cluster has of it, as `<kind>/<name>`.
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


def listed(project: Path, environment: str | None) -> tuple[Listed, ...]:
    """Return the features of one environment, or of all, by environment and key.

    Raises:
        OperationError: The stacks cannot be listed, or an environment cannot be read.
    """
    with ThreadPoolExecutor(_PARALLEL) as pool:
        stacks_read = pool.submit(engine.list_stacks, project)
        if environment:
            there = [origin(project, environment)]
            stacks = stacks_read.result()
        else:
            stacks = stacks_read.result()
            there = [each for each in pool.map(lambda name: _environment(project, name), roots(stacks)) if each]
        found = [each for one in there for each in _seen(one, stacks)]
        seen = {each.stack for each in found} | {one.stack for one in there}
        unseen = [
            (one, name) for one in there for name in stacks if name.startswith(f"{one.stack}-") and name not in seen
        ]
        read = pool.map(lambda pair: (*pair, stack_state(project, pair[1])), unseen)
        found += [_lost(one, state, stacks[name]) for one, name, state in read if state and _is_feature(one, state)]
    return tuple(sorted(found, key=lambda each: (each.environment, each.key)))


def roots(stacks: Collection[str]) -> list[str]:
    """Return the stacks that are no feature of another by their names."""
    return [name for name in stacks if not any(name.startswith(f"{other}-") for other in stacks)]


def _environment(project: Path, stack: str) -> FeatureOrigin | None:
    try:
        return origin(project, stack)
    except NoEnvironmentError:
        return None


def _seen(there: FeatureOrigin, stacks: Mapping[str, Any]) -> Iterator[Listed]:
    for each in features(objects(there.namespace)):
        yield _listed(there, each, COMPLETE if each.stack in stacks else NO_STACK)


def _listed(there: FeatureOrigin, each: ClusterFeature, trouble: str) -> Listed:
    return Listed(
        name=each.branch or each.key,
        key=each.key,
        stack=each.stack,
        environment=there.stack,
        url=there.entrance.link(preview_host(each.key, there.entrance.host)),
        since=each.since,
        expires=each.expires,
        versions=each.versions,
        sessions=each.sessions,
        trouble=trouble,
        objects=tuple(f"{one.collection.rpartition('/')[2]}/{one.name}" for one in each.objects),
    )


def _is_feature(there: FeatureOrigin, state: StackState) -> bool:
    return of_outputs(state.name, state.outputs) is None and state.is_feature(_key(there, state), there.stack)


def _key(there: FeatureOrigin, state: StackState) -> str:
    return str(state.outputs.get("key") or state.name.removeprefix(f"{there.stack}-"))


def _lost(there: FeatureOrigin, state: StackState, row: Mapping[str, Any]) -> Listed:
    key, section = _key(there, state), state.section or {}
    when = row.get("lastUpdate")
    return Listed(
        name=str(section.get("branch") or key),
        key=key,
        stack=state.name,
        environment=there.stack,
        url=there.entrance.link(preview_host(key, there.entrance.host)),
        since=moment(when) if when else None,
        expires=moment(section["expires"]) if section.get("expires") else None,
        versions={name: each["version"] for name, each in section.get("services", {}).items()},
        sessions=len(section.get("sessions", ())),
        trouble=NO_OBJECTS if state.keys else EMPTY,
    )
