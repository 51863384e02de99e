"""Online Boutique v0.10.6 as data: the twelve workloads and who calls whom.

The only module that knows the shop. Facts: `release/kubernetes-manifests.yaml` at tag v0.10.6 of
GoogleCloudPlatform/microservices-demo; what differs on purpose is listed in `docs/upstream-differences.md`.

Callees come before their callers, since an address is a reference to the workload it leads to.
"""

from boutique.application.workload import InitContainer, Probe, ProbeKind, Resources, ServicePort, Workload

APPLICATION = "online-boutique"
"""The value of `app.kubernetes.io/part-of`."""

REPOSITORY = "us-central1-docker.pkg.dev/online-boutique-ci/microservices-demo"
VERSION = "v0.10.6"

SESSION_COOKIE = "shop_session-id"
"""The cookie by which the frontend knows a visitor (`src/frontend/main.go`); it takes any value."""

_SMALL = Resources(cpu="100m", memory="64Mi")
_SMALL_LIMIT = Resources(cpu="200m", memory="128Mi")
_NO_PROFILER = {"DISABLE_PROFILER": "1"}
_REWRITE_PROBES = {"sidecar.istio.io/rewriteAppHTTPProbers": "true"}


def _image(name: str) -> str:
    return f"{REPOSITORY}/{name}:{VERSION}"


def _grpc(initial_delay: int | None = None, period: int | None = None) -> Probe:
    return Probe(kind=ProbeKind.GRPC, initial_delay_seconds=initial_delay, period_seconds=period)


def _redis() -> Probe:
    return Probe(kind=ProbeKind.TCP, period_seconds=5)


def _page(session: str) -> Probe:
    # Without a session of its own every probe would make the frontend hand out a new one.
    return Probe(
        kind=ProbeKind.HTTP,
        path="/_healthz",
        headers={"Cookie": f"{SESSION_COOKIE}={session}"},
        initial_delay_seconds=10,
    )


REDIS_CART = Workload(
    name="redis-cart",
    # What `redis:alpine` was when upstream pinned it: `helm-chart/` at tag v0.10.6.
    image="redis:8.8.1-alpine@sha256:8096655e437712b07503796fb64d81359256cfcff0ab29d95a7da72863786efb",
    shared_image_settings=False,
    container="redis",
    port=6379,
    service=ServicePort(name="tcp-redis", number=6379),
    readiness=_redis(),
    liveness=_redis(),
    requests=Resources(cpu="70m", memory="200Mi"),
    limits=Resources(cpu="125m", memory="256Mi"),
    scratch={"redis-data": "/data"},
    store=True,
)

ADSERVICE = Workload(
    name="adservice",
    image=_image("adservice"),
    port=9555,
    service=ServicePort(name="grpc", number=9555),
    variables={"PORT": "9555"},
    readiness=_grpc(initial_delay=20, period=15),
    liveness=_grpc(initial_delay=20, period=15),
    requests=Resources(cpu="200m", memory="180Mi"),
    limits=Resources(cpu="300m", memory="300Mi"),
    grace_seconds=5,
)

CARTSERVICE = Workload(
    name="cartservice",
    image=_image("cartservice"),
    port=7070,
    service=ServicePort(name="grpc", number=7070),
    calls={"REDIS_ADDR": REDIS_CART},
    readiness=_grpc(initial_delay=15),
    liveness=_grpc(initial_delay=15, period=10),
    requests=Resources(cpu="200m", memory="64Mi"),
    limits=Resources(cpu="300m", memory="128Mi"),
    grace_seconds=5,
)

CURRENCYSERVICE = Workload(
    name="currencyservice",
    image=_image("currencyservice"),
    port=7000,
    port_name="grpc",
    service=ServicePort(name="grpc", number=7000),
    variables={"PORT": "7000"} | _NO_PROFILER,
    readiness=_grpc(),
    liveness=_grpc(),
    requests=_SMALL,
    limits=_SMALL_LIMIT,
    grace_seconds=5,
)

EMAILSERVICE = Workload(
    name="emailservice",
    image=_image("emailservice"),
    port=8080,
    service=ServicePort(name="grpc", number=5000),
    variables={"PORT": "8080"} | _NO_PROFILER,
    readiness=_grpc(period=5),
    liveness=_grpc(period=5),
    requests=_SMALL,
    limits=_SMALL_LIMIT,
    grace_seconds=5,
)

PAYMENTSERVICE = Workload(
    name="paymentservice",
    image=_image("paymentservice"),
    port=50051,
    service=ServicePort(name="grpc", number=50051),
    variables={"PORT": "50051"} | _NO_PROFILER,
    readiness=_grpc(),
    liveness=_grpc(),
    requests=_SMALL,
    limits=_SMALL_LIMIT,
    grace_seconds=5,
)

PRODUCTCATALOGSERVICE = Workload(
    name="productcatalogservice",
    image=_image("productcatalogservice"),
    port=3550,
    service=ServicePort(name="grpc", number=3550),
    variables={"PORT": "3550"} | _NO_PROFILER,
    readiness=_grpc(),
    liveness=_grpc(),
    requests=_SMALL,
    limits=_SMALL_LIMIT,
    grace_seconds=5,
)

