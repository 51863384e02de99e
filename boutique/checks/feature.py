"""Whether a feature can be identified and deployed, as far as its own stack shows."""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime

from application import online_boutique
from boutique.features.feature_workloads import ChangeError, identity
from boutique.names.feature_names import NamingError, check_session, object_name
from boutique.routing import route_table
from boutique.settings.durations import written
from boutique.settings.errors import enumerate_names
from boutique.settings.feature_settings import ChangedService, Feature, Features
from boutique.workloads.resolved_workload import ResolvedWorkload

_KEY = "boutique:feature"


def errors(feature: Feature) -> Iterator[str]:
    """Return a line for each error."""
    invalid = [*_services(feature), *_sessions(f"{_KEY}.sessions", feature.sessions)]
    yield from invalid
    if not invalid:
        yield from _identity(feature)


def setting_errors(features: Features) -> Iterator[str]:
    """Return a line for each error in what an environment lets features do."""
    key = "boutique:environment.features"
    if features.default_ttl.length > features.maximum_ttl.length:
        yield f"{key}.defaultTtl: {features.default_ttl}: must not be more than maximumTtl, {features.maximum_ttl}"
    for name, routed in features.routes.items():
        yield from _sessions(f"{key}.routes.{name}.sessions", routed.sessions)


def fits(feature: Feature, services: Iterable[ResolvedWorkload], features: Features, now: datetime) -> Iterator[str]:
    """Return a line for each thing that an environment does not let a feature do.

    Args:
        feature: The feature.
        services: What it changes, as it runs them.
        features: What the environment lets features do.
        now: The time.
    """
    names: dict[tuple[int, int], list[str]] = {}
    for service in services:
        rollout = service.rollout
        if rollout.min_ready_seconds >= rollout.timeout_seconds:
            names.setdefault((rollout.timeout_seconds, rollout.min_ready_seconds), []).append(service.workload.name)
    for (timeout, ready), short in names.items():
        yield (
            f"{_KEY}.timeoutSeconds: {timeout}: must be more than minReadySeconds, which is {ready} for "
            f"{enumerate_names(short, 'services')} in the environment"
        )
    yield from _expiry(feature, features, now)


def _expiry(feature: Feature, features: Features, now: datetime) -> Iterator[str]:
    longest = now + features.maximum_ttl.length
    if feature.expires is None:
        if features.require_expiry:
            soon = written(now + features.default_ttl.length)
            yield (
                f"{_KEY}.expires: is missing: stack {feature.environment!r} requires one; "
                f"for {features.default_ttl} from now: pulumi config set --path boutique:feature.expires {soon}"
            )
    elif feature.expires <= now:
        yield f"{_KEY}.expires: {written(feature.expires)!r}: has passed; set a later time, or run `pulumi destroy`"
    elif feature.expires > longest:
        yield (
            f"{_KEY}.expires: {written(feature.expires)!r}: is too far ahead: stack {feature.environment!r} allows "
            f"{features.maximum_ttl}, so at most {written(longest)}"
        )


def _services(feature: Feature) -> Iterator[str]:
    if not feature.services:
        yield f"{_KEY}.services: is missing; name at least one, such as {{adservice: {{version: 1.4.2-my-branch.3}}}}"
    routable = {service.service for service in route_table.services(online_boutique.WORKLOADS)}
    for name, change in feature.services.items():
        if name not in routable:
            yield (
                f"{_KEY}.services.{name}: cannot be part of a feature: it is not called by HTTP or gRPC, so its calls "
                "cannot be told apart; the feature shares the environment's"
            )
        yield from _version(f"{_KEY}.services.{name}", change, audit=feature.audit)


def _version(key: str, change: ChangedService, *, audit: bool) -> Iterator[str]:
    if change.image and not audit:
        yield f"{key}.image: belongs to an audit; name a version, which is the tag of the image"
    elif change.image and change.version:
        yield f"{key}.image: replaces the version; remove one of them"
    elif not change.image and not change.version:
        yield f"{key}.version: is missing"
    elif change.version and change.version.is_release:
        yield (
            f"{key}.version: {change.version.text!r}: is a release; a feature runs pre-releases of its branch, such as "
            f"{change.version}-my-branch.1"
        )


def _identity(feature: Feature) -> Iterator[str]:
    try:
        named = identity(feature)
        for name in feature.services:
            object_name(name, named.key, route_table.names(online_boutique.WORKLOADS))
    except ChangeError as error:
        yield f"{_KEY}.branch: is missing: {error}; give boutique:feature.branch or boutique:feature.key"
    except NamingError as error:
        yield f"{_KEY}.{'key' if feature.key else 'branch'}: {error}"


def _sessions(key: str, sessions: tuple[str, ...]) -> Iterator[str]:
    # Whoever has a session's id has the session: none is shown.
    for number, session in enumerate(sessions):
        try:
            check_session(session)
        except NamingError as error:
            yield f"{key}.{number}: {error}"
    for session, count in Counter(sessions).items():
        if count > 1:
            yield f"{key}.{sessions.index(session)}: is there {count} times; remove the others"
