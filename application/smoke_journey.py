"""What a test customer does at Online Boutique, page by page, as data: for `boutique smoke`.

Like the catalogue it knows the shop. Facts: `src/frontend/handlers.go` and `src/checkoutservice/main.go` at tag v0.10.6
of GoogleCloudPlatform/microservices-demo. A page does without what only decorates it: ads, recommendations, and
the mail that confirms an order.
"""

from application.online_boutique import (
    CARTSERVICE,
    CHECKOUTSERVICE,
    CURRENCYSERVICE,
    FRONTEND,
    PAYMENTSERVICE,
    PRODUCTCATALOGSERVICE,
    REDIS_CART,
    SHIPPINGSERVICE,
)
from boutique.application.page import SmokePage

CUSTOMER = "smoke-test@example.com"
"""Whom test orders go to. Nobody can have this address: https://www.rfc-editor.org/rfc/rfc2606#section-3."""

_PRODUCT = "OLJCESPC7Z"

_FRONTEND = FRONTEND.name
_CART = (CARTSERVICE.name, REDIS_CART.name)
_SHELVES = (_FRONTEND, CURRENCYSERVICE.name, PRODUCTCATALOGSERVICE.name, *_CART)

PAGES = (
    SmokePage(name="index", path="/", needs=_SHELVES),
    SmokePage(name="product", path=f"/product/{_PRODUCT}", needs=_SHELVES),
    SmokePage(
        name="add to cart",
        path="/cart",
        form={"product_id": _PRODUCT, "quantity": "1"},
        status=302,
        needs=(_FRONTEND, PRODUCTCATALOGSERVICE.name, *_CART),
    ),
    SmokePage(name="cart", path="/cart", needs=(*_SHELVES, SHIPPINGSERVICE.name)),
    SmokePage(
        name="checkout",
        path="/cart/checkout",
        form={
            "email": CUSTOMER,
            "street_address": "1 Smoke Test Street",
            "zip_code": "94043",
            "city": "Smoke Test",
            "state": "CA",
            "country": "United States",
            # The number that upstream's own load generator pays with.
            "credit_card_number": "4432801561520454",
            "credit_card_expiration_month": "1",
            "credit_card_expiration_year": "2039",
            "credit_card_cvv": "672",
        },
        # With an empty cart it is answered without products.
        needs=(
            *(_FRONTEND, CURRENCYSERVICE.name, *_CART),
            *(SHIPPINGSERVICE.name, CHECKOUTSERVICE.name, PAYMENTSERVICE.name),
        ),
        order=True,
    ),
    # An order that was not made leaves something in the cart.
    SmokePage(name="empty cart", path="/cart/empty", form={}, status=302, needs=(_FRONTEND, *_CART)),
)
"""One visit, in order; cookies go from each page to the next."""
