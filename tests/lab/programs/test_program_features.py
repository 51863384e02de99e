"""Features over real gRPC clients and OpenTelemetry: every drawn request meets exactly the right builds."""

import http
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, seed, settings

from boutique.routing.model import Backend, FeatureRouting, Table
from boutique.routing.resolution import EdgeRequest
from boutique.routing.resolution import backend as resolve
from boutique.routing.route_table import table
from boutique.settings.durations import written
from tests.support import routing_strategies
from tests.support.lab.gateway_clients import Site
from tests.support.lab.image_archives import write_layout
from tests.support.lab.lab_commands import eventually
from tests.support.lab.lab_stacks import Stack, run_together
from tests.support.lab.program_images import go_image
from tests.support.lab.program_lab import FIRST, GO, HOST, PYTHON, REDIS_VERSION, Programs
from tests.support.lab.work_sizes import Size

pytestmark = pytest.mark.lab

BASELINE = {**dict.fromkeys((*GO, *PYTHON), FIRST), "redis-cart": REDIS_VERSION}
ENVIRONMENT = replace(
    routing_strategies.ENVIRONMENT,
    stack="local",
    host=HOST,
    entry=Backend(service="web", port=80),
    services=(Backend(service="web", port=80), *(Backend(service=name, port=9000) for name in (*GO, "stock"))),
)
FEATURES = (
    FeatureRouting(stack="local-a", key="a", services=("stock",), sessions=("abc", "abcd", "ABC"), header=True),
    FeatureRouting(stack="local-ab", key="ab", services=("price", "web"), sessions=("a.c", "a+", "(.*)"), header=False),
    FeatureRouting(stack="local-a-b", key="a-b", services=("catalog", "cart"), sessions=("a|b", "%61bc"), header=True),
)


def version(feature: str) -> str:
    return f"1.1.0-{feature}.1"


@pytest.fixture(scope="module")
def routes(programs: Programs) -> Iterator[Table]:
    """Three features at once: of the page, of services in the middle, and of a leaf, in both languages."""
    stacks = []
    for feature in FEATURES:
        programs.push(version(feature.key), *feature.services)
        stack = Stack(feature.stack, programs.stack.folder, programs.stack.env).create()
        section = {
            "environment": "local",
            "services": {service: {"version": version(feature.key)} for service in feature.services},
            "sessions": list(feature.sessions),
            "header": feature.header,
            "expires": written(datetime.now(UTC) + timedelta(hours=1)),
        }
        stacks.append(stack.configure(feature=section))
    run_together(stacks, "up")
    for feature in FEATURES:
        host = f"{feature.key}.{HOST}"
        eventually(lambda host=host, key=feature.key: programs.versions(host) == expected_versions(key), host)
    yield table(ENVIRONMENT, FEATURES)
    run_together(stacks, "destroy")
    for stack in stacks:
        stack.pulumi("stack", "rm", "--yes")


def expected_versions(feature: str | None) -> dict[str, str]:
    """Return the version of each service that a visit has to meet."""
    services = next((planned.services for planned in FEATURES if planned.key == feature), ())
    return {**BASELINE, **dict.fromkeys(services, version(feature or ""))}


def met_versions(programs: Programs, request: EdgeRequest) -> dict[str, str] | int:
    """Return the version of each service that a request met, or the status of an answer without any."""
    server = request.host.partition(":")[0].lower()
    connection = Site(server, programs.site.port, programs.site.authority).connect()
    try:
        connection.putrequest("GET", "/", skip_host=True, skip_accept_encoding=True)
        connection.putheader("Host", request.host)
        for name, value in request.headers:
            connection.putheader(name, value.encode("utf-8", "surrogateescape"))
        connection.endheaders()
        response = connection.getresponse()
        body = response.read()
    finally:
        connection.close()
    if response.status != http.HTTPStatus.OK:
        return response.status
    return {hop["workload"]: hop["version"] for hop in json.loads(body)["hops"]}


def test_every_drawn_request_meets_the_right_builds(programs: Programs, routes: Table, size: Size) -> None:
    ways: Counter[str | None] = Counter()
    wrong = []

    @seed(20)
    @settings(max_examples=size.drawn, suppress_health_check=list(HealthCheck), deadline=None, database=None)
    @given(routing_strategies.requests.filter(lambda request: request.host != "shop.example"))
    def compare(drawn: EdgeRequest) -> None:
        request = replace(drawn, host=drawn.host.lower().replace(routing_strategies.HOST, HOST))
        served = resolve(routes, request)
        feature = served.route.feature if served and served.route else None
        ways[feature] += 1
        wanted = expected_versions(feature) if served else http.HTTPStatus.NOT_FOUND
        met = met_versions(programs, request)
        if met != wanted:
            wrong.append(f"{request}: {met} instead of {wanted}")

    compare()
    print("requests:", dict(ways))
    assert not wrong, "\n".join(wrong[:5])
    assert set(ways) == {None, *(feature.key for feature in FEATURES)}


def test_a_loaded_build_is_a_feature_without_a_registry(programs: Programs, tmp_path: Path) -> None:
    build = version("loaded")
    reference = f"{programs.registry.name}/shop/price:{build}"
    programs.boutique("lab", "load", str(write_layout(tmp_path / "layout", reference, go_image(build))))
    programs.boutique("feature", "up", "loaded", "--env", "local", "--service", f"price={build}")
    try:
        eventually(
            lambda: programs.versions(f"loaded.{HOST}") == {**BASELINE, "price": build}, "the preview link leads to it"
        )
        assert programs.versions() == BASELINE
    finally:
        programs.boutique("feature", "down", "loaded", "--env", "local")
