"""The journeys of the shop's customers, for Locust; run by `locust_shoppers.py` and never imported.

Weights are those of the shop's own load generator, whose users never empty a cart or log out: these seldom do. Pauses
are shorter, so that a minute is enough to see a rare failure. A page counts only if all of it came.
"""

import argparse
import random
import socket
from http import HTTPStatus
from typing import Any

from locust import HttpUser, between, events, task

from tests.support.shop_values import CURRENCIES, PRODUCTS

BUYER = {
    "email": "someone@example.com",
    "street_address": "1600 Amphitheatre Parkway",
    "zip_code": "94043",
    "city": "Mountain View",
    "state": "CA",
    "country": "United States",
    "credit_card_number": "4432-8015-6152-0454",
    "credit_card_expiration_month": "1",
    "credit_card_expiration_year": "2039",
    "credit_card_cvv": "672",
}

_resolve = socket.getaddrinfo
_chance = random.Random()  # noqa: S311 - no secret


def _resolve_localhost(host: Any, *rest: Any, **more: Any) -> Any:
    """Take every name under `localhost` for this machine, as browsers and curl do: RFC 6761, 6.3."""
    return _resolve("localhost" if str(host).endswith(".localhost") else host, *rest, **more)


socket.getaddrinfo = _resolve_localhost


@events.init_command_line_parser.add_listener
def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--authority", default="", help="a file with the certificate that vouches for the host")


class Shopper(HttpUser):
    wait_time = between(0.1, 1.0)

    def on_start(self) -> None:
        # Locust has its sessions ignore REQUESTS_CA_BUNDLE.
        self.client.verify = self.environment.parsed_options.authority or True
        self.index()

    @task(1)
    def index(self) -> None:
        self._page("GET", "/")

    @task(2)
    def set_currency(self) -> None:
        self._page("POST", "/setCurrency", {"currency_code": _chance.choice(CURRENCIES)})

    @task(10)
    def browse_product(self) -> None:
        self._browse(_chance.choice(PRODUCTS))

    @task(2)
    def add_to_cart(self) -> None:
        product = _chance.choice(PRODUCTS)
        self._browse(product)
        self._page("POST", "/cart", {"product_id": product, "quantity": str(_chance.randint(1, 10))})

    @task(3)
    def view_cart(self) -> None:
        self._page("GET", "/cart")

    @task(1)
    def checkout(self) -> None:
        self.add_to_cart()
        self._page("POST", "/cart/checkout", BUYER)

    @task(1)
    def empty_cart(self) -> None:
        self._page("POST", "/cart/empty")

    @task(1)
    def logout(self) -> None:
        self._page("GET", "/logout")

    def _browse(self, product: str) -> None:
        self._page("GET", f"/product/{product}", name="/product/{id}")

    def _page(self, verb: str, path: str, form: dict[str, str] | None = None, name: str = "") -> None:
        """Request a page and follow its redirects; only the last response counts."""
        with self.client.request(verb, path, name=name or path, data=form, timeout=10, catch_response=True) as answer:
            if answer.status_code == HTTPStatus.OK and not answer.text.rstrip().endswith("</html>"):
                answer.failure("the page is not whole")
