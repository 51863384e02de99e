"""The shop's stand-ins, for the tests that talk to them."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from standing import Shop


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    shop = Shop(tmp_path_factory.mktemp("shop")).start()
    # The first request opens the connections, which can take longer than the frontend waits for an ad.
    shop.ask("GET", "/")
    yield shop
    shop.close()


@pytest.fixture
def new_shop(tmp_path: Path) -> Iterator[Callable[..., Shop]]:
    """Return `new_shop(versions={}, extra={})`, a shop of which nothing runs yet."""
    shops: list[Shop] = []

    def new(versions: dict[str, str] | None = None, extra: dict[str, dict[str, str]] | None = None) -> Shop:
        shops.append(Shop(tmp_path, versions or {}, extra or {}))
        return shops[-1]

    yield new
    for shop in shops:
        shop.close()
