"""Whether a request reached a service: what the answers of a visit prove, and what they leave open."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from ops.smoke.visit import Visited

_OK = "OK"


class Proof(StrEnum):
    """How sure it is that a request reached a service."""

    YES = "yes"
    """The answer of a page names the pod."""
    IMPLIED = "implied"
    """A page was answered that cannot be without the service."""
    NO = "no"
    """Every call of it failed, or there was no way to the shop."""
    UNKNOWN = "unknown"
    """No page says so."""


@dataclass(frozen=True, kw_only=True)
class Reached:
    """What is known about the requests to one service.

    Attributes:
        proof: How sure it is that one arrived.
        versions: Of those who answered, as they say.
        pods: Their names.
        said: The same in words.
    """

    proof: Proof
    versions: tuple[str, ...] = ()
    pods: tuple[str, ...] = ()
    said: str


def reached(service: str, visited: Sequence[Visited], left_out: Sequence[str] = ()) -> Reached:
    """Return what a visit proves about a service.

    Args:
        service: Its name.
        visited: What became of the pages.
        left_out: The services of pages that were left out on purpose.
    """
    hops = [hop for one in visited for hop in one.hops or () if hop.workload == service]
    arrived = [hop for hop in hops if hop.status == _OK]
    if arrived:
        versions = tuple(sorted({hop.version for hop in arrived if hop.version}))
        pods = tuple(sorted({hop.pod for hop in arrived if hop.pod}))
        by = f", by {' and '.join(versions)} in {', '.join(pods)}" if pods else ""
        return Reached(proof=Proof.YES, versions=versions, pods=pods, said=f"yes{by}")
    if hops:
        caller = f"{hops[-1].caller}'s call" if hops[-1].caller else "the request"
        return Reached(proof=Proof.NO, said=f"no good answer: {caller} ended with {hops[-1].status}")
    needing = [one for one in visited if service in one.page.needs]
    # An answer that lists its hops, and not this service, did without it after all.
    if proving := [one for one in needing if not one.problem and one.hops is None and one.status is not None]:
        return Reached(proof=Proof.IMPLIED, said=f"implied by {proving[0].page.name}")
    if any(one.problem for one in needing):
        return Reached(proof=Proof.UNKNOWN, said="unknown: a page that needs it failed")
    said = "unknown: no order was made" if service in left_out else "unknown: no page needs it"
    return Reached(proof=Proof.UNKNOWN, said=said)
