"""A quota holds what an environment needs while it changes over."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boutique.settings.quantities import Quantity, api_amount
from boutique.targets.quota import PROXY_LIMITS, PROXY_REQUESTS, hard_limits
from tests.support.online_boutique import WORKLOADS


@pytest.mark.parametrize(
    ("quantity", "expected"),
    [("100m", "0.1"), ("2", "2"), ("0.5", "0.5"), ("64Mi", str(64 * 2**20)), ("1Gi", str(2**30)), ("3k", "3000")],
)
def test_quantities_are_read(quantity: str, expected: str) -> None:
    assert Quantity.parse(quantity).amount == Decimal(expected)
    assert str(Quantity.parse(quantity)) == quantity


@pytest.mark.parametrize("wrong", ["", "m", "1 Gi", "100mi"])
def test_what_is_no_quantity_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match="is not a Kubernetes quantity"):
        Quantity.parse(wrong)


@pytest.mark.parametrize(
    ("quantity", "expected"),
    [
        ("100m", "0.1"),
        ("1e3", "1000"),
        ("2Ti", str(2 * 2**40)),
        ("5n", "5e-9"),
        (".5", "0.5"),
        (24, "24"),
        ("-1", "-1"),
    ],
)
def test_quantities_of_the_api_server_are_read(quantity: object, expected: str) -> None:
    assert api_amount(quantity) == Decimal(expected)


@pytest.mark.parametrize("wrong", ["", "m", "1 Gi", "one", "1e", "100mi"])
def test_what_the_api_server_never_writes_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match="is not a Kubernetes quantity"):
        api_amount(wrong)


@given(st.integers(1, 10))
def test_every_pod_with_its_proxy_fits_three_times(replicas: int) -> None:
    hard = hard_limits(WORKLOADS, replicas)
    pods = 3 * replicas
    assert int(hard["pods"]) == pods * len(WORKLOADS)
    for kind, proxy in (("requests", PROXY_REQUESTS), ("limits", PROXY_LIMITS)):
        for resource in ("cpu", "memory"):
            needed = sum(
                pods * (getattr(workload, kind).amounts()[resource] + proxy.amounts()[resource])
                for workload in WORKLOADS
            )
            assert api_amount(hard[f"{kind}.{resource}"]) == needed