SHIPPINGSERVICE = Workload(
    name="shippingservice",
    image=_image("shippingservice"),
    port=50051,
    service=ServicePort(name="grpc", number=50051),
    variables={"PORT": "50051"} | _NO_PROFILER,
    readiness=_grpc(period=5),
    liveness=_grpc(),
    requests=_SMALL,
    limits=_SMALL_LIMIT,
)

RECOMMENDATIONSERVICE = Workload(
    name="recommendationservice",
    image=_image("recommendationservice"),
    port=8080,
    service=ServicePort(name="grpc", number=8080),
    variables={"PORT": "8080"} | _NO_PROFILER,
    calls={"PRODUCT_CATALOG_SERVICE_ADDR": PRODUCTCATALOGSERVICE},
    readiness=_grpc(period=5),
    liveness=_grpc(period=5),
    requests=Resources(cpu="100m", memory="220Mi"),
    limits=Resources(cpu="200m", memory="450Mi"),
    grace_seconds=5,
)

CHECKOUTSERVICE = Workload(
    name="checkoutservice",
    image=_image("checkoutservice"),
    port=5050,
    service=ServicePort(name="grpc", number=5050),
    variables={"PORT": "5050"},
    calls={
        "PRODUCT_CATALOG_SERVICE_ADDR": PRODUCTCATALOGSERVICE,
        "SHIPPING_SERVICE_ADDR": SHIPPINGSERVICE,
        "PAYMENT_SERVICE_ADDR": PAYMENTSERVICE,
        "EMAIL_SERVICE_ADDR": EMAILSERVICE,
        "CURRENCY_SERVICE_ADDR": CURRENCYSERVICE,
        "CART_SERVICE_ADDR": CARTSERVICE,
    },
    # It converts with a context of its own instead of the request's (`src/checkoutservice/main.go:360`).
    drops_baggage=("CURRENCY_SERVICE_ADDR",),
    readiness=_grpc(),
    liveness=_grpc(),
    requests=_SMALL,
    limits=_SMALL_LIMIT,
)

FRONTEND = Workload(
    name="frontend",
    image=_image("frontend"),
    port=8080,
    service=ServicePort(name="http", number=80),
    external_service="frontend-external",
    variables={
        "PORT": "8080",
        # The frontend panics at start when this is unset; the assistant is an add-on that the release does not deploy.
        "SHOPPING_ASSISTANT_SERVICE_ADDR": "shoppingassistantservice:80",
        "ENABLE_PROFILER": "0",
    },
    calls={
        "PRODUCT_CATALOG_SERVICE_ADDR": PRODUCTCATALOGSERVICE,
        "CURRENCY_SERVICE_ADDR": CURRENCYSERVICE,
        "CART_SERVICE_ADDR": CARTSERVICE,
        "RECOMMENDATION_SERVICE_ADDR": RECOMMENDATIONSERVICE,
        "SHIPPING_SERVICE_ADDR": SHIPPINGSERVICE,
        "CHECKOUT_SERVICE_ADDR": CHECKOUTSERVICE,
        "AD_SERVICE_ADDR": ADSERVICE,
    },
    readiness=_page("x-readiness-probe"),
    liveness=_page("x-liveness-probe"),
    requests=_SMALL,
    limits=_SMALL_LIMIT,
    annotations=_REWRITE_PROBES,
    # A banner (`src/frontend/templates/header.html`).
    marker="FRONTEND_MESSAGE",
)

LOADGENERATOR = Workload(
    name="loadgenerator",
    image=_image("loadgenerator"),
    container="main",
    variables={"USERS": "10", "RATE": "1"},
    calls={"FRONTEND_ADDR": FRONTEND},
    requests=Resources(cpu="300m", memory="256Mi"),
    limits=Resources(cpu="500m", memory="512Mi"),
    grace_seconds=5,
    annotations=_REWRITE_PROBES,
    init=InitContainer(
        name="frontend-check",
        image="busybox:1.38.0@sha256:fd8d9aa63ba2f0982b5304e1ee8d3b90a210bc1ffb5314d980eb6962f1a9715d",
        command=(
            "/bin/sh",
            "-exc",
            'for i in $(seq 12); do wget -q -O /dev/null "http://$FRONTEND_ADDR" && exit 0; sleep 10; done; exit 1',
        ),
        calls={"FRONTEND_ADDR": FRONTEND},
    ),
    optional=True,
)

WORKLOADS = (
    REDIS_CART,
    ADSERVICE,
    CARTSERVICE,
    CURRENCYSERVICE,
    EMAILSERVICE,
    PAYMENTSERVICE,
    PRODUCTCATALOGSERVICE,
    SHIPPINGSERVICE,
    RECOMMENDATIONSERVICE,
    CHECKOUTSERVICE,
    FRONTEND,
    LOADGENERATOR,
)
"""Every workload, callees first."""

ENTRY = FRONTEND
"""The workload that people reach from outside."""
