"""Whether a feature can be identified and deployed, as far as its own stack shows."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime

from boutique.application.application import Application
from boutique.features.feature_workloads import ChangeError, identity
from boutique.names.feature_names import NamingError, check_session, object_name
from boutique.routing import route_table
from boutique.settings.durations import written
from boutique.settings.errors import ErrorLine, enumerate_names, nearest
from boutique.settings.feature_settings import ChangedService, Feature, Features
from boutique.workloads.resolved_workload import ResolvedWorkload

_KEY = "boutique:feature"


def errors(application: Application, feature: Feature) -> Iterator[ErrorLine]:
    """Return a line for each error."""
    invalid = [*_services(application, feature), *_sessions(f"{_KEY}.sessions", feature.sessions)]
    yield from invalid
    if not invalid:
        yield from _identity(application, feature)


def setting_errors(features: Features) -> Iterator[ErrorLine]:
    """Return a line for each error in what an environment lets features do."""
    key = "boutique:environment.features"
    if features.default_ttl.length > features.maximum_ttl.length:
        yield ErrorLine(
            "above-maximum-ttl",
            f"{key}.defaultTtl: {features.default_ttl}: must not be more than maximumTtl, {features.maximum_ttl}",
        )
    for name, routed in features.routes.items():
        yield from _sessions(f"{key}.routes.{name}.sessions", routed.sessions)


def fits(
    feature: Feature, services: Iterable[ResolvedWorkload], features: Features, now: datetime
) -> Iterator[ErrorLine]:
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
        yield ErrorLine(
            "ready-after-timeout",
            f"{_KEY}.timeoutSeconds: {timeout}: must be more than minReadySeconds, which is {ready} for "
            f"{enumerate_names(short, 'services')} in the environment",
        )
    yield from _expiry(feature, features, now)


def _expiry(feature: Feature, features: Features, now: datetime) -> Iterator[ErrorLine]:
    longest = now + features.maximum_ttl.length
    if feature.expires is None:
        if features.require_expiry:
            soon = written(now + features.default_ttl.length)
            yield ErrorLine(
                "missing",
                f"{_KEY}.expires: is missing: stack {feature.environment!r} requires one; "
                f"for {features.default_ttl} from now: pulumi config set --path boutique:feature.expires {soon}",
            )
    elif feature.expires <= now:
        yield ErrorLine(
            "expired",
            f"{_KEY}.expires: {written(feature.expires)!r}: has passed; set a later time, or run `pulumi destroy`",
        )
    elif feature.expires > longest:
        yield ErrorLine(
            "expiry-too-late",
            f"{_KEY}.expires: {written(feature.expires)!r}: is too far ahead: stack {feature.environment!r} allows "
            f"{features.maximum_ttl}, so at most {written(longest)}",
        )


def _services(application: Application, feature: Feature) -> Iterator[ErrorLine]:
    if not feature.services:
        example = f"{{{application.entry.workload}: {{version: 1.4.2-my-branch.3}}}}"
        yield ErrorLine("missing", f"{_KEY}.services: is missing; name at least one, such as {example}")
    routable = {service.service for service in route_table.services(application.workloads)}
    for name, change in feature.services.items():
        if name not in application.workloads_by_name:
            yield ErrorLine(
                "unknown-service",
                f"{_KEY}.services.{name}: {json.dumps(name)}: there is no such service"
                f"{nearest(name, application.workloads_by_name)}",
            )
        elif application.workloads_by_name[name].stateful:
            yield ErrorLine(
                "service-stateful",
                f"{_KEY}.services.{name}: cannot be part of a feature: a second one would not have its data; "
                "the feature shares the environment's",
            )
        elif name not in routable:
            yield ErrorLine(
                "service-not-routable",
                f"{_KEY}.services.{name}: cannot be part of a feature: it is not called by HTTP or gRPC, so its calls "
                "cannot be told apart; the feature shares the environment's",
            )
        yield from _version(f"{_KEY}.services.{name}", change, audit=feature.audit)


def _version(key: str, change: ChangedService, *, audit: bool) -> Iterator[ErrorLine]:
    if change.image and not audit:
        yield ErrorLine(
            "image-without-audit", f"{key}.image: belongs to an audit; name a version, which is the tag of the image"
        )
    elif change.image and change.version:
        yield ErrorLine("image-and-version", f"{key}.image: replaces the version; remove one of them")
    elif not change.image and not change.version:
        yield ErrorLine("missing", f"{key}.version: is missing")
    elif change.version and change.version.is_release:
        yield ErrorLine(
            "release-version",
            f"{key}.version: {change.version.text!r}: is a release; a feature runs pre-releases of its branch, such as "
            f"{change.version}-my-branch.1",
        )


def _identity(application: Application, feature: Feature) -> Iterator[ErrorLine]:
    try:
        named = identity(application, feature)
        for name in feature.services:
            object_name(name, named.key, route_table.names(application.workloads))
    except ChangeError as error:
        yield ErrorLine(
            "missing", f"{_KEY}.branch: is missing: {error}; give boutique:feature.branch or boutique:feature.key"
        )
    except NamingError as error:
        yield ErrorLine("invalid-name", f"{_KEY}.{'key' if feature.key else 'branch'}: {error}")


def _sessions(key: str, sessions: tuple[str, ...]) -> Iterator[ErrorLine]:
    # Whoever has a session's id has the session: none is shown.
    for number, session in enumerate(sessions):
        try:
            check_session(session)
        except NamingError as error:
            yield ErrorLine("invalid-session", f"{key}.{number}: {error}")
    for session, count in Counter(sessions).items():
        if count > 1:
            yield ErrorLine("duplicate", f"{key}.{sessions.index(session)}: is there {count} times; remove the others")
