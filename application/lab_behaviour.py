"""What Online Boutique's workloads do, as data: for the lab's stand-ins, which take the place of the images.

Like the catalogue it knows the shop. Facts: `src/` at tag v0.10.6 of
GoogleCloudPlatform/microservices-demo, for the frontend `handlers.go`, `rpc.go` and `validator/validator.go`. A list of
calls has them in the order of the source; what is done once for each product is written as one call after the other.
"""

from collections.abc import Iterable
from dataclasses import replace

from boutique.application.workload import Workload
from lab.standins.behaviour import Behaviour, Cookie, Method, Site, StandinCall, StandinRoute, render
from lab.standins.journeys import Journey, Load, Visit

PRODUCTS = (
    "0PUK6V6EV0",
    "1YMWWN1N4O",
    "2ZYFJ3GM2N",
    "66VCHSJNUP",
    "6E92ZMYYFZ",
    "9SIQT8TOJO",
    "L9ECAV7KIM",
    "LS4PSXUNUM",
    "OLJCESPC7Z",
)
CURRENCIES = ("EUR", "USD", "JPY", "GBP", "TRY", "CAD")

SESSION_COOKIE = "shop_session-id"
_TWO_DAYS = 60 * 60 * 48
_POST = ("POST",)


def _path(method: str) -> str:
    return f"/hipstershop.{method}"


def _call(variable: str, method: str) -> StandinCall:
    return StandinCall(variable=variable, method=_path(method))


_CURRENCIES = _call("CURRENCY_SERVICE_ADDR", "CurrencyService/GetSupportedCurrencies")
_CONVERT = _call("CURRENCY_SERVICE_ADDR", "CurrencyService/Convert")
_PRODUCTS = _call("PRODUCT_CATALOG_SERVICE_ADDR", "ProductCatalogService/ListProducts")
_PRODUCT = _call("PRODUCT_CATALOG_SERVICE_ADDR", "ProductCatalogService/GetProduct")
_CART = _call("CART_SERVICE_ADDR", "CartService/GetCart")
_ADD = _call("CART_SERVICE_ADDR", "CartService/AddItem")
_EMPTY = _call("CART_SERVICE_ADDR", "CartService/EmptyCart")
_QUOTE = _call("SHIPPING_SERVICE_ADDR", "ShippingService/GetQuote")
_SHIP = replace(_call("SHIPPING_SERVICE_ADDR", "ShippingService/ShipOrder"), failure="UNAVAILABLE")
_CHARGE = _call("PAYMENT_SERVICE_ADDR", "PaymentService/Charge")
_CONFIRM = replace(_call("EMAIL_SERVICE_ADDR", "EmailService/SendOrderConfirmation"), optional=True)
_ORDER = _call("CHECKOUT_SERVICE_ADDR", "CheckoutService/PlaceOrder")
_AD = replace(_call("AD_SERVICE_ADDR", "AdService/GetAds"), timeout_seconds=0.1, optional=True)
_RECOMMEND = _call("RECOMMENDATION_SERVICE_ADDR", "RecommendationService/ListRecommendations")
_RECOMMENDED = replace(_PRODUCT, each="recommended")
_ASSIST = StandinCall(variable="SHOPPING_ASSISTANT_SERVICE_ADDR", path="/", baggage=False, trace=False)

# checkoutservice converts with a context of its own instead of the request's: everything that came with it is lost.
_CHECKOUT_CONVERT = replace(_CONVERT, baggage=False, trace=False)


def _store(*command: str, gives: str | None = None) -> StandinCall:
    return StandinCall(variable="REDIS_ADDR", command=command, gives=gives, failure="FAILED_PRECONDITION")


