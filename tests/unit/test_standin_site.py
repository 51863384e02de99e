"""The frontend's stand-in answers like the real one: routes, cookies, redirects, pages."""

import re
from collections.abc import Callable
from urllib.parse import urlencode
from uuid import UUID

import pytest

from tests.support import online_boutique
from tests.support.unit.standin_shop import ORDER, Shop

JSON = {"accept": "application/json"}


@pytest.mark.parametrize(
    ("verb", "path", "status"),
    [
        ("GET", "/", 200),
        ("HEAD", "/", 200),
        ("GET", "/?utm_source=x", 200),
        ("GET", "/product/OLJCESPC7Z", 200),
        ("GET", "/product/unheard-of", 500),
        ("GET", "/cart", 200),
        ("POST", "/cart", 422),
        ("GET", "/cart/empty", 405),
        ("POST", "/cart/empty", 302),
        ("GET", "/cart/checkout", 405),
        ("POST", "/cart/checkout", 422),
        ("POST", "/setCurrency", 422),
        ("GET", "/logout", 302),
        ("GET", "/assistant", 200),
        ("GET", "/static/styles/cart.css", 200),
        ("GET", "/robots.txt", 200),
        ("GET", "/_healthz", 200),
        ("GET", "/product-meta/OLJCESPC7Z", 200),
        ("POST", "/bot", 500),
        ("GET", "/nothing", 404),
    ],
)
def test_routes(shop: Shop, verb: str, path: str, status: int) -> None:
    assert shop.ask(verb, path).status == status


def test_a_visitor_without_a_session_gets_one_anywhere(shop: Shop) -> None:
    for path in ("/", "/_healthz", "/nothing"):
        (line,) = shop.ask("GET", path).all("set-cookie")
        match = re.fullmatch(r"shop_session-id=([^;]+); Max-Age=172800", line)
        assert match
        assert UUID(match[1]).version == 4


def test_a_session_is_trusted_as_it_is(shop: Shop) -> None:
    answered = shop.ask("GET", "/", cookie="a=b; shop_session-id=any thing; shop_currency=EUR", **JSON)
    assert answered.all("set-cookie") == []
    assert answered.page["values"]["user_id"] == "any thing"
    assert answered.page["values"]["currency_code"] == "EUR"


def test_a_cookie_of_a_similar_name_is_no_session(shop: Shop) -> None:
    assert shop.ask("GET", "/", cookie="xshop_session-id=a").all("set-cookie")


def test_a_session_can_be_shared_by_all(new_shop: Callable[..., Shop]) -> None:
    shop = new_shop(extra={"frontend": {"ENABLE_SINGLE_SHARED_SESSION": "true"}}).start("frontend")
    (line,) = shop.ask("GET", "/_healthz").all("set-cookie")
    assert line.startswith("shop_session-id=12345678-1234-1234-1234-123456789123;")


@pytest.mark.parametrize(("headers", "location"), [({}, "/"), ({"referer": "/product/1"}, "/product/1")])
def test_the_currency_is_kept_in_a_cookie(shop: Shop, headers: dict[str, str], location: str) -> None:
    answered = shop.ask("POST", "/setCurrency", "currency_code=JPY", cookie="shop_session-id=a", **headers)
    assert answered.status == 302
    assert answered.all("location") == [location]
    assert answered.all("set-cookie") == ["shop_currency=JPY; Max-Age=172800"]


def test_logout_expires_every_cookie_that_was_sent(shop: Shop) -> None:
    answered = shop.ask("GET", "/logout", cookie="shop_session-id=a; routing=b")
    assert answered.all("location") == ["/"]
    lines = answered.all("set-cookie")
    assert [line.partition(";")[0] for line in lines] == ["shop_session-id=a", "routing=b"]
    assert all(line.endswith("; Max-Age=0") and "Expires=" in line for line in lines)


def test_a_cart_keeps_what_was_put_into_it_until_it_is_ordered_or_emptied(shop: Shop) -> None:
    def items(session: str) -> object:
        return shop.ask("GET", "/cart", cookie=f"shop_session-id={session}", **JSON).page["values"]["items"]

    def put(quantity: int) -> None:
        form = urlencode({"product_id": "6E92ZMYYFZ", "quantity": quantity})
        answered = shop.ask("POST", "/cart", form, cookie="shop_session-id=one")
        assert (answered.status, answered.all("location")) == (302, ["/cart"])

    put(2)
    put(3)
    assert items("one") == {"6E92ZMYYFZ": "5"}
    assert items("other") == {}
    assert shop.ask("POST", "/cart/empty", cookie="shop_session-id=one").all("location") == ["/"]
    assert items("one") == {}
    put(1)
    assert shop.ask("POST", "/cart/checkout", urlencode(ORDER), cookie="shop_session-id=one").status == 200
    assert items("one") == {}


