"""A feature and the baseline beside each other: over one connection, and in caches in front of the gateway."""

from collections.abc import Iterator

import pytest

from boutique.routing.caching import FOR_SHARED_CACHES
from tests.support.lab.lab_commands import eventually
from tests.support.lab.misdirected_requests import VERSIONS, Response, browse, request_over
from tests.support.lab.shop_environments import BASELINE, HOST, Shop

pytestmark = pytest.mark.lab

FEATURE, BUILD = "answers", "0.10.7-answers.1"
PREVIEW = f"{FEATURE}.{HOST}"
TESTER = {"Cookie": "shop_currency=EUR; shop_session-id=tester-answers"}
CI = {"boutique-feature": FEATURE}


@pytest.fixture(scope="module", autouse=True)
def feature(shop: Shop) -> Iterator[None]:
    """A feature of the frontend, which testers reach in all ways that there are."""
    with shop.deploy_feature(FEATURE, {"frontend": BUILD}, sessions=["tester-answers"], header=True):
        for host, headers in ((PREVIEW, {}), (HOST, TESTER), (HOST, CI)):
            eventually(lambda: shop.versions(host, **headers).get("frontend") == {BUILD}, f"{host} {headers}")  # noqa: B023
        yield


def version_of(response: Response) -> str:
    assert response.status == 200, response
    version: str = response.page()["version"]
    return version


@pytest.mark.parametrize("version", VERSIONS)
def test_a_browser_gets_from_the_shop_to_the_link_and_back(shop: Shop, version: str) -> None:
    to_link = request_over(shop.site(), PREVIEW, version)
    assert (to_link.version, to_link.status) == (version, 421)
    page, again = browse(shop.site(), PREVIEW, version)
    assert (version_of(page), again) == (BUILD, True)
    page, again = browse(shop.site(PREVIEW), HOST, version)
    assert (version_of(page), again) == (BASELINE, True)
    page, again = browse(shop.site(f"other.{HOST}"), PREVIEW, version)
    assert (version_of(page), again) == (BUILD, False), "preview hosts share a listener"


@pytest.mark.parametrize("headers", [TESTER, CI])
def test_no_cache_keeps_what_a_tester_gets_at_the_shops_own_url(shop: Shop, headers: dict[str, str]) -> None:
    for path in ("/", "/static/styles/styles.css"):
        _, answered, _ = shop.site().get(path, headers=headers)
        assert answered["cache-control"] == "no-store"
        assert {"Cookie", "boutique-feature"} <= {header.strip() for header in answered["vary"].split(",")}
        assert not answered.keys() & {header.lower() for header in FOR_SHARED_CACHES}


def test_no_cache_keeps_what_is_at_the_preview_link(shop: Shop) -> None:
    response = request_over(shop.site(PREVIEW), PREVIEW, "2")
    assert (version_of(response), response.headers["cache-control"]) == (BUILD, ["no-store"])


def test_a_cache_gives_a_tester_no_page_of_the_baseline(shop: Shop) -> None:
    for path in ("/", "/static/styles/styles.css"):
        status, answered, _ = shop.site().get(path)
        assert {"Cookie", "boutique-feature"} <= {header.strip() for header in answered["vary"].split(",")}, status
        assert "no-store" not in answered.get("cache-control", "")
