"""Whether the key of a feature arrives at a service that it changed: what the hops of a visit prove."""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from application import online_boutique
from boutique.names.feature_names import object_name
from boutique.names.image_reference import label_value
from boutique.routing.model import MEMBER
from boutique.routing.resolution import has_key
from ops.smoke.reached_services import Proof, Reached
from ops.smoke.visitor_checks import Outside
from support.hops import Hop

NO_HOPS = "unknown: the answers list no hops"
"""What is said where real images answered."""

Way = tuple[Hop, ...]
"""The hops from the visitor to a service, that service's own the last."""


@dataclass(frozen=True, kw_only=True)
class PropagationQuestion:
    """What is asked about one service of a feature.

    Attributes:
        service: Its name.
        version: Of the feature's build.
        running: All versions that its pods run, those of other builds included.
        key: The feature's.
        environment: The environment's stack.
        namespace: Where the feature is.
        changed: All services of the feature.
    """

    service: str
    version: str
    running: Collection[str] = ()
    key: str
    environment: str
    namespace: str
    changed: Collection[str]


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """The answer.

    Attributes:
        reached: Whether the feature's build answered; never more than what is proven.
        calls: How many calls of the service were answered, by whomever.
        right: How many of those by the feature's build.
        mistakes: A line for each reason why others answered, with the remedy.
        failed: How many calls nobody answered.
    """

    reached: Reached
    calls: int = 0
    right: int = 0
    mistakes: tuple[str, ...] = ()
    failed: int = 0


def arrival(asked: PropagationQuestion, outside: Outside) -> Arrival:
    """Return what a visit by the preview link proves about one service of a feature."""
    if outside.unreachable:
        return Arrival(reached=Reached(proof=Proof.NO, said="no: nobody answers at the link"))
    ways = [way for one in outside.visited for way in _ways(one.hops or ())]
    # A call that nobody answered tells the name that was dialled, and nothing of what would have arrived.
    names = (asked.service, object_name(asked.service, asked.key))
    answered = [way for way in ways if way[-1].workload == asked.service and way[-1].version]
    failed = [way[-1] for way in ways if way[-1].workload in names and not way[-1].version]
    if not answered:
        return _unanswered(asked, outside, failed)
    others = [way for way in answered if way[-1].version != label_value(asked.version)]
    hops = [way[-1] for way in others or answered]
    versions = tuple(sorted({hop.version for hop in hops if hop.version}))
    pods = tuple(sorted({hop.pod for hop in hops if hop.pod}))
    by = f"by {' and '.join(versions)} in {', '.join(pods)}"
    said = f"yes, {_calls(len(answered))}, {by}"
    if others:
        said = f"wrong, {len(others)} of {_calls(len(answered))} {by}"
    return Arrival(
        reached=Reached(proof=Proof.NO if others else Proof.YES, versions=versions, pods=pods, said=said),
        calls=len(answered),
        right=len(answered) - len(others),
        mistakes=tuple(_wrong(asked, others, len(answered))),
        failed=len(failed),
    )


def _unanswered(asked: PropagationQuestion, outside: Outside, failed: Sequence[Hop]) -> Arrival:
    if failed:
        said = f"no good answer: {failed[-1].caller}'s call ended with {failed[-1].status}"
        look = f"look at `kubectl -n {asked.namespace} logs -l app={asked.service}`"
        reached = Reached(proof=Proof.NO, said=said)
        return Arrival(reached=reached, mistakes=(f"{said}; {look}",), failed=len(failed))
    if all(one.problem for one in outside.visited):
        said = "unknown: all pages failed"
    elif all(one.hops is None for one in outside.visited):
        said = NO_HOPS
    else:
        bad = [one.page.name for one in outside.visited if one.problem]
        said = f"unknown: no page called it{', and no order was made' * (not outside.order)}"
        said += f", and {', '.join(bad)} failed" if bad else ""
    return Arrival(reached=Reached(proof=Proof.UNKNOWN, said=said))


def _ways(hops: Sequence[Hop]) -> Iterator[Way]:
    """Return the way to each hop of one answer, which lists each call before those that it caused.

    No service calls itself again through others, so a caller's last hop so far is the one that called.
    """
    latest: dict[str | None, Way] = {}
    for hop in hops:
        way = (*latest.get(hop.caller, ()), hop)
        latest[hop.workload] = way
        yield way


def _wrong(asked: PropagationQuestion, others: Sequence[Way], calls: int) -> Iterator[str]:
    reasons = Counter(_reason(asked, way) for way in others)
    for (version, reason), count in reasons.items():
        yield f"{version} answered {count} of {_calls(calls)}, not {asked.version}: {reason}"


def _reason(asked: PropagationQuestion, way: Way) -> tuple[str | None, str]:
    """Return who answered instead of the feature's build, and why, with the remedy."""
    version, member = way[-1].version, f"{MEMBER}={asked.key}"
    if version in {label_value(each) for each in asked.running}:
        return version, "it is another build of the feature; wait for an update under way, or deploy the feature again"
    routes = f"`boutique routes {asked.environment}` shows which are"
    if _keyed(way[-1], asked.key):
        return version, f"{member} did arrive, so the route to the feature is not in force; {routes}"
    first = next(hop for hop in way if not _keyed(hop, asked.key))
    if first.caller is None:
        reason = f"the gateway did not give the request {member}, so the route of the preview link is not in force"
        return version, f"{reason}; {routes}"
    return (
        version,
        f"{first.caller} -> {first.workload} dropped {member}{_remedy(asked, first.caller, first.workload)}",
    )


def _remedy(asked: PropagationQuestion, caller: str, callee: str) -> str:
    known = any(each.name == caller and each.drops_baggage_to(callee) for each in online_boutique.WORKLOADS)
    if not known or callee != asked.service:
        return f"; {caller} has to hand the header `baggage` on to {callee}"
    direct = f"calls {object_name(callee, asked.key)} directly"
    if caller in asked.changed:
        return f"; deploy the feature again: then its {caller} {direct}"
    return f", as the published image of {caller} does; let the feature deploy {caller} as well, which then {direct}"


def _keyed(hop: Hop, key: str) -> bool:
    return hop.baggage is not None and has_key([hop.baggage], key)


def _calls(count: int) -> str:
    return f"{count} call{'' if count == 1 else 's'}"
