"""The pages of a test customer: what each needs, tried on stand-ins that are taken away one by one."""

import ssl
from collections.abc import Callable

import pytest

from ops.smoke.link import Link
from ops.smoke.visit import Visited, visit
from support.deadline import Deadline
from tests.support import online_boutique
from tests.support.online_boutique import PAGES
from tests.support.unit.standin_shop import Shop

NEEDED = sorted({name for page in PAGES for name in page.requires} - {online_boutique.ENTRY.name})


def visit_pages(shop: Shop) -> tuple[Visited, ...]:
    where = Link(scheme="http", host="localhost", port=shop.ports[online_boutique.ENTRY.name])
    return visit(where, PAGES, ssl.create_default_context(), Deadline(30), lambda _: None)


def test_every_page_is_answered_and_together_they_reach_everybody(shop: Shop) -> None:
    visits = visit_pages(shop)
    assert [visit.problem for visit in visits] == [""] * len(PAGES)
    hops = {hop.workload for visit in visits for hop in visit.hops or ()}
    assert hops == {workload.name for workload in online_boutique.WORKLOADS if workload.service_ports}


@pytest.mark.parametrize("service", NEEDED)
def test_no_page_is_answered_without_whom_it_needs(new_shop: Callable[[], Shop], service: str) -> None:
    shop = new_shop().start(
        *(workload.name for workload in online_boutique.WORKLOADS if workload.port and workload.name != service)
    )
    answered = {visit.page.name for visit in visit_pages(shop) if not visit.problem}
    assert not answered & {page.name for page in PAGES if service in page.requires}
