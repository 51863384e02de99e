"""The result of a visit, as text and as JSON."""

from collections.abc import Iterator

from ops.smoke.visit import Visited
from ops.smoke.visitor_checks import Outside


def lines(outside: Outside) -> Iterator[tuple[str, str]]:
    """Return pairs of a title and its value."""
    yield "link", str(outside.link or outside.url)
    if outside.served:
        facts = outside.served.facts
        yield "TLS", outside.served.protocol
        yield "certificate", f"{facts.subject}, {facts.days_left()} days left"
    if outside.redirect:
        yield "plain HTTP", outside.redirect.description
    if outside.visited:
        yield (
            "pages",
            ", ".join(f"{result.page.name}{' (failed)' * bool(result.problem)}" for result in outside.visited),
        )


def document(outside: Outside) -> dict[str, object]:
    """Return the same as a JSON document, without the link."""
    return {
        "certificate": {
            **outside.served.facts.to_dict(),
            "daysLeft": outside.served.facts.days_left(),
            "protocol": outside.served.protocol,
        }
        if outside.served
        else None,
        "plainHttp": {"sent": outside.redirect.sent, "said": outside.redirect.description}
        if outside.redirect
        else None,
        "pages": [_page(result) for result in outside.visited],
    }


def _page(result: Visited) -> dict[str, object]:
    return {
        "name": result.page.name,
        "request": result.page.request,
        "status": result.status,
        "seconds": round(result.seconds, 3),
        "problem": result.problem or None,
    }
