"""A release of real programs, rolled out in place and by blue/green, and the way back: no request is lost."""

import pytest

from tests.support.lab.gateway_clients import Load, load
from tests.support.lab.lab_commands import eventually
from tests.support.lab.local_updates import report
from tests.support.lab.program_lab import FIRST, GO, PYTHON, SECOND, Programs
from tests.support.lab.work_sizes import Size

pytestmark = pytest.mark.lab


def complete(requests: Load, size: Size) -> None:
    """Wait until there were enough requests."""
    eventually(lambda: requests.total >= size.requests, f"{size.requests} requests")


def test_a_release_of_everything_and_the_way_back_lose_no_request(programs: Programs, size: Size) -> None:
    programs.push(SECOND, *GO, *PYTHON)
    programs.stack.pulumi("config", "set", "--path", "boutique:release.default", SECOND)
    with load(programs.site, "/", pause=size.pause) as requests:
        programs.stack.up()
        complete(requests, size)
    report(f"to {SECOND}", requests)
    assert not requests.failures
    versions = programs.versions()
    assert {versions[name] for name in (*GO, *PYTHON)} == {SECOND}
    with load(programs.site, "/", pause=size.pause) as requests:
        programs.boutique("rollback", "local", "--yes", "--no-smoke")
        complete(requests, size)
    report(f"back to {FIRST}", requests)
    assert not requests.failures
    versions = programs.versions()
    assert {versions[name] for name in (*GO, *PYTHON)} == {FIRST}
