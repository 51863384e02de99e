"""What the workloads do agrees with the catalogue, and with itself."""

import json
import subprocess
import sys
from string import Formatter

import pytest

from application.lab_behaviour import BEHAVIOURS, document
from boutique.application.workload import Workload
from lab.standins.behaviour import Behaviour, read
from tests.support.online_boutique import WORKLOADS

DOCUMENT = document(WORKLOADS)
CALLERS = [workload for workload in WORKLOADS if workload.calls]


@pytest.fixture(params=WORKLOADS, ids=lambda workload: workload.name)
def workload(request: pytest.FixtureRequest) -> Workload:
    found: Workload = request.param
    return found


@pytest.fixture
def behaviour(workload: Workload) -> Behaviour:
    return read(DOCUMENT, workload.name)


def test_every_workload_behaves() -> None:
    assert set(BEHAVIOURS) == {workload.name for workload in WORKLOADS} == set(json.loads(DOCUMENT))


def test_it_calls_whom_the_catalogue_says(workload: Workload, behaviour: Behaviour) -> None:
    called = {call.variable for call in behaviour.calls}
    called |= {behaviour.load.target_variable} if behaviour.load else set()
    addresses = {name for name in workload.env if name.endswith("_ADDR")}
    assert called == set(workload.calls) | addresses


def test_each_callee_serves_what_is_called(workload: Workload, behaviour: Behaviour) -> None:
    for call in behaviour.calls:
        if address := workload.calls.get(call.variable):
            served = BEHAVIOURS[address[1:].partition("}")[0]]
            assert served.store if call.command else call.method in {method.path for method in served.methods}


def test_it_serves_on_the_catalogues_port_what_its_probes_ask(workload: Workload, behaviour: Behaviour) -> None:
    assert behaviour.port == workload.port
    if probe := workload.readiness_probe:
        assert bool(behaviour.methods) is bool(probe.grpc)
        assert behaviour.store is bool(probe.tcp_socket)
        if probe.http_get:
            assert behaviour.site
            assert probe.http_get.path in {route.path for route in behaviour.site.routes if route.health}


def test_the_load_has_every_variable_and_choice(workload: Workload, behaviour: Behaviour) -> None:
    if load := behaviour.load:
        assert {load.users_variable, load.rate_variable} <= set(workload.env)
        assert load.first in {journey.name for journey in load.journeys}
        for visit in (visit for journey in load.journeys for visit in journey.visits):
            texts = [visit.path, *(visit.form or {}).values()]
            assert {name for text in texts for _, name, _, _ in Formatter().parse(text) if name} <= set(load.choices)


def test_only_one_edge_drops_the_baggage_as_the_catalogue_says() -> None:
    dropping = {
        (workload.name, call.variable)
        for workload in CALLERS
        for call in BEHAVIOURS[workload.name].calls
        if call.variable in workload.calls and not call.baggage
    }
    assert dropping == {("checkoutservice", "CURRENCY_SERVICE_ADDR")}
    assert dropping == {
        (workload.name, variable)
        for workload in WORKLOADS
        for variable, address in workload.calls.items()
        if address[1:].partition("}")[0] in workload.loses_baggage_to
    }


def test_the_vocabulary_costs_a_program_nothing() -> None:
    loaded = "any(name in sys.modules for name in ('grpc', 'h11', 'asyncio'))"
    code = f"import sys, application.lab_behaviour; sys.exit({loaded})"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
