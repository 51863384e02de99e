"""Answers the requests of a site: finds the route, makes its calls, and shows what happened."""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import replace
from http import HTTPStatus
from urllib.parse import parse_qsl

from lab.http import HttpRequest, Response
from lab.standins.answers import CallError, Pod, Values, own_hop
from lab.standins.behaviour import Site, StandinRoute
from lab.standins.breakage import SLOW_SECONDS, Breakage
from lab.standins.calling import Calls
from lab.standins.cookies import expire_cookie, read_cookies, set_cookie, visitor
from lab.standins.headers import Received, read_headers
from lab.standins.pages import RequestPage
from lab.standins.routes import RouteError, Router, check_form
from support.hops import Hop

log = logging.getLogger(__name__)

_PROBE = "kube-probe/"
"""How the User-Agent of a kubelet's probes begins, which Istio's agent hands on."""

_TEXT, _HTML, _JSON = "text/plain; charset=utf-8", "text/html; charset=utf-8", "application/json"


class SiteHandler:
    """The site of one workload."""

    def __init__(self, pod: Pod, site: Site, calls: Calls, environment: Mapping[str, str], breakage: Breakage) -> None:
        self._pod = pod
        self._site = site
        self._calls = calls
        self._environment = environment
        self._breakage = breakage
        self._router = Router(site.routes)

    async def handle(self, request: HttpRequest) -> Response:
        """Answer a request."""
        carried = read_cookies(request.header("cookie"))
        values, sets = visitor(self._site.cookies, carried, self._environment)
        path, route = request.target.partition("?")[0], None
        try:
            probe = request.header("user-agent").startswith(_PROBE)
            route, path_values = self._router.find(request.verb, path, probe=probe)
        except RouteError as error:
            response = Response(status=error.status, headers=(("content-type", _TEXT),), body=f"{error}\n".encode())
        else:
            sets += [expire_cookie(*cookie) for cookie in carried.items()] if route.expires_cookies else []
            response = await self._serve(route, request, values | path_values)
            sets += self._set_cookies(route, response, request)
        if not (route and route.health):
            log.info("%s %s: %s", request.verb, path, int(response.status))
        return replace(response, headers=(*response.headers, *(("set-cookie", line) for line in sets)))

    async def _serve(self, route: StandinRoute, request: HttpRequest, values: Values) -> Response:
        if route.health and self._breakage is Breakage.NEVER_READY:
            return Response(status=HTTPStatus.SERVICE_UNAVAILABLE, body=b"this version never gets ready\n")
        if self._breakage is Breakage.SLOW and not route.health:
            await asyncio.sleep(SLOW_SECONDS)
        call = f"{request.verb} {request.target.partition('?')[0]}"
        arrived = read_headers(request.headers, merged=True)
        hops = [own_hop(self._pod, call, arrived)]
        status, error = route.status, None
        try:
            if self._breakage is Breakage.ERROR and not route.health:
                raise CallError("INTERNAL", "this version is broken on purpose")
            values |= check_form(route, _form(request))
            await self._calls.run(route.calls, values, arrived, hops)
        except RouteError as failure:
            status, error = failure.status, str(failure)
        except CallError as failure:
            status, error = HTTPStatus.INTERNAL_SERVER_ERROR, str(failure)
        if error is None and (route.text is not None or route.redirect is not None):
            return _plain(route, request)
        hops[0] = replace(hops[0], status="OK" if error is None else HTTPStatus(status).phrase)
        return self._page(route, request, arrived, hops, values, status, error)

    def _page(
        self,
        route: StandinRoute,
        request: HttpRequest,
        arrived: Received,
        hops: list[Hop],
        values: Values,
        status: int,
        error: str | None,
    ) -> Response:
        banner = self._environment.get(self._site.banner_variable or "")
        page = RequestPage(self._pod, arrived, hops, values, banner=banner, error=error)
        machine = route.machine or _JSON in request.header("accept")
        kind, body = (_JSON, page.json()) if machine else (_HTML, page.html())
        return Response(status=status, headers=(("content-type", kind),), body=body.encode())

    def _set_cookies(self, route: StandinRoute, response: Response, request: HttpRequest) -> list[str]:
        if response.status >= HTTPStatus.BAD_REQUEST:
            return []
        form = _form(request)
        return [set_cookie(cookie, form[cookie.value]) for cookie in self._site.cookies if cookie.name == route.sets]


def _form(request: HttpRequest) -> dict[str, str]:
    return dict(parse_qsl(request.body.decode(errors="replace")))


def _plain(route: StandinRoute, request: HttpRequest) -> Response:
    if route.redirect is None:
        return Response(headers=(("content-type", _TEXT),), body=(route.text or "").encode())
    back = request.header("referer") if route.referer else ""
    status = route.status if HTTPStatus.MULTIPLE_CHOICES <= route.status < HTTPStatus.BAD_REQUEST else HTTPStatus.FOUND
    return Response(status=status, headers=(("location", back or route.redirect),))
