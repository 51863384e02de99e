"""What is shown of a shop as a visitor found it."""

from collections.abc import Iterator

from ops.smoke.visit import Visited
from ops.smoke.visitor_checks import Outside


def lines(found: Outside) -> Iterator[tuple[str, str]]:
    """Return titles and what to say, for a reader."""
    yield "link", str(found.link or found.url)
    if found.served:
        facts = found.served.facts
        yield "TLS", found.served.protocol
        yield "certificate", f"{facts.subject}, {facts.days_left()} days left"
    if found.redirect:
        yield "plain HTTP", found.redirect.said
    if found.visited:
        yield "pages", ", ".join(f"{one.page.name}{' (failed)' * bool(one.problem)}" for one in found.visited)


def document(found: Outside) -> dict[str, object]:
    """Return the same for a program, without the link."""
    return {
        "certificate": {
            **found.served.facts.to_dict(),
            "daysLeft": found.served.facts.days_left(),
            "protocol": found.served.protocol,
        }
        if found.served
        else None,
        "plainHttp": {"sent": found.redirect.sent, "said": found.redirect.said} if found.redirect else None,
        "pages": [_page(one) for one in found.visited],
    }


def _page(one: Visited) -> dict[str, object]:
    return {
        "name": one.page.name,
        "request": one.page.request,
        "status": one.status,
        "seconds": round(one.seconds, 3),
        "problem": one.problem or None,
    }
