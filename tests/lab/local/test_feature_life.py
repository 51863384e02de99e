"""`boutique feature` on the committed stack `local`: from a branch to a link, and what is refused leaves nothing."""

import json

import pytest

from tests.support.lab.developer_machines import ADS, LONGEST, DeveloperMachine
from tests.support.lab.lab_commands import eventually
from tests.support.lab.shop_environments import BASELINE, HOST

pytestmark = [pytest.mark.lab, pytest.mark.usefixtures("nothing_left")]


def test_a_branch_becomes_a_link_and_goes(developer_machine: DeveloperMachine, elsewhere: DeveloperMachine) -> None:
    shop = developer_machine.shop
    up = developer_machine.feature(
        "up", "new-ads", "--env", "local", *ADS, "--session", "tester-1", "--ttl", "3h", "--json"
    )
    document = json.loads(up.stdout)
    assert document["url"].startswith(f"https://new-ads.{HOST}")
    assert (document["stack"], document["sessions"]) == ("local-new-ads", 1)
    new, cookie = {"0.10.7-new-ads.3"}, "shop_currency=EUR; shop_session-id="
    eventually(lambda: shop.versions(f"new-ads.{HOST}").get("adservice") == new, "the preview link")
    eventually(lambda: shop.versions(Cookie=f"{cookie}tester-1").get("adservice") == new, "the tester")

    [row] = elsewhere.list_features().values()
    assert (row["name"], row["services"], row["sessions"]) == ("new-ads", {"adservice": "0.10.7-new-ads.3"}, 1)
    assert (row["trouble"], row["expired"], row["expires"]) == ("", False, document["expires"])
    shown = elsewhere.feature("show", "new-ads").stdout
    assert document["url"] in shown
    assert "deployments/adservice-new-ads" in shown
    assert "tester-1" not in shown

    rival = developer_machine.feature("up", "second", "--env", "local", *ADS, "--session", "tester-1", check=False)
    assert rival.returncode == 1
    assert "the session has joined another feature, of stack 'local-new-ads'" in rival.stderr
    assert "local-second" not in developer_machine.stacks()

    elsewhere.feature("join", "new-ads", "--session", "tester-2")
    eventually(lambda: shop.versions(Cookie=f"{cookie}tester-2").get("adservice") == new, "who has joined")
    developer_machine.feature("leave", "new-ads", "--session", "tester-1")
    eventually(lambda: shop.versions(Cookie=f"{cookie}tester-1")["adservice"] == {BASELINE}, "who has left")
    elsewhere.feature("extend", "new-ads", "--ttl", "2d")
    assert developer_machine.list_features()["new-ads"]["expires"] > document["expires"]
    developer_machine.feature("up", "new-ads", "--env", "local", "--service", "adservice=0.10.7-new-ads.4")
    newer = {"0.10.7-new-ads.4"}
    eventually(lambda: shop.versions(Cookie=f"{cookie}tester-2").get("adservice") == newer, "the next build")

    table = developer_machine.run("routes", "local").stdout
    assert "adservice:9555 with feature=new-ads" in table
    assert "tester-2" not in table
    resolution = json.loads(
        developer_machine.run("routes", "local", "--for", f"Cookie: {cookie}tester-2", "--json").stdout
    )
    assert resolution["edge"]["baggage"] == "feature=new-ads"
    assert resolution["mesh"]["adservice"]["backend"] == "adservice-new-ads:9555"
    assert resolution["mesh"]["adservice"]["owner"] == "local-new-ads"
    assert resolution["mesh"]["cartservice"]["backend"] == "cartservice:7070"
    assert elsewhere.feature("down", "new-ads").stdout == "feature 'new-ads' of 'local': removed\n"


REFUSED = {
    ("up", "a", "--env", "lokal", *ADS): "--env lokal: there is no stack 'lokal'",
    ("up", "b", "--env", "local", "--service", "adservice=0.10.6"): "'0.10.6': is a release",
    ("up", "c", "--env", "local", "--service", "redis-cart=0.10.7-c.1"): "redis-cart: cannot be part of a feature",
    ("up", "d", "--env", "local", *ADS, "--ttl", "90d"): "allows 14d",
    ("up", "e", "--env", "local", *ADS, "--session", "a b"): "a session id cannot hold ' '",
    ("join", "nobody", "--env", "local", "--session", "a"): "deploy it with `boutique feature up`",
    ("down", "missing", "--env", "local"): "no such feature; `boutique feature list` lists them",
    ("show", "unnamed"): "say which environment with --env",
}


def test_what_is_refused_leaves_nothing(developer_machine: DeveloperMachine) -> None:
    running = {arguments: developer_machine.start("feature", *arguments) for arguments in REFUSED}
    for arguments, expected in REFUSED.items():
        _, wrong = running[arguments].communicate(timeout=LONGEST)
        assert running[arguments].returncode == 1, arguments
        assert expected in wrong
        assert "Traceback" not in wrong
