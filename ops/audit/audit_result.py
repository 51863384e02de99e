"""The result of an audit."""

from collections.abc import Sequence
from dataclasses import dataclass

from boutique.routing.model import MEMBER
from ops.audit.call_edges import CallEdge, EdgeState
from ops.smoke.visit import Visited


@dataclass(frozen=True, kw_only=True)
class AuditResult:
    """The result of an audit.

    Attributes:
        environment: The environment's stack.
        key: The key of the audit's feature.
        edges: The edges of the call graph, the gateway's first.
        visited: The results of the pages in the last visit.
        left_out: The workloads that cannot be part of a feature, or that the environment does not run.
        warnings: One line per thing to know that is no error.
    """

    environment: str
    key: str
    edges: Sequence[CallEdge]
    visited: Sequence[Visited]
    left_out: Sequence[str] = ()
    warnings: Sequence[str] = ()

    @property
    def calls(self) -> tuple[CallEdge, ...]:
        """The edges between services."""
        return tuple(edge for edge in self.edges if edge.caller is not None)

    def count(self, state: EdgeState) -> int:
        """Return how many edges between services have a state."""
        return sum(edge.state is state for edge in self.calls)

    @property
    def errors(self) -> tuple[str, ...]:
        """One line per error, with the remedy."""
        errors = [
            f"page {result.page.name!r} ({result.page.request}): {result.problem}; "
            f"it needs {', '.join(result.page.requires)}"
            for result in self.visited
            if result.problem
        ]
        if self.edges[0].state is not EdgeState.CARRIED:
            errors.append(
                f"no request of the preview link reached {self.edges[0].callee} of the feature; "
                f"`boutique routes {self.environment}` shows which routes are in force"
            )
        return (*errors, *(self._loss(edge) for edge in self.edges if edge.state is EdgeState.LOST))

    @property
    def all_warnings(self) -> tuple[str, ...]:
        """The warnings, with those about what the application says of its calls."""
        return (
            *self.warnings,
            *(
                f"{edge}: the application does not say that there are such calls; add them to its call graph"
                for edge in self.calls
                if not edge.is_declared
            ),
            *(
                f"{edge}: the application says that such calls lose the key, but all did carry it"
                for edge in self.calls
                if edge.is_known_to_lose and edge.state is EdgeState.CARRIED
            ),
        )

    def description(self, edge: CallEdge) -> str:
        """Return in words what was seen of an edge."""
        total = edge.carried + edge.lost
        if edge.state is EdgeState.CARRIED:
            return f"{total} request{'s' * (total != 1)}"
        if edge.state is EdgeState.LOST:
            return f"by {edge.caller}, {edge.lost} of {total} requests"
        return f"no page made {edge.caller} call it" if edge.is_caller_reached else f"{edge.caller} was not reached"

    def _loss(self, edge: CallEdge) -> str:
        remedy = (
            f", as the application says; let a feature of {edge.callee} deploy {edge.caller} as well, which then calls "
            "it directly"
            if edge.is_known_to_lose
            else f"; hand the header `baggage` on in {edge.caller}, or say in the application that it is lost there, "
            f"and let features of {edge.callee} deploy {edge.caller} as well"
        )
        return (
            f"{edge}: {edge.caller} lost {MEMBER}={self.key} in {edge.lost} of {edge.carried + edge.lost} requests, "
            f"which went to the environment's {edge.callee}{remedy}"
        )
