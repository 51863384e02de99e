"""What the answers of a visit prove about a service."""

from dataclasses import replace
from typing import Any

import pytest

from boutique.application.smoke_page import SmokePage
from ops.smoke.reached_services import Proof, prove_reached
from ops.smoke.visit import Visited
from support.hops import Hop

PAGE = SmokePage(name="index", path="/", requires=("carts",))
GOOD = Visited(page=PAGE, status=200, seconds=0, hops=None, problem="")
BAD = replace(GOOD, status=500, problem="answered 500")


def hop(**different: Any) -> Hop:
    return Hop(**{"caller": "web", "workload": "carts", "version": "v1", "pod": "carts-0", "call": "a", **different})


@pytest.mark.parametrize(
    ("visited", "proof", "message"),
    [
        ([GOOD], Proof.IMPLIED, "implied by index"),
        ([BAD], Proof.UNKNOWN, "unknown: a page that needs it failed"),
        ([BAD, GOOD], Proof.IMPLIED, "implied by index"),
        ([], Proof.UNKNOWN, "unknown: no page needs it"),
        # The page says what its way was, and this service was not on it.
        ([replace(GOOD, hops=())], Proof.UNKNOWN, "unknown: no page needs it"),
        ([replace(GOOD, hops=(hop(),))], Proof.YES, "yes, by v1 in carts-0"),
        ([replace(BAD, hops=(hop(),))], Proof.YES, "yes, by v1 in carts-0"),
        ([replace(GOOD, hops=(hop(version=None, pod=None),))], Proof.YES, "yes"),
        (
            [replace(GOOD, hops=(hop(version="v2", pod="carts-1"), hop(), hop(status="UNAVAILABLE")))],
            Proof.YES,
            "yes, by v1 and v2 in carts-0, carts-1",
        ),
        (
            [replace(GOOD, hops=(hop(status="UNAVAILABLE"),))],
            Proof.NO,
            "no good answer: web's call ended with UNAVAILABLE",
        ),
        (
            [replace(BAD, hops=(hop(caller=None, status="Internal Server Error"),))],
            Proof.NO,
            "no good answer: the request ended with Internal Server Error",
        ),
    ],
)
def test_what_is_proven(visited: list[Visited], proof: Proof, message: str) -> None:
    result = prove_reached("carts", visited)
    assert (result.proof, result.description) == (proof, message)
