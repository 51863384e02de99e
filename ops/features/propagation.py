"""Whether the key of a feature reaches its services, as far as the hops of a visit prove it."""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from boutique.application.application import Application
from boutique.names.feature_names import object_name
from boutique.names.image_reference import label_value
from boutique.routing.model import MEMBER
from boutique.routing.resolution import has_key
from ops.smoke.reached_services import Proof, Reached
from ops.smoke.visitor_checks import Outside
from support.hops import Hop

NO_HOPS = "unknown: the answers list no hops"
"""The description for real images, whose answers list no hops."""

Way = tuple[Hop, ...]
"""The hops from the visitor to a service, that service's own the last."""


@dataclass(frozen=True, kw_only=True)
class PropagationQuestion:
    """A service of a feature, to be looked up in the hops of a visit.

    Attributes:
        application: The application of the environment.
        service: The name of the service.
        version: The version of the feature's build.
        running: All versions that its pods run, also of other builds.
        key: The key of the feature.
        environment: The environment's stack.
        namespace: The namespace of the feature.
        changed: All services of the feature.
    """

    application: Application
    service: str
    version: str
    running: Collection[str] = ()
    key: str
    environment: str
    namespace: str
    changed: Collection[str]


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """The evidence about the calls of one service.

    Attributes:
        reached: The evidence that the feature's build answered.
        calls: How many calls of the service were answered, by any build.
        right: How many of those the feature's build answered.
        errors: One line per reason why another build answered, with the remedy.
        failed: How many calls had no answer.
    """

    reached: Reached
    calls: int = 0
    right: int = 0
    errors: tuple[str, ...] = ()
    failed: int = 0


def arrival(question: PropagationQuestion, outside: Outside) -> Arrival:
    """Return what a visit by the preview link proves about one service of a feature."""
    if outside.unreachable:
        return Arrival(reached=Reached(proof=Proof.NO, description="no: the link does not answer"))
    ways = [way for page in outside.visited for way in _ways(page.hops or ())]
    # The hop of a call without an answer has only the name that was called.
    names = (question.service, object_name(question.service, question.key))
    answered = [way for way in ways if way[-1].workload == question.service and way[-1].version]
    failed = [way[-1] for way in ways if way[-1].workload in names and not way[-1].version]
    if not answered:
        return _arrival_unknown(question, outside, failed)
    others = [way for way in answered if way[-1].version != label_value(question.version)]
    hops = [way[-1] for way in others or answered]
    versions = tuple(sorted({hop.version for hop in hops if hop.version}))
    pods = tuple(sorted({hop.pod for hop in hops if hop.pod}))
    by = f"by {' and '.join(versions)} in {', '.join(pods)}"
    description = f"yes, {_calls(len(answered))}, {by}"
    if others:
        description = f"wrong, {len(others)} of {_calls(len(answered))} {by}"
    return Arrival(
        reached=Reached(proof=Proof.NO if others else Proof.YES, versions=versions, pods=pods, description=description),
        calls=len(answered),
        right=len(answered) - len(others),
        errors=tuple(_error_lines(question, others, len(answered))),
        failed=len(failed),
    )


def _arrival_unknown(question: PropagationQuestion, outside: Outside, failed: Sequence[Hop]) -> Arrival:
    if failed:
        description = f"no good answer: {failed[-1].caller}'s call ended with {failed[-1].status}"
        hint = f"look at `kubectl -n {question.namespace} logs -l app={question.service}`"
        reached = Reached(proof=Proof.NO, description=description)
        return Arrival(reached=reached, errors=(f"{description}; {hint}",), failed=len(failed))
    if all(page.problem for page in outside.visited):
        description = "unknown: all pages failed"
    elif all(page.hops is None for page in outside.visited):
        description = NO_HOPS
    else:
        failed_pages = [page.page.name for page in outside.visited if page.problem]
        description = f"unknown: no page called it{', and no order was made' * (not outside.order)}"
        description += f", and {', '.join(failed_pages)} failed" if failed_pages else ""
    return Arrival(reached=Reached(proof=Proof.UNKNOWN, description=description))


def _ways(hops: Sequence[Hop]) -> Iterator[Way]:
    """Return the way to each hop of one answer, which lists a call before the calls that it caused.

    No service calls itself through others, so the caller of a hop is the last hop of that name.
    """
    latest: dict[str | None, Way] = {}
    for hop in hops:
        way = (*latest.get(hop.caller, ()), hop)
        latest[hop.workload] = way
        yield way


def _error_lines(question: PropagationQuestion, others: Sequence[Way], calls: int) -> Iterator[str]:
    reasons = Counter(_explain(question, way) for way in others)
    for (version, reason), count in reasons.items():
        yield f"{version} answered {count} of {_calls(calls)}, not {question.version}: {reason}"


def _explain(question: PropagationQuestion, way: Way) -> tuple[str | None, str]:
    """Return the version that answered instead of the feature's build, and the reason with the remedy."""
    version, member = way[-1].version, f"{MEMBER}={question.key}"
    if version in {label_value(running) for running in question.running}:
        return version, "it is another build of the feature; wait for an update under way, or deploy the feature again"
    routes = f"`boutique routes {question.environment}` shows which are"
    if _carries_key(way[-1], question.key):
        return version, f"{member} did arrive, so the route to the feature is not in force; {routes}"
    first = next(hop for hop in way if not _carries_key(hop, question.key))
    if first.caller is None:
        reason = f"the gateway did not give the request {member}, so the route of the preview link is not in force"
        return version, f"{reason}; {routes}"
    return (
        version,
        f"{first.caller} -> {first.workload} dropped {member}{_remedy(question, first.caller, first.workload)}",
    )


def _remedy(question: PropagationQuestion, caller: str, callee: str) -> str:
    known = question.application.workloads_by_name.get(caller)
    loses = known is not None and callee in known.loses_baggage_to
    if not loses or callee != question.service:
        return f"; {caller} has to hand the header `baggage` on to {callee}"
    direct = f"calls {object_name(callee, question.key)} directly"
    if caller in question.changed:
        return f"; deploy the feature again: then its {caller} {direct}"
    return f", as the published image of {caller} does; let the feature deploy {caller} as well, which then {direct}"


def _carries_key(hop: Hop, key: str) -> bool:
    return hop.baggage is not None and has_key([hop.baggage], key)


def _calls(count: int) -> str:
    return f"{count} call{'' if count == 1 else 's'}"
