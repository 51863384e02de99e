"""Probes are answered in real protobuf, and versions that are broken on purpose are broken as documented."""

import time
from collections.abc import Callable

import grpc
import pytest

from lab.standins.breakage import Breakage, breakage
from tests.support.unit.standin_shop import Shop, listens

CHECK = "/grpc.health.v1.Health/Check"
CONVERT = "/hipstershop.CurrencyService/Convert"
PATIENCE, FOREVER = 30.0, 3600.0


def call(shop: Shop, workload: str, method: str, body: bytes = b"{}", timeout: float = PATIENCE) -> bytes:
    with grpc.insecure_channel(f"127.0.0.1:{shop.ports[workload]}") as channel:
        answer: bytes = channel.unary_unary(method)(body, timeout=timeout, wait_for_ready=True)
        return answer


@pytest.mark.parametrize("body", [b"", b"\x0a\x00"])
def test_the_health_check_says_serving(shop: Shop, body: bytes) -> None:
    assert call(shop, "adservice", CHECK, body) == b"\x08\x01"


def test_a_method_that_is_not_served_is_unimplemented(shop: Shop) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        call(shop, "adservice", CONVERT)
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED


@pytest.mark.parametrize(
    ("version", "word"),
    [
        ("1.2.3", "none"),
        ("v0.10.6-broken.never-ready", "never-ready"),
        ("1.2.3-broken.crash", "crash"),
        ("1.2.3-new-ads.broken.slow.4", "slow"),
        ("1.2.3-broken.error+build.broken.slow", "error"),
        ("1.2.3-broken", "none"),
        ("1.2.3-broken.else", "none"),
        ("1.2.3-unbroken.crash", "none"),
        ("broken.crash", "none"),
    ],
)
def test_which_versions_are_broken(version: str, word: str) -> None:
    assert breakage(version, {}) == word


def test_any_version_can_be_broken_by_a_variable() -> None:
    assert breakage("1.2.3", {"BOUTIQUE_BREAK": "slow"}) is Breakage.SLOW
    with pytest.raises(ValueError, match="typo"):
        breakage("1.2.3", {"BOUTIQUE_BREAK": "typo"})


def test_one_that_never_gets_ready(new_shop: Callable[..., Shop]) -> None:
    shop = new_shop(versions=dict.fromkeys(("currencyservice", "frontend"), "1.2.3-broken.never-ready"))
    shop.start("currencyservice", "frontend")
    assert call(shop, "currencyservice", CHECK) == b"\x08\x02"
    assert shop.ask("GET", "/_healthz").status == 503


def test_a_store_that_never_gets_ready_does_not_listen(new_shop: Callable[..., Shop]) -> None:
    shop = new_shop(versions={"redis-cart": "7.0.0-broken.never-ready"})
    result = shop.begin("redis-cart")
    time.sleep(0.3)
    assert not result.done()
    assert not listens(shop.ports["redis-cart"])


def test_one_that_answers_with_errors(new_shop: Callable[..., Shop]) -> None:
    shop = new_shop(versions=dict.fromkeys(("currencyservice", "frontend"), "1.2.3-broken.error"))
    shop.start("currencyservice", "frontend")
    assert call(shop, "currencyservice", CHECK) == b"\x08\x01"
    with pytest.raises(grpc.RpcError) as caught:
        call(shop, "currencyservice", CONVERT)
    assert caught.value.code() is grpc.StatusCode.INTERNAL
    assert shop.ask("GET", "/_healthz").status == 200
    assert shop.ask("GET", "/robots.txt").status == 500


def test_one_that_is_slow(new_shop: Callable[..., Shop], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lab.standins.method_server.SLOW_SECONDS", FOREVER)
    shop = new_shop(extra={"currencyservice": {"BOUTIQUE_BREAK": "slow"}}).start("currencyservice")
    assert call(shop, "currencyservice", CHECK) == b"\x08\x01"
    with pytest.raises(grpc.RpcError) as caught:
        call(shop, "currencyservice", CONVERT, timeout=0.1)
    assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED


def test_one_that_crashes(new_shop: Callable[..., Shop]) -> None:
    shop = new_shop(versions={"paymentservice": "1.2.3-broken.crash"}).start("paymentservice")
    assert shop.running["paymentservice"][1].result(5) == 1
    assert not listens(shop.ports["paymentservice"])
