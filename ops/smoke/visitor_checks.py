"""A shop as a visitor finds it: the certificate, plain HTTP beside it, and the pages."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ssl import SSLContext

from application.smoke_journey import PAGES
from ops.smoke.gateway_checks import Redirect, Sent, ServedCertificate, redirect, served
from ops.smoke.link import Link, UnreachableError, link, plain
from ops.smoke.visit import Visited, visit
from support.deadline import Deadline


@dataclass(frozen=True, kw_only=True)
class Outside:
    """What a visitor found.

    Attributes:
        url: The link, or how else to get in.
        link: Where the shop is in the web; None if that names no link.
        served: The certificate; None without TLS.
        redirect: What becomes of those who come by plain HTTP; None without TLS.
        visited: The pages; empty if none was asked for.
        unreachable: Why none was.
        order: Whether something was to be bought.
    """

    url: str
    link: Link | None
    served: ServedCertificate | None = None
    redirect: Redirect | None = None
    visited: Sequence[Visited] = ()
    unreachable: str = ""
    order: bool = True

    @property
    def left_out(self) -> tuple[str, ...]:
        """The services that only pages need which were left out on purpose."""
        asked = {name for page in PAGES if self.order or not page.order for name in page.needs}
        return tuple(sorted({name for page in PAGES for name in page.needs} - asked))

    @property
    def mistakes(self) -> tuple[str, ...]:
        """A line for everything that is wrong on the way to the shop, with the remedy."""
        mistakes = [*(self.served.mistakes if self.served else ()), *([self.unreachable] if self.unreachable else [])]
        mistakes += [
            f"page {one.page.name!r} ({one.page.request}): {one.problem}; it needs {', '.join(one.page.needs)}"
            for one in self.visited
            if one.problem
        ]
        if self.redirect and self.redirect.sent in (Sent.ELSEWHERE, Sent.REFUSED):
            mistakes.append(
                f"{self.redirect.said} instead of leading to {self.link}; "
                "run `pulumi up --refresh` for the stack that owns the gateway"
            )
        return tuple(mistakes)

    @property
    def warnings(self) -> tuple[str, ...]:
        """A line for what will be wrong soon, and for what nobody can tell."""
        warnings = [*(self.served.warnings if self.served else ())]
        if self.link is None:
            warnings.append(
                f"no request was made: there is no link, only `{self.url}`; "
                "with boutique:platform.ingress the environment has one"
            )
        if self.redirect and self.redirect.sent is Sent.SERVED:
            warnings.append(
                f"{self.redirect.said} without encryption or a redirect; only with the certificate acm that has to be "
                "so"
            )
        return tuple(warnings)


def outside(
    url: str, believed: SSLContext, deadline: Deadline, progress: Callable[[str], None], *, order: bool
) -> Outside:
    """Look at a shop from outside, every page of the journey once.

    Args:
        url: The link, or how else to get in: then nothing is asked for.
        believed: Whose certificates to believe.
        deadline: When to be done.
        progress: Is told what is asked for.
        order: Whether to buy something.
    """
    where = link(url)
    if where is None:
        return Outside(url=url, link=None, order=order)
    certificate = led = None
    try:
        if where.scheme == "https":
            progress("the certificate")
            certificate = served(where, deadline)
            progress("the redirect")
            led = redirect(plain(where, os.environ), where, deadline)
        pages = [page for page in PAGES if order or not page.order]
        visited, unreachable = visit(where, pages, believed, deadline, progress), ""
    except UnreachableError as error:
        visited, unreachable = (), str(error)
    return Outside(
        url=url,
        link=where,
        served=certificate,
        redirect=led,
        visited=visited,
        unreachable=unreachable,
        order=order,
    )