FRONTEND = Behaviour(
    site=Site(
        banner_variable="FRONTEND_MESSAGE",
        cookies=(
            Cookie(
                name=SESSION_COOKIE,
                value="user_id",
                max_age_seconds=_TWO_DAYS,
                shared_switch="ENABLE_SINGLE_SHARED_SESSION",
                shared_default="12345678-1234-1234-1234-123456789123",
            ),
            Cookie(name="shop_currency", value="currency_code", max_age_seconds=_TWO_DAYS, default="USD"),
        ),
        routes=(
            StandinRoute(path="/", calls=(_CURRENCIES, _PRODUCTS, _CART, replace(_CONVERT, each="products"), _AD)),
            StandinRoute(
                path="/product/{product_id}",
                calls=(_PRODUCT, _CURRENCIES, _CART, _CONVERT, _RECOMMEND, _RECOMMENDED, _AD),
            ),
            StandinRoute(
                path="/cart",
                calls=(
                    _CURRENCIES,
                    _CART,
                    _RECOMMEND,
                    _RECOMMENDED,
                    _QUOTE,
                    _CONVERT,
                    replace(_PRODUCT, each="items"),
                    replace(_CONVERT, each="items"),
                ),
            ),
            StandinRoute(
                path="/cart",
                verbs=_POST,
                form={"product_id": ".+", "quantity": "[1-9]|10"},
                calls=(_PRODUCT, _ADD),
                redirect="/cart",
            ),
            StandinRoute(path="/cart/empty", verbs=_POST, calls=(_EMPTY,), redirect="/"),
            StandinRoute(
                path="/cart/checkout",
                verbs=_POST,
                form={
                    "email": ".+@.+",
                    "street_address": "(?s).{1,512}",
                    "zip_code": r"\d+",
                    "city": ".{1,128}",
                    "state": ".{1,128}",
                    "country": ".{1,128}",
                    "credit_card_number": r"[\d -]{13,23}",
                    "credit_card_expiration_month": "[1-9]|1[0-2]",
                    "credit_card_expiration_year": r"\d+",
                    "credit_card_cvv": r"\d+",
                },
                calls=(
                    _ORDER,
                    replace(_RECOMMEND, optional=True),
                    replace(_RECOMMENDED, optional=True),
                    _CURRENCIES,
                ),
            ),
            StandinRoute(
                path="/setCurrency",
                verbs=_POST,
                form={"currency_code": "[A-Z]{3}"},
                sets="shop_currency",
                redirect="/",
                referer=True,
            ),
            StandinRoute(path="/logout", verbs=("GET",), expires_cookies=True, redirect="/"),
            StandinRoute(path="/assistant", verbs=("GET",), calls=(_CURRENCIES,)),
            StandinRoute(path="/bot", verbs=_POST, calls=(_ASSIST,), machine=True),
            StandinRoute(path="/product-meta/{product_id}", verbs=("GET",), calls=(_PRODUCT,), machine=True),
            StandinRoute(path="/static/{file...}", text=""),
            StandinRoute(path="/robots.txt", text="User-agent: *\nDisallow: /"),
            StandinRoute(path="/_healthz", text="ok", health=True),
        ),
    )
)

CHECKOUTSERVICE = Behaviour(
    methods=(
        Method(
            path=_path("CheckoutService/PlaceOrder"),
            calls=(
                _CART,
                replace(_PRODUCT, each="items"),
                replace(_CHECKOUT_CONVERT, each="items"),
                _QUOTE,
                _CHECKOUT_CONVERT,
                _CHARGE,
                _SHIP,
                replace(_EMPTY, optional=True),
                _CONFIRM,
            ),
            gives={"order": ("placed",)},
        ),
    )
)

CARTSERVICE = Behaviour(
    methods=(
        Method(
            path=_path("CartService/AddItem"),
            calls=(_store("HINCRBY", "cart:{user_id}", "{product_id}", "{quantity}", gives="quantity"),),
        ),
        Method(
            path=_path("CartService/GetCart"),
            calls=(_store("HGETALL", "cart:{user_id}", gives="items"),),
        ),
        Method(
            path=_path("CartService/EmptyCart"),
            calls=(_store("DEL", "cart:{user_id}", gives="emptied"),),
        ),
    )
)

RECOMMENDATIONSERVICE = Behaviour(
    methods=(
        Method(
            path=_path("RecommendationService/ListRecommendations"),
            calls=(replace(_PRODUCTS, failure="UNKNOWN"),),
            gives={"recommended": PRODUCTS[:5]},
        ),
    )
)

