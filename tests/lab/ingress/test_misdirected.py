"""A connection for one host of the gateway, and a request for another: its own page or 421, and never another's."""

import pytest

from boutique.settings.ingress_settings import GATEWAY_API, RoutingApi
from tests.support.lab.local_updates import HOST, OTHER, IngressEnvironment
from tests.support.lab.misdirected_requests import VERSIONS, browse, request_over

pytestmark = [pytest.mark.lab, pytest.mark.parametrize("version", VERSIONS)]


@pytest.mark.parametrize("connection", [OTHER, f"some.{OTHER}"])
def test_another_environments_connection_leads_to_no_page_but_to_a_connection_of_its_own(
    ingress: IngressEnvironment, version: str, connection: str
) -> None:
    response = request_over(ingress.at(connection), HOST, version)
    assert (response.version, response.status) == (version, 421)
    page, again = browse(ingress.at(connection), HOST, version)
    assert again
    assert page.page()["workload"] == "frontend"


@pytest.mark.parametrize("host", [OTHER, f"some.{OTHER}"])
def test_a_connection_of_the_shop_leads_to_no_other_environment(
    ingress: IngressEnvironment, version: str, host: str
) -> None:
    response = request_over(ingress.site, host, version)
    assert (response.version, response.status) == (version, 421)
    # Nothing is deployed there.
    assert browse(ingress.site, host, version)[0].status == 404


def test_the_shop_over_a_connection_of_a_name_under_it(
    ingress: IngressEnvironment, api: RoutingApi, version: str
) -> None:
    under = ingress.at(f"some.{HOST}")
    page, again = browse(under, HOST, version)
    assert page.page()["workload"] == "frontend"
    assert again is (api == GATEWAY_API)
    response, _ = browse(ingress.site, under.host, version)
    assert response.status == 404, "no feature has this host"


def test_a_host_of_nobody_is_not_sent_for_a_second_time(ingress: IngressEnvironment, version: str) -> None:
    assert request_over(ingress.site, "elsewhere.localhost", version).status == 404
    assert request_over(ingress.site, f"x{HOST}", version).status == 404