@pytest.mark.parametrize("quantity", ["0", "11", "-1", "x"])
def test_a_quantity_out_of_range_is_refused(shop: Shop, quantity: str) -> None:
    assert shop.ask("POST", "/cart", urlencode({"product_id": "6E92ZMYYFZ", "quantity": quantity})).status == 422


def test_a_page_is_for_people_unless_json_is_asked_for(shop: Shop) -> None:
    page = shop.ask("GET", "/", baggage="feature=my-branch")
    assert page.all("content-type") == ["text/html; charset=utf-8"]
    for text in ("<title>frontend 1.2.3</title>", "feature=my-branch", "adservice-0", "/hipstershop.AdService/GetAds"):
        assert text in page.body
    image = str(online_boutique.FRONTEND.image)
    assert f"This is a stand-in in place of the image <code>{image}</code>: docs/containers.md says" in page.body
    machine = shop.ask("GET", "/", baggage="feature=my-branch", **JSON)
    assert machine.page["image"] == image
    assert machine.all("content-type") == ["application/json"]
    assert machine.page["baggage"] == {"feature": "my-branch"}


def test_what_a_visitor_sends_is_escaped(shop: Shop) -> None:
    assert "<script>" not in shop.ask("GET", "/", cookie="shop_session-id=<script>alert(1)</script>").body


def test_the_message_is_shown_as_a_banner(new_shop: Callable[..., Shop]) -> None:
    shop = new_shop(extra={"frontend": {"FRONTEND_MESSAGE": "a & b"}}).start("frontend")
    assert '<p class="banner">a &amp; b</p>' in shop.ask("GET", "/").body


def test_a_page_without_ads_is_a_page_and_one_without_a_cart_is_not(new_shop: Callable[..., Shop]) -> None:
    shop = new_shop().start()
    shop.stop("adservice").result(10)
    page = shop.ask("GET", "/", **JSON)
    assert page.status == 200
    assert page.page["hops"][-1]["workload"] == "adservice"
    assert page.page["hops"][-1]["status"] in ("UNAVAILABLE", "DEADLINE_EXCEEDED")
    shop.stop("cartservice").result(10)
    failed = shop.ask("GET", "/", **JSON)
    assert failed.status == 500
    assert "/hipstershop.CartService/GetCart of cartservice" in failed.page["error"]
    assert "CartService/GetCart" in shop.ask("GET", "/").body


def test_without_an_address_the_cart_is_kept_in_memory(new_shop: Callable[..., Shop]) -> None:
    shop = new_shop(extra={"cartservice": {"REDIS_ADDR": ""}}).start()
    shop.stop("redis-cart").result(10)
    form = urlencode({"product_id": "6E92ZMYYFZ", "quantity": 4})
    assert shop.ask("POST", "/cart", form, cookie="shop_session-id=one").status == 302
    page = shop.ask("GET", "/cart", cookie="shop_session-id=one", **JSON).page
    assert page["values"]["items"] == {"6E92ZMYYFZ": "4"}
    assert ("cartservice", "memory") in {(hop["caller"], hop["workload"]) for hop in page["hops"]}


@pytest.mark.parametrize("failing", ["emailservice", "recommendationservice"])
def test_an_order_does_not_fail_for_what_it_can_do_without(new_shop: Callable[..., Shop], failing: str) -> None:
    shop = new_shop(versions={failing: "1.2.3-broken.error"}).start()
    answered = shop.ask("POST", "/cart/checkout", urlencode(ORDER), **JSON)
    assert answered.status == 200
    assert {hop["workload"] for hop in answered.page["hops"] if hop["status"] == "INTERNAL"} == {failing}


def test_a_failing_callee_fails_the_order(new_shop: Callable[..., Shop]) -> None:
    shop = new_shop(versions={"shippingservice": "1.2.3-broken.error"}).start()
    answered = shop.ask("POST", "/cart/checkout", urlencode(ORDER), **JSON)
    assert answered.status == 500
    (hop,) = [hop for hop in answered.page["hops"] if hop["workload"] == "checkoutservice"]
    assert hop["status"] == "INTERNAL"
