"""Every edge of the call graph is walked, and carries what the real image passes on."""

import socket
import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.support.online_boutique import WORKLOADS
from tests.support.unit.standin_shop import ORDER, TRACEPARENT, Shop

STORE_EDGE = ("cartservice", "redis-cart")
LOST_EDGE = ("checkoutservice", "currencyservice")
EDGES = {(caller.name, callee) for caller in WORKLOADS if caller.port for callee in caller.callees}
SENT = {"baggage": "feature=my-branch", "traceparent": TRACEPARENT, "accept": "application/json"}
VISITOR = {"cookie": "shop_session-id=edges"}


@pytest.fixture(scope="module")
def hops(shop: Shop) -> list[dict[str, Any]]:
    """Those of one page load and one checkout of a cart with something in it."""
    page = shop.ask("GET", "/", **SENT, **VISITOR).page
    product = shop.ask("GET", "/product/OLJCESPC7Z", **SENT, **VISITOR).page
    added = shop.ask("POST", "/cart", urlencode({"product_id": "OLJCESPC7Z", "quantity": "2"}), **VISITOR)
    assert added.status == 302, added.body
    cart = shop.ask("GET", "/cart", **SENT, **VISITOR).page
    order = shop.ask("POST", "/cart/checkout", urlencode(ORDER), **SENT, **VISITOR).page
    assert order["error"] is None
    return [hop for each in (page, product, cart, order) for hop in each["hops"]]


def test_the_edges_are_those_of_the_catalogue(hops: list[dict[str, Any]]) -> None:
    assert len(EDGES - {STORE_EDGE}) == 14
    assert {(hop["caller"], hop["workload"]) for hop in hops if hop["caller"]} == EDGES
    assert {hop["status"] for hop in hops} == {"OK"}


@pytest.mark.parametrize(("header", "value"), [("baggage", "feature=my-branch"), ("traceparent", TRACEPARENT)])
def test_every_edge_but_one_carries_what_was_sent(hops: list[dict[str, Any]], header: str, value: str) -> None:
    carried: dict[tuple[str, str], set[str | None]] = {}
    for hop in hops:
        if hop["caller"]:
            carried.setdefault((hop["caller"], hop["workload"]), set()).add(hop[header])
    without = {edge for edge, values in carried.items() if values == {None}}
    assert without == {STORE_EDGE, LOST_EDGE}
    assert all(values == {value} for edge, values in carried.items() if edge not in without)


def test_a_hop_says_who_served_it(hops: list[dict[str, Any]]) -> None:
    hop = next(each for each in hops if each["workload"] == "adservice")
    assert (hop["version"], hop["pod"], hop["call"]) == ("1.2.3", "adservice-0", "/hipstershop.AdService/GetAds")


def test_calls_are_those_of_the_pages_in_order(shop: Shop) -> None:
    calls = [hop["call"].rpartition("/")[2] for hop in shop.ask("GET", "/", **SENT).page["hops"]]
    assert calls[1:5] == ["GetSupportedCurrencies", "ListProducts", "GetCart", "HGETALL"]
    assert calls[5:] == ["Convert"] * 9 + ["GetAds"]


def test_an_empty_cart_is_ordered_without_asking_for_a_product(shop: Shop) -> None:
    hops = shop.ask("POST", "/cart/checkout", urlencode(ORDER), cookie="shop_session-id=empty", **SENT).page["hops"]
    asked = [hop["call"] for hop in hops if hop["caller"] == "checkoutservice"]
    assert "/hipstershop.ProductCatalogService/GetProduct" not in asked
    assert "/hipstershop.PaymentService/Charge" in asked


def test_the_identity_is_what_the_proxy_says(shop: Shop) -> None:
    certificate = 'By=spiffe://a/ns/b/sa/c;Hash=1;Subject="";URI=spiffe://d/ns/e/sa/gateway'
    (first, *rest) = shop.ask("GET", "/", x_forwarded_client_cert=certificate, **SENT).page["hops"]
    assert first["identity"] == "spiffe://d/ns/e/sa/gateway"
    assert {hop["identity"] for hop in rest} == {None}


@pytest.fixture
def heard(shop: Shop) -> Iterator[list[bytes]]:
    """What a callee hears that never answers: the ad service's place, until the end of the test."""
    shop.stop("adservice").result(10)
    heard: list[bytes] = []
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", shop.ports["adservice"]))
        listener.listen()
        listener.settimeout(5)

        def hear() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.sendall(bytes.fromhex("000000040000000000"))
                connection.settimeout(3)
                while b"GetAds" not in b"".join(heard):
                    heard.append(connection.recv(65536))

        thread = threading.Thread(target=hear)
        thread.start()
        while thread.is_alive():
            assert shop.ask("GET", "/", **SENT).status == 200
            thread.join(0.3)
        yield heard
    shop.start("adservice")


def test_a_dialled_name_stays_the_authority(shop: Shop, heard: list[bytes]) -> None:
    said = b"".join(heard)
    assert said.startswith(b"PRI * HTTP/2.0")
    assert f"adservice:{shop.ports['adservice']}".encode() in said
    assert b"feature=my-branch" in said
