"""What the refined stand-ins of Online Boutique do agrees with its file, and with itself."""

import subprocess
import sys
from string import Formatter

import pytest

from boutique.application.container import called_workloads, plain_variables
from boutique.application.workload import Workload
from lab.standins.behaviour import Behaviour
from tests.support.online_boutique import APPLICATION, WORKLOADS
from tests.support.unit.standin_shop import BEHAVIOURS

CALLERS = [workload for workload in WORKLOADS if workload.calls]


@pytest.fixture(params=WORKLOADS, ids=lambda workload: workload.name)
def workload(request: pytest.FixtureRequest) -> Workload:
    param: Workload = request.param
    return param


@pytest.fixture
def behaviour(workload: Workload) -> Behaviour:
    return BEHAVIOURS[workload.name]


def test_every_workload_behaves() -> None:
    assert set(BEHAVIOURS) == {workload.name for workload in WORKLOADS}


def test_nothing_is_left_to_derivation_but_ports() -> None:
    for name, behaviour in BEHAVIOURS.items():
        assert "*" not in {method.path for method in behaviour.methods}, name
        assert not any(call.callee for call in behaviour.calls), name
        assert behaviour.worker is None, name


def test_it_calls_whom_the_file_says(workload: Workload, behaviour: Behaviour) -> None:
    called = {call.variable for call in behaviour.calls}
    called |= {behaviour.load.target_variable} if behaviour.load else set()
    addresses = {name for name in workload.env if name.endswith("_ADDR")}
    assert called == set(workload.calls) | addresses


def test_each_callee_serves_what_is_called(workload: Workload, behaviour: Behaviour) -> None:
    for call in behaviour.calls:
        assert call.variable
        for callee in called_workloads({call.variable: workload.calls.get(call.variable, "")}):
            served = BEHAVIOURS[callee]
            if call.command:
                assert [port.protocol for port in served.ports] == ["redis"]
            else:
                assert call.method in {method.path for method in served.methods}


def test_it_serves_on_the_files_port_what_its_probes_ask(workload: Workload, behaviour: Behaviour) -> None:
    assert [port.number for port in behaviour.ports] == ([workload.port] if workload.port else [])
    if probe := workload.readiness_probe:
        [port] = behaviour.ports
        if probe.grpc:
            assert (port.protocol, bool(behaviour.methods)) == ("grpc", True)
        elif probe.http_get:
            assert behaviour.site
            assert probe.http_get.path in {route.path for route in behaviour.site.routes if route.health}
        else:
            assert port.protocol == "redis"


def test_the_load_has_every_variable_and_choice(workload: Workload, behaviour: Behaviour) -> None:
    if load := behaviour.load:
        assert {load.users_variable, load.rate_variable} <= set(plain_variables(workload.env))
        assert load.first in {journey.name for journey in load.journeys}
        for visit in (visit for journey in load.journeys for visit in journey.visits):
            texts = [visit.path, *(visit.form or {}).values()]
            assert {name for text in texts for _, name, _, _ in Formatter().parse(text) if name} <= set(load.choices)


def test_only_one_edge_drops_the_baggage_as_the_file_says() -> None:
    dropping = {
        (workload.name, callee)
        for workload in CALLERS
        for call in BEHAVIOURS[workload.name].calls
        if not call.baggage
        for callee in called_workloads({"": workload.calls.get(call.variable or "", "")})
    }
    assert dropping == {("checkoutservice", "currencyservice")}
    assert dropping == {(workload.name, callee) for workload in WORKLOADS for callee in workload.loses_baggage_to}


def test_the_cookie_of_sessions_is_the_entrys() -> None:
    site = BEHAVIOURS[APPLICATION.entry.workload].site
    assert site
    assert APPLICATION.entry.session_cookie in {cookie.name for cookie in site.cookies}


def test_to_derive_costs_a_program_nothing() -> None:
    loaded = "any(name in sys.modules for name in ('grpc', 'h11', 'h2', 'asyncio'))"
    code = f"import sys, ops.applications.standin_files; sys.exit({loaded})"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