PRODUCTCATALOGSERVICE = Behaviour(
    methods=(
        Method(path=_path("ProductCatalogService/ListProducts"), gives={"products": PRODUCTS}),
        Method(path=_path("ProductCatalogService/GetProduct"), known={"product_id": PRODUCTS}),
    )
)

CURRENCYSERVICE = Behaviour(
    methods=(
        Method(path=_path("CurrencyService/GetSupportedCurrencies"), gives={"currencies": CURRENCIES}),
        Method(path=_path("CurrencyService/Convert")),
    )
)

SHIPPINGSERVICE = Behaviour(
    methods=(Method(path=_path("ShippingService/GetQuote")), Method(path=_path("ShippingService/ShipOrder")))
)

ADSERVICE = Behaviour(
    methods=(Method(path=_path("AdService/GetAds"), gives={"ads": ("Tank top for sale. 20% off.",)}),)
)
PAYMENTSERVICE = Behaviour(methods=(Method(path=_path("PaymentService/Charge")),))
EMAILSERVICE = Behaviour(methods=(Method(path=_path("EmailService/SendOrderConfirmation")),))
REDIS_CART = Behaviour(store=True)

_BROWSE = Visit(path="/product/{product_id}")
_PUT = Visit(path="/cart", form={"product_id": "{product_id}", "quantity": "{quantity}"})
_BUY = Visit(
    path="/cart/checkout",
    form={
        "email": "someone@example.com",
        "street_address": "1600 Amphitheatre Parkway",
        "zip_code": "94043",
        "city": "Mountain View",
        "state": "CA",
        "country": "United States",
        "credit_card_number": "4432801561520454",
        "credit_card_expiration_month": "{month}",
        "credit_card_expiration_year": "2039",
        "credit_card_cvv": "672",
    },
)

LOADGENERATOR = Behaviour(
    load=Load(
        target_variable="FRONTEND_ADDR",
        users_variable="USERS",
        rate_variable="RATE",
        wait_seconds=(1, 10),
        choices={
            "product_id": PRODUCTS,
            "quantity": tuple(str(number) for number in range(1, 11)),
            "currency": CURRENCIES,
            "month": tuple(str(number) for number in range(1, 13)),
        },
        first="index",
        journeys=(
            Journey(name="index", weight=1, visits=(Visit(path="/"),)),
            Journey(
                name="setCurrency",
                weight=2,
                visits=(Visit(path="/setCurrency", form={"currency_code": "{currency}"}),),
            ),
            Journey(name="browseProduct", weight=10, visits=(_BROWSE,)),
            Journey(name="addToCart", weight=2, visits=(_BROWSE, _PUT)),
            Journey(name="viewCart", weight=3, visits=(Visit(path="/cart"),)),
            Journey(name="checkout", weight=1, visits=(_BROWSE, _PUT, _BUY)),
            # The script defines these two, but none of its users ever takes them.
            Journey(name="empty_cart", weight=0, visits=(Visit(path="/cart/empty", form={}),)),
            Journey(name="logout", weight=0, visits=(Visit(path="/logout"),)),
        ),
    )
)

BEHAVIOURS = {
    "redis-cart": REDIS_CART,
    "adservice": ADSERVICE,
    "cartservice": CARTSERVICE,
    "currencyservice": CURRENCYSERVICE,
    "emailservice": EMAILSERVICE,
    "paymentservice": PAYMENTSERVICE,
    "productcatalogservice": PRODUCTCATALOGSERVICE,
    "shippingservice": SHIPPINGSERVICE,
    "recommendationservice": RECOMMENDATIONSERVICE,
    "checkoutservice": CHECKOUTSERVICE,
    "frontend": FRONTEND,
    "loadgenerator": LOADGENERATOR,
}
"""What each workload of the catalogue does, by its name."""


def document(workloads: Iterable[Workload]) -> str:
    """The behaviour document of workloads, each on the port that the catalogue gives it."""
    return render({workload.name: replace(BEHAVIOURS[workload.name], port=workload.port) for workload in workloads})
