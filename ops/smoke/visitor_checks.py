"""Checks of a shop from outside of the cluster: its certificate, plain HTTP, and its pages."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ssl import SSLContext

from boutique.application.smoke_page import SmokePage
from ops.smoke.gateway_checks import Redirect, Sent, ServedCertificate, redirect, served_certificate
from ops.smoke.link import Link, UnreachableError, link, plain
from ops.smoke.visit import Visited, visit
from support.deadline import Deadline


@dataclass(frozen=True, kw_only=True)
class Outside:
    """The result of a visit.

    Attributes:
        url: The link, or the command that opens the shop.
        link: The parsed link; None if `url` is not a link.
        served: The certificate; None without TLS.
        redirect: The answer to plain HTTP; None without TLS.
        visited: The results of the pages; empty if none was requested.
        unreachable: Why none was.
        order: Whether the visit includes an order.
        pages: All pages of the application, those that the visit skips included.
    """

    url: str
    link: Link | None
    served: ServedCertificate | None = None
    redirect: Redirect | None = None
    visited: Sequence[Visited] = ()
    unreachable: str = ""
    order: bool = True
    pages: Sequence[SmokePage] = ()

    @property
    def left_out(self) -> tuple[str, ...]:
        """The services that only skipped pages need."""
        requested = {name for page in self.pages if self.order or not page.order for name in page.requires}
        return tuple(sorted({name for page in self.pages for name in page.requires} - requested))

    @property
    def errors(self) -> tuple[str, ...]:
        """One line per error, with the remedy."""
        errors = [*(self.served.errors if self.served else ()), *([self.unreachable] if self.unreachable else [])]
        errors += [
            f"page {result.page.name!r} ({result.page.request}): {result.problem}; "
            f"it needs {', '.join(result.page.requires)}"
            for result in self.visited
            if result.problem
        ]
        if self.redirect and self.redirect.sent in (Sent.ELSEWHERE, Sent.REFUSED):
            errors.append(
                f"{self.redirect.description} instead of leading to {self.link}; "
                "run `pulumi up --refresh` for the stack that owns the gateway"
            )
        return tuple(errors)

    @property
    def warnings(self) -> tuple[str, ...]:
        """One line per error to come, and per check that was not possible."""
        warnings = [*(self.served.warnings if self.served else ())]
        if self.link is None:
            warnings.append(
                f"no request was made: there is no link, only `{self.url}`; "
                "with boutique:platform.ingress the environment has one"
            )
        if self.redirect and self.redirect.sent is Sent.SERVED:
            warnings.append(
                f"{self.redirect.description} without encryption or a redirect; only with the "
                "certificate acm that has to be so"
            )
        return tuple(warnings)


def check_visit(
    url: str,
    pages: Sequence[SmokePage],
    context: SSLContext,
    deadline: Deadline,
    progress: Callable[[str], None],
    *,
    order: bool,
) -> Outside:
    """Visit a shop from outside of the cluster, each page of the journey once.

    Args:
        url: The link, or the command that opens the shop: then nothing is requested.
        pages: Those of the application.
        context: The SSL context.
        deadline: When to be done.
        progress: Receives each step.
        order: Whether to place an order.
    """
    shop = link(url)
    if shop is None:
        return Outside(url=url, link=None, order=order, pages=pages)
    certificate = answer = None
    try:
        if shop.scheme == "https":
            progress("the certificate")
            certificate = served_certificate(shop, deadline)
            progress("the redirect")
            answer = redirect(plain(shop, os.environ), shop, deadline)
        chosen = [page for page in pages if order or not page.order]
        visited, unreachable = visit(shop, chosen, context, deadline, progress), ""
    except UnreachableError as error:
        visited, unreachable = (), str(error)
    return Outside(
        url=url,
        link=shop,
        served=certificate,
        redirect=answer,
        visited=visited,
        unreachable=unreachable,
        order=order,
        pages=pages,
    )
