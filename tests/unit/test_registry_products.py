"""The registry of each product is read whole, with its logins, its pages and its digests."""

import random
from pathlib import Path

import pytest

from ops.registry.newest_tag import newest
from ops.registry.queries import digest, tags
from support.registry.registry_errors import MissingRepositoryError, RegistryError
from tests.support.unit.registry_fakes import log_in, serve_answers
from tests.support.unit.registry_products import DIGEST, PRODUCTS

COUNTS = (0, 1, 49, 50, 100, 1000, 1001, 2345)
NEWEST = "v2.0.0"


@pytest.fixture(autouse=True)
def configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    return tmp_path


def numbered_tags(count: int) -> list[str]:
    """Return as many tags, of which the newest is the last one."""
    return [*(f"1.{number // 100}.{number % 100}-new-ads.{number}" for number in range(count - 1)), NEWEST][:count]


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("name", PRODUCTS)
def test_all_tags_are_listed(configuration: Path, name: str, count: int) -> None:
    product = PRODUCTS[name]()
    product.tags = numbered_tags(count) if count else []
    with serve_answers(by_call=product.answer) as answers:
        log_in(configuration, answers)
        assert tags(f"127.0.0.1:{answers.port}/{product.path}") == tuple(product.tags)
    assert len(set(product.requests)) == len(product.requests)


@pytest.mark.parametrize("name", PRODUCTS)
def test_the_newest_has_its_digest(configuration: Path, name: str) -> None:
    product = PRODUCTS[name]()
    product.tags = numbered_tags(1234)
    with serve_answers(by_call=product.answer) as answers:
        log_in(configuration, answers)
        repository = f"127.0.0.1:{answers.port}/{product.path}"
        version = newest(tags(repository), lambda _: True).version
        assert version
        assert version.text == NEWEST
        assert digest(repository, NEWEST) == DIGEST
        with pytest.raises(RegistryError, match=r"has no tag '9\.9\.9' of"):
            digest(repository, "9.9.9")


@pytest.mark.parametrize("name", PRODUCTS)
def test_the_order_of_a_registry_does_not_matter(configuration: Path, name: str) -> None:
    product = PRODUCTS[name]()
    product.tags = numbered_tags(1234)
    random.Random(name).shuffle(product.tags)  # noqa: S311 - an order, no secret
    with serve_answers(by_call=product.answer) as answers:
        log_in(configuration, answers)
        assert set(tags(f"127.0.0.1:{answers.port}/{product.path}")) == set(product.tags)


@pytest.mark.parametrize("name", PRODUCTS)
def test_another_repository_is_missing(configuration: Path, name: str) -> None:
    product = PRODUCTS[name]()
    product.tags = numbered_tags(10)
    with serve_answers(by_call=product.answer) as answers:
        log_in(configuration, answers)
        with pytest.raises(MissingRepositoryError, match="has no repository other/ads"):
            tags(f"127.0.0.1:{answers.port}/other/ads")
