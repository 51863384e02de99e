"""What a feature runs: the environment's own services, with what the branch changed."""

from collections.abc import Mapping

import pytest

from boutique.features.feature_workloads import feature_workloads
from boutique.settings.feature_settings import Feature
from boutique.settings.stack import Environment
from tests.support.online_boutique import APPLICATION

VARIABLE = "CURRENCY_SERVICE_ADDR"


def addresses(*services: str, variables: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return where each service of a feature looks for currencies."""
    environment = Environment.model_validate({"services": {"checkoutservice": {"variables": variables or {}}}})
    versions = {service: {"version": "0.10.7-pay.1"} for service in services}
    workloads = feature_workloads(
        APPLICATION,
        environment,
        Feature.model_validate({"environment": "dev", "services": versions}),
        "pay",
    )
    return {
        workload.workload.name: workload.variables[VARIABLE] for workload in workloads if VARIABLE in workload.variables
    }


@pytest.mark.parametrize(
    ("services", "expected"),
    [
        (("checkoutservice", "currencyservice"), {"checkoutservice": "currencyservice-pay:7000"}),
        (("checkoutservice",), {"checkoutservice": "currencyservice:7000"}),
        # The frontend hands the key on, and a route leads its calls.
        (("frontend", "currencyservice"), {"frontend": "currencyservice:7000"}),
    ],
)
def test_only_who_loses_the_key_calls_the_features_own(services: tuple[str, ...], expected: dict[str, str]) -> None:
    assert addresses(*services) == expected


def test_an_address_that_somebody_chose_stays() -> None:
    chosen = {VARIABLE: "rates.example:7000"}
    assert addresses("checkoutservice", "currencyservice", variables=chosen) == {
        "checkoutservice": "rates.example:7000"
    }


def test_in_an_audit_nobody_calls_directly_and_the_images_are_as_given() -> None:
    images = {"checkoutservice": "pay:v1", "currencyservice": f"rates@sha256:{'a' * 64}"}
    services = {name: {"image": image} for name, image in images.items()}
    section = Feature.model_validate({"environment": "dev", "audit": True, "services": services})
    workloads = feature_workloads(APPLICATION, Environment(), section, "audit-1")
    assert {workload.workload.name: str(workload.image) for workload in workloads} == images
    assert [workload.variables[VARIABLE] for workload in workloads if VARIABLE in workload.variables] == [
        "currencyservice:7000"
    ]
