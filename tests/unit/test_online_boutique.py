"""The application that ships with the program agrees with itself, and with what upstream's images do."""

import pytest

from boutique.application.application_checks import call_cycle
from boutique.application.workload import Workload
from boutique.names.image_reference import Reference
from tests.support import online_boutique
from tests.support.online_boutique import APPLICATION, WORKLOADS


@pytest.fixture(params=WORKLOADS, ids=lambda workload: workload.name)
def workload(request: pytest.FixtureRequest) -> Workload:
    param: Workload = request.param
    return param


def test_every_callee_comes_before_its_caller() -> None:
    order = [workload.name for workload in WORKLOADS]
    assert all(order.index(callee.name) < order.index(caller.name) for caller, callee in APPLICATION.edges)
    assert call_cycle(APPLICATION) == ()


def test_every_workload_is_reached_from_a_workload_that_starts_calls_itself() -> None:
    callees = {name for caller in WORKLOADS for name in caller.callees}
    assert {workload.name for workload in WORKLOADS} - callees == {"loadgenerator"}


def test_one_image_does_not_hand_baggage_on() -> None:
    losing = {workload.name: workload.loses_baggage_to for workload in WORKLOADS if workload.loses_baggage_to}
    assert losing == {"checkoutservice": ("currencyservice",)}


def test_an_image_of_another_publisher_is_pinned_by_its_digest(workload: Workload) -> None:
    for image in (workload.image, *(container.image for container in workload.init_containers)):
        assert str(image).startswith(f"{online_boutique.REPOSITORY}/") or image.digest, image


def test_a_port_the_image_is_told_is_the_port_others_reach(workload: Workload) -> None:
    if "PORT" in workload.env:
        assert workload.env["PORT"].value == str(workload.port)


def test_a_service_has_probes_that_guard_it(workload: Workload) -> None:
    if workload.service_ports:
        assert workload.port
        assert workload.readiness_probe
        assert workload.liveness_probe


def test_the_port_name_tells_istio_the_protocol_of_the_probe(workload: Workload) -> None:
    # https://istio.io/latest/docs/ops/configuration/traffic-management/protocol-selection/
    if workload.service_ports and (probe := workload.readiness_probe):
        protocol = "grpc" if probe.grpc else "http" if probe.http_get else "tcp"
        assert workload.service_ports[0].name.split("-")[0] == protocol


def test_limits_are_not_below_requests(workload: Workload) -> None:
    assert workload.limits.cpu.amount >= workload.requests.cpu.amount
    assert workload.limits.memory.amount >= workload.requests.memory.amount


def test_the_shops_own_images_are_of_one_release(workload: Workload) -> None:
    if not workload.own_image:
        repository = f"{online_boutique.REPOSITORY}/{workload.name}"
        assert workload.image == Reference(repository=repository, tag=online_boutique.VERSION)
