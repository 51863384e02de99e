"""`boutique smoke --feature`: green where the key arrives, and otherwise the edge that dropped it is named."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.support.lab.developer_machines import ADS, DeveloperMachine
from tests.support.lab.lab_commands import eventually

pytestmark = [pytest.mark.lab, pytest.mark.usefixtures("nothing_left")]

RATES = ("--service", "currencyservice=0.10.7-rates.1")


@contextmanager
def feature(here: DeveloperMachine, name: str, *services: str) -> Iterator[None]:
    try:
        here.feature("up", name, "--env", "local", *services)
        yield
    finally:
        here.feature("down", name, "--env", "local")


def smoke(here: DeveloperMachine, name: str) -> tuple[int, dict[str, Any]]:
    done = here.run("smoke", "local", "--feature", name, "--json", check=False)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def wait_until_green(here: DeveloperMachine, name: str) -> None:
    """See it turn green: a proxy may learn of a route some moments after the API server."""
    eventually(lambda: smoke(here, name)[0] == 0, f"{name} is green")


def test_a_feature_is_green_red_without_its_route_or_pod_and_green_when_deployed_again(
    developer_machine: DeveloperMachine,
) -> None:
    kubectl = developer_machine.shop.lab.kubectl
    with feature(developer_machine, "new-ads", *ADS):
        wait_until_green(developer_machine, "new-ads")
        code, report = smoke(developer_machine, "new-ads")
        assert (code, report["mistakes"], report["unknown"]) == (0, [], 0)
        reached = report["services"]["adservice"]["reached"]
        assert (reached["proof"], reached["versions"]) == ("yes", ["0.10.7-new-ads.3"])
        [pod] = reached["pods"]
        assert pod.startswith("adservice-new-ads-")

        kubectl("delete", "httproute", "-n", "local", "adservice-new-ads")
        eventually(lambda: smoke(developer_machine, "new-ads")[0] == 3, "it is red")
        _, report = smoke(developer_machine, "new-ads")
        [mistake] = report["mistakes"]
        assert "feature=new-ads did arrive, so the route to the feature is not in force" in mistake
        kubectl("scale", "-n", "local", "deployment/adservice-new-ads", "--replicas=0")
        _, report = smoke(developer_machine, "new-ads")
        assert any(
            "was scaled to 0" in mistake and "deploy the feature again" in mistake for mistake in report["mistakes"]
        )

        developer_machine.feature("up", "new-ads", "--env", "local", *ADS)
        wait_until_green(developer_machine, "new-ads")


def test_the_edge_that_drops_the_key_is_named_and_the_way_round_it_works(developer_machine: DeveloperMachine) -> None:
    with feature(developer_machine, "rates", *RATES):
        eventually(
            lambda: smoke(developer_machine, "rates")[1]["services"]["currencyservice"]["reached"]["right"] > 0,
            "routes",
        )
        code, report = smoke(developer_machine, "rates")
        assert code == 3
        [mistake] = report["mistakes"]
        assert "checkoutservice -> currencyservice dropped feature=rates" in mistake
        assert "let the feature deploy checkoutservice as well" in mistake

        developer_machine.feature(
            "up", "rates", "--env", "local", *RATES, "--service", "checkoutservice=0.10.7-rates.1"
        )
        wait_until_green(developer_machine, "rates")


def test_a_feature_that_is_not_there_is_refused(developer_machine: DeveloperMachine) -> None:
    done = developer_machine.run("smoke", "local", "--feature", "nobody", check=False)
    assert done.returncode == 1
    assert "`boutique feature list` lists them" in done.stderr
