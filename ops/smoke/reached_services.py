"""Whether a request reached a service, as far as the answers of a visit prove it."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from ops.smoke.visit import Visited

_OK = "OK"


class Proof(StrEnum):
    """The evidence that a request reached a service."""

    YES = "yes"
    """The answer of a page names the pod."""
    IMPLIED = "implied"
    """A page succeeded that needs the service."""
    NO = "no"
    """Every call of it failed, or the shop was unreachable."""
    UNKNOWN = "unknown"
    """No page proves it."""


@dataclass(frozen=True, kw_only=True)
class Reached:
    """The evidence about the requests to one service.

    Attributes:
        proof: The evidence that one arrived.
        versions: The versions that answered, as the pods report them.
        pods: The names of these pods.
        description: The same in words.
    """

    proof: Proof
    versions: tuple[str, ...] = ()
    pods: tuple[str, ...] = ()
    description: str


def prove_reached(service: str, visited: Sequence[Visited], left_out: Sequence[str] = ()) -> Reached:
    """Return what a visit proves about a service.

    Args:
        service: Its name.
        visited: The results of the pages.
        left_out: The services that only skipped pages need.
    """
    hops = [hop for visit in visited for hop in visit.hops or () if hop.workload == service]
    arrived = [hop for hop in hops if hop.status == _OK]
    if arrived:
        versions = tuple(sorted({hop.version for hop in arrived if hop.version}))
        pods = tuple(sorted({hop.pod for hop in arrived if hop.pod}))
        by = f", by {' and '.join(versions)} in {', '.join(pods)}" if pods else ""
        return Reached(proof=Proof.YES, versions=versions, pods=pods, description=f"yes{by}")
    if hops:
        caller = f"{hops[-1].caller}'s call" if hops[-1].caller else "the request"
        return Reached(proof=Proof.NO, description=f"no good answer: {caller} ended with {hops[-1].status}")
    dependent = [visit for visit in visited if service in visit.page.requires]
    # An answer that lists its hops, and not this service, did without it after all.
    if answered := [
        visit for visit in dependent if not visit.problem and visit.hops is None and visit.status is not None
    ]:
        return Reached(proof=Proof.IMPLIED, description=f"implied by {answered[0].page.name}")
    if any(visit.problem for visit in dependent):
        return Reached(proof=Proof.UNKNOWN, description="unknown: a page that needs it failed")
    description = "unknown: no order was made" if service in left_out else "unknown: no page needs it"
    return Reached(proof=Proof.UNKNOWN, description=description)
