"""The load generator's stand-in really loads, at its configured rate, and counts honestly."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from lab.standins.directory import Directory
from lab.standins.journeys import Load
from lab.standins.load import Counts, User, Users
from tests.support.unit.standin_shop import BEHAVIOURS, Shop

PATIENCE = 120

GENERATED = BEHAVIOURS["loadgenerator"].load
assert GENERATED
LOAD: Load = replace(GENERATED, wait_seconds=(0.05, 0.1))


def variables(shop: Shop, users: int, rate: float) -> dict[str, str]:
    return {"FRONTEND_ADDR": f"frontend:{shop.ports['frontend']}", "USERS": str(users), "RATE": str(rate)}


def load(shop: Shop, enough: Callable[[Counts], bool], users: int, rate: float) -> Counts:
    """Make load until it is enough."""
    made = Users(LOAD, variables(shop, users, rate), Directory(shop.services))

    async def run() -> None:
        async with asyncio.timeout(PATIENCE):
            running = asyncio.create_task(made.run())
            while not enough(made.counts):
                await asyncio.sleep(0.01)
            running.cancel()
            await asyncio.wait([running])
            assert running.cancelled()

    asyncio.run(run())
    return made.counts


def test_users_travel_without_an_error(shop: Shop) -> None:
    assert load(shop, lambda counts: counts.requests >= 60, users=10, rate=100).errors == 0


def test_users_start_at_the_rate(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[User] = []

    def start(*arguments: Any) -> User:
        started.append(User(*arguments))
        return started[-1]

    monkeypatch.setattr("lab.standins.load.User", start)
    load(shop, lambda counts: counts.requests >= 30, users=3, rate=0.001)
    assert len(started) == 1, "the next starts in a quarter of an hour"
    load(shop, lambda _: len(started) == 4, users=3, rate=1000)


def test_a_site_that_fails_is_counted(shop: Shop) -> None:
    shop.stop("cartservice").result(5)
    try:
        load(shop, lambda counts: counts.errors > 0, users=2, rate=20)
    finally:
        shop.start("cartservice")
        while shop.ask("GET", "/cart").status != 200:
            time.sleep(0.05)


def test_a_site_that_is_not_there_is_counted(new_shop: Callable[..., Shop]) -> None:
    counts = load(new_shop(), lambda counts: counts.requests >= 5, users=2, rate=20)
    assert counts.requests == counts.errors


@pytest.mark.parametrize("name", [journey.name for journey in LOAD.journeys])
def test_each_journey_works(shop: Shop, name: str) -> None:
    journey = next(each for each in LOAD.journeys if each.name == name)
    counts = Counts()

    async def travel() -> User:
        user = User(f"frontend:{shop.ports['frontend']}", Directory(shop.services), counts)
        await user.travel(journey, LOAD.choices)
        user.close()
        return user

    user = asyncio.run(travel())
    assert counts.errors == 0
    assert counts.requests >= len(journey.visits)
    assert "shop_session-id" in user.cookies
    assert ("shop_currency" in user.cookies) == (name == "setCurrency")


def test_weights_are_those_of_the_real_script() -> None:
    weights = {journey.name: journey.weight for journey in LOAD.journeys if journey.weight}
    assert weights == {"index": 1, "setCurrency": 2, "browseProduct": 10, "addToCart": 2, "viewCart": 3, "checkout": 1}


def test_a_report_is_logged(shop: Shop, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr("lab.standins.load._REPORT_SECONDS", 0.1)
    with caplog.at_level("INFO"):
        load(shop, lambda _: any("requests, 0 errors, to frontend:" in line for line in caplog.messages), 1, 10)


def test_the_stand_in_ends_with_its_users(new_shop: Callable[..., Shop]) -> None:
    shop = new_shop(extra={"loadgenerator": {"USERS": "3", "RATE": "100"}}).start()
    result = shop.begin("loadgenerator")
    time.sleep(0.5)
    assert not result.done()
    assert shop.stop("loadgenerator").result(5) == 0
