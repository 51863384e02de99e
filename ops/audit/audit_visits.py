"""Visits the application at the preview link of an audit until what the proxies count is settled."""

import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from boutique.application.smoke_page import SmokePage
from ops.audit.call_edges import CallEdge, EdgeState
from ops.audit.proxy_counters import WorkloadRequests
from ops.audit.proxy_reader import ProxyReader
from ops.smoke.link import Link, UnreachableError
from ops.smoke.visit import Visited, visit
from support.deadline import Deadline

_CONFIRMED_SECONDS = 4.0
"""How long a loss has to be seen: a proxy may learn of a feature's route some moments after the API server."""
_PAUSE = 0.5
_ROUND_SECONDS = 30.0

Edges = Callable[[Mapping[str, WorkloadRequests]], tuple[CallEdge, ...]]


@dataclass(frozen=True, kw_only=True)
class AuditVisit:
    """One visit and what the proxies counted.

    Attributes:
        edges: The edges of the call graph.
        visited: The results of the pages.
    """

    edges: tuple[CallEdge, ...]
    visited: tuple[Visited, ...]

    @property
    def states(self) -> tuple[tuple[str, EdgeState], ...]:
        """The state of each edge."""
        return tuple((str(edge), edge.state) for edge in self.edges)

    @property
    def is_green(self) -> bool:
        """Whether every page succeeded, the gateway reached the feature, and no call lost the key."""
        is_lost = any(edge.state is EdgeState.LOST for edge in self.edges)
        pages_succeeded = not any(result.problem for result in self.visited)
        return pages_succeeded and not is_lost and self.edges[0].state is EdgeState.CARRIED


@dataclass(frozen=True, kw_only=True)
class VisitPlan:
    """What to visit.

    Attributes:
        link: The preview link.
        pages: The pages of one visit, in order.
        trust: The SSL context.
        deadline: When the last visit begins.
    """

    link: Link
    pages: Sequence[SmokePage]
    trust: ssl.SSLContext
    deadline: Deadline


def settled_visit(plan: VisitPlan, reader: ProxyReader, edges: Edges, progress: Callable[[str], None]) -> AuditVisit:
    """Return the first visit that is green, or else the one that has confirmed what visits before it have shown.

    Args:
        plan: What to visit.
        reader: The proxies of the audit's feature.
        edges: Returns the edges of the requests that the proxies counted.
        progress: Receives each request.

    Raises:
        UnreachableError: No connection to the link is possible.
        ClusterError: A proxy does not show its counters.
    """
    before = reader.read()
    previous: AuditVisit | None = None
    since = plan.deadline.spent
    while True:
        begin = plan.deadline.spent
        try:
            visited = visit(plan.link, plan.pages, plan.trust, Deadline(_ROUND_SECONDS), progress)
        except UnreachableError:
            if plan.deadline.is_over:
                raise
            visited = ()
        after = reader.read()
        current = AuditVisit(edges=edges(reader.requests(before, after)), visited=visited)
        if visited and current.is_green:
            return current
        if previous is None or current.states != previous.states:
            since = begin
        is_confirmed = previous is not None and plan.deadline.spent - since >= _CONFIRMED_SECONDS
        if visited and (is_confirmed or plan.deadline.is_over):
            return current
        before, previous = after, current
        time.sleep(_PAUSE)
