"""Probes ask real servers: those of the stand-ins."""

import asyncio
from collections.abc import Callable

import pytest

from lab.nodeagent import probes
from lab.nodeagent.probes import ContainerProbe
from tests.support.unit.standin_shop import Shop, free_port


def good(probe: ContainerProbe) -> bool:
    return asyncio.run(probes.ask(probe, "127.0.0.1"))


def test_grpc_probe_passes_where_it_is_served(shop: Shop) -> None:
    assert good(ContainerProbe("grpc", shop.ports["adservice"], timeout=5))


def test_grpc_probe_fails_where_it_is_not_served_or_nobody_listens(shop: Shop) -> None:
    assert not good(ContainerProbe("grpc", shop.ports["frontend"]))
    assert not good(ContainerProbe("grpc", free_port()))


def test_grpc_probe_fails_while_the_server_says_so(new_shop: Callable[..., Shop]) -> None:
    shop = new_shop(versions={"currencyservice": "1.2.3-broken.never-ready"})
    shop.start("currencyservice")
    assert not good(ContainerProbe("grpc", shop.ports["currencyservice"], timeout=5))


@pytest.mark.parametrize(("path", "expected"), [("/_healthz", True), ("/no-such-page", False)])
def test_http_probe_goes_by_the_status(shop: Shop, path: str, expected: bool) -> None:
    cookie = (("Cookie", "shop_session-id=x-readiness-probe"),)
    assert good(ContainerProbe("http", shop.ports["frontend"], path, headers=cookie, timeout=5)) is expected


def test_tcp_probe_passes_where_somebody_listens(shop: Shop) -> None:
    assert good(ContainerProbe("tcp", shop.ports["redis-cart"]))
    assert not good(ContainerProbe("tcp", free_port()))


def test_exec_probe_passes_since_there_is_nothing_to_run_it_in() -> None:
    assert good(probes.parse({"exec": {"command": ["false"]}}, {}))
