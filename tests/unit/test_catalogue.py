"""The catalogue agrees with itself."""

import dataclasses
import graphlib

import pytest

from application import online_boutique
from application.online_boutique import WORKLOADS
from boutique.application.workload import Workload
from boutique.names.image_reference import Reference
from boutique.targets.quota import amount


@pytest.fixture(params=WORKLOADS, ids=lambda workload: workload.name)
def workload(request: pytest.FixtureRequest) -> Workload:
    found: Workload = request.param
    return found


def test_names_are_unique() -> None:
    assert len({workload.name for workload in WORKLOADS}) == len(WORKLOADS)


def test_every_callee_is_in_the_catalogue_and_comes_before_its_caller() -> None:
    order = {id(workload): position for position, workload in enumerate(WORKLOADS)}
    for caller in WORKLOADS:
        for callee in (*caller.calls.values(), *(caller.init.calls.values() if caller.init else ())):
            assert order[id(callee)] < order[id(caller)], (caller.name, callee.name)


def test_every_workload_is_reached_from_a_workload_that_starts_calls_itself() -> None:
    callees = {callee.name for caller in WORKLOADS for callee in caller.calls.values()}
    assert {workload.name for workload in WORKLOADS} - callees == {"loadgenerator"}


def test_baggage_can_only_get_lost_on_the_way_to_somebody(workload: Workload) -> None:
    assert set(workload.drops_baggage) <= set(workload.calls)
    dropped = {callee.name for variable, callee in workload.calls.items() if variable in workload.drops_baggage}
    callees = {callee.name for callee in workload.calls.values()}
    assert {name for name in callees if workload.drops_baggage_to(name)} == dropped
    assert dropped == ({"currencyservice"} if workload is online_boutique.CHECKOUTSERVICE else set())


def test_an_image_of_another_publisher_is_pinned_by_its_digest(workload: Workload) -> None:
    for image in filter(None, (workload.image, workload.init and workload.init.image)):
        assert image.startswith(f"{online_boutique.REPOSITORY}/") or Reference.parse(image).digest, image


def test_the_call_graph_has_no_cycle() -> None:
    graph = {caller.name: [callee.name for callee in caller.calls.values()] for caller in WORKLOADS}
    graphlib.TopologicalSorter(graph).prepare()


def test_a_port_the_image_is_told_is_the_port_others_reach(workload: Workload) -> None:
    if "PORT" in workload.variables:
        assert workload.variables["PORT"] == str(workload.port)


def test_a_service_has_a_port_behind_it_and_probes_that_guard_it(workload: Workload) -> None:
    if workload.service:
        assert workload.port
        assert workload.readiness
        assert workload.liveness


def test_the_port_name_tells_istio_the_protocol_of_the_probe(workload: Workload) -> None:
    # https://istio.io/latest/docs/ops/configuration/traffic-management/protocol-selection/
    if workload.service and workload.readiness:
        assert workload.service.name.split("-")[0] == workload.readiness.kind


def test_limits_are_not_below_requests(workload: Workload) -> None:
    assert amount(workload.limits.cpu) >= amount(workload.requests.cpu)
    assert amount(workload.limits.memory) >= amount(workload.requests.memory)


def test_images_are_references_and_the_shops_own_are_of_one_release(workload: Workload) -> None:
    reference = Reference.parse(workload.image)
    if workload.shared_image_settings:
        assert reference == Reference(
            repository=f"{online_boutique.REPOSITORY}/{workload.name}", tag=online_boutique.VERSION
        )


def test_a_workload_without_a_service_has_no_address() -> None:
    with pytest.raises(ValueError, match="nothing can call it"):
        _ = online_boutique.LOADGENERATOR.address


def test_entries_cannot_be_changed(workload: Workload) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        workload.name = "other"
