"""The behaviour of each workload's stand-in, derived from the application.

A stand-in serves every port by its protocol, calls every callee once for each request, and hands on what a tester's
request brought, unless the workload loses it. The file `<application>.lab.yaml` says more where that is not enough.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from boutique.application.application import Application
from boutique.application.smoke_page import SmokePage
from boutique.application.workload import Workload
from lab.standins.behaviour import ANY_METHOD, Behaviour, Cookie, Method, Site, StandinRoute
from lab.standins.standin_call import StandinCall, Worker
from lab.standins.unknown_workload import PROBES, VERBS
from ops.applications.standin_calls import standin_calls
from ops.applications.standin_ports import served_ports

_TWO_DAYS = 60 * 60 * 48
_OK, _REDIRECTS, _ERRORS = 200, 300, 400


def standin_behaviours(
    application: Application, refinements: Mapping[str, Mapping[str, Any]] | None = None
) -> dict[str, Behaviour]:
    """Return the behaviour of each workload by its name.

    Args:
        application: The application.
        refinements: By workload, fields of `Behaviour` that take the place of derived ones.
    """
    refinements = refinements or {}
    methods = {name: fields["methods"][0].path for name, fields in refinements.items() if fields.get("methods")}
    behaviours = {}
    for workload in application.workloads:
        derived = _derive(workload, application, standin_calls(workload, application, methods))
        fields = refinements.get(workload.name, {})
        if fields.get("load"):
            # Its file says what to call.
            derived = replace(derived, worker=None)
        behaviours[workload.name] = replace(derived, **fields)
    return behaviours


def _derive(workload: Workload, application: Application, calls: tuple[StandinCall, ...]) -> Behaviour:
    ports = served_ports(workload)
    protocols = {port.protocol for port in ports}
    is_called = bool(workload.service_ports) and bool(protocols & {"http", "grpc", "tcp"})
    return Behaviour(
        ports=ports,
        methods=(Method(path=ANY_METHOD, calls=calls),) if "grpc" in protocols else (),
        site=_site(workload, application, calls) if "http" in protocols else None,
        echo_calls=calls if "tcp" in protocols else (),
        worker=Worker(calls=calls) if calls and not is_called else None,
    )


def _site(workload: Workload, application: Application, calls: tuple[StandinCall, ...]) -> Site:
    page = StandinRoute(path="/{...}", verbs=VERBS, calls=calls)
    if workload.name != application.entry.workload:
        return Site(routes=(PROBES, page), banner_variable=workload.banner_variable)
    name = application.entry.session_cookie
    return Site(
        routes=(
            PROBES,
            *(_smoke_route(smoke, calls) for smoke in application.smoke_pages if smoke.status != _OK),
            page,
        ),
        cookies=(Cookie(name=name, value="session", max_age_seconds=_TWO_DAYS),) if name else (),
        banner_variable=workload.banner_variable,
    )


def _smoke_route(page: SmokePage, calls: tuple[StandinCall, ...]) -> StandinRoute:
    return StandinRoute(
        path=page.path.partition("?")[0],
        verbs=("GET", "HEAD") if page.form is None else ("POST",),
        calls=calls,
        status=max(page.status, _OK),
        redirect="/" if _REDIRECTS <= page.status < _ERRORS else None,
    )
