"""What the hops of a visit prove about the key of a feature."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from boutique.application.smoke_page import SmokePage
from ops.features.propagation import Arrival, PropagationQuestion, arrival
from ops.smoke.link import link
from ops.smoke.reached_services import Proof
from ops.smoke.visit import Visited
from ops.smoke.visitor_checks import Outside
from support.hops import Hop
from tests.support.online_boutique import APPLICATION

KEY = "new-ads"
BUILD, BASELINE = "0.10.7-new-ads.3", "v0.10.6"
PAGE = SmokePage(name="index", path="/", requires=())
ADS = PropagationQuestion(
    application=APPLICATION,
    service="adservice",
    version=BUILD,
    key=KEY,
    environment="dev",
    namespace="shop",
    changed=("adservice",),
)
RATES = replace(ADS, service="currencyservice", changed=("currencyservice",))
ROUTES = "`boutique routes dev` shows which are"


def hop(caller: str | None, workload: str, key: str | None = KEY, version: str | None = BASELINE, **more: Any) -> Hop:
    """Return a hop of the baseline that the key reached, if nothing else is said."""
    given = {"pod": f"{workload}-0" if version else None, "baggage": f"feature={key}" if key else None, **more}
    return Hop(caller=caller, workload=workload, version=version, call="a call", **given)


FRONT = hop(None, "frontend")
CHECKOUT = hop("frontend", "checkoutservice")


def visit(*answers: Sequence[Hop] | None, problem: str = "", order: bool = True) -> Outside:
    visited = [
        Visited(
            page=PAGE,
            status=500 if problem else 200,
            seconds=0,
            hops=None if hops is None else tuple(hops),
            problem=problem,
        )
        for hops in answers
    ]
    url = "https://new-ads.shop.localhost"
    return Outside(url=url, link=link(url), visited=visited, order=order)


def judge_answers(question: PropagationQuestion, *answers: Sequence[Hop] | None) -> Arrival:
    return arrival(question, visit(*answers))


def test_a_service_whose_every_call_the_feature_answers_is_reached() -> None:
    mine = hop("frontend", "adservice", version=BUILD, pod="adservice-new-ads-1")
    result = judge_answers(ADS, [FRONT, mine], None, [FRONT, mine])
    assert (result.reached.proof, result.calls, result.right) == (Proof.YES, 2, 2)
    assert result.reached.description == f"yes, 2 calls, by {BUILD} in adservice-new-ads-1"
    assert result.errors == ()
    # What is called directly needs no key.
    assert judge_answers(ADS, [FRONT, hop("frontend", "adservice", None, BUILD)]).reached.proof is Proof.YES


def test_the_first_edge_that_dropped_the_key_is_named_and_not_a_later_one() -> None:
    lost = [FRONT, hop("frontend", "recommendationservice", None)]
    question = replace(ADS, service="productcatalogservice", changed=("productcatalogservice",))
    result = judge_answers(question, [*lost, hop("recommendationservice", "productcatalogservice", None)])
    assert result.reached.proof is Proof.NO
    assert result.errors == (
        f"{BASELINE} answered 1 of 1 call, not {BUILD}: frontend -> recommendationservice dropped feature=new-ads; "
        "frontend has to hand the header `baggage` on to recommendationservice",
    )


def test_each_call_has_its_own_way() -> None:
    mine = hop("frontend", "currencyservice", version=BUILD)
    theirs = hop("checkoutservice", "currencyservice", None)
    # The frontend calls once more after the checkout: its own hop is far up the list.
    result = judge_answers(RATES, [FRONT, mine, CHECKOUT, hop("checkoutservice", "cartservice"), theirs, theirs, mine])
    assert (result.calls, result.right) == (4, 2)
    assert result.reached.description == f"wrong, 2 of 4 calls by {BASELINE} in currencyservice-0"
    [error] = result.errors
    assert error.startswith(f"{BASELINE} answered 2 of 4 calls, not {BUILD}: checkoutservice -> currencyservice ")


def test_what_the_published_image_is_known_to_drop_has_a_way_round() -> None:
    answer = [FRONT, CHECKOUT, hop("checkoutservice", "currencyservice", None)]
    [error] = judge_answers(RATES, answer).errors
    assert error.endswith(
        "checkoutservice -> currencyservice dropped feature=new-ads, as the published image of checkoutservice does; "
        "let the feature deploy checkoutservice as well, which then calls currencyservice-new-ads directly"
    )
    # Calls further on would lose the key all the same.
    [error] = judge_answers(ADS, [*answer, hop("currencyservice", "adservice", None)]).errors
    assert error.endswith("; checkoutservice has to hand the header `baggage` on to currencyservice")
    both = replace(RATES, changed=("checkoutservice", "currencyservice"))
    [error] = judge_answers(both, answer).errors
    assert error.endswith("deploy the feature again: then its checkoutservice calls currencyservice-new-ads directly")


@pytest.mark.parametrize(
    ("hops", "reason"),
    [
        (
            [FRONT, hop("frontend", "adservice")],
            f"feature=new-ads did arrive, so the route to the feature is not in force; {ROUTES}",
        ),
        (
            [hop(None, "frontend", None), hop("frontend", "adservice", None)],
            "the gateway did not give the request feature=new-ads, so the route of the preview link is not in force; "
            f"{ROUTES}",
        ),
        # Another feature's key, and one that only begins alike, is no key of this one.
        (
            [FRONT, hop("frontend", "adservice", "new-ads-2")],
            "frontend -> adservice dropped feature=new-ads; frontend has to hand the header `baggage` on to adservice",
        ),
        (
            [FRONT, hop("frontend", "adservice", version="0.10.7-new-ads.2")],
            "it is another build of the feature; wait for an update under way, or deploy the feature again",
        ),
    ],
    ids=["no route in the mesh", "no route at the edge", "another key", "another build"],
)
def test_why_others_answered(hops: list[Hop], reason: str) -> None:
    question = replace(ADS, running=(BUILD, "0.10.7-new-ads.2"))
    [error] = judge_answers(question, hops).errors
    assert error == f"{hops[-1].version} answered 1 of 1 call, not {BUILD}: {reason}"


def test_baggage_is_read_as_its_specification_has_it() -> None:
    among_others = hop("frontend", "adservice", baggage="a=b , feature = new-ads;p=1,c=d")
    [error] = judge_answers(ADS, [FRONT, among_others]).errors
    assert "did arrive" in error


def test_several_reasons_are_several_mistakes() -> None:
    unrouted = hop("frontend", "currencyservice")
    dropped = hop("checkoutservice", "currencyservice", None)
    first, second = judge_answers(RATES, [FRONT, unrouted, CHECKOUT, dropped, dropped]).errors
    assert first.startswith(f"{BASELINE} answered 1 of 3 calls")
    assert second.startswith(f"{BASELINE} answered 2 of 3 calls")


def test_a_call_without_an_answer_drops_no_key() -> None:
    # It says nothing of what would have arrived.
    dead = hop("frontend", "adservice", None, None, status="UNAVAILABLE")
    result = judge_answers(ADS, [FRONT, dead])
    assert (result.reached.proof, result.calls, result.failed) == (Proof.NO, 0, 1)
    assert result.errors == (
        "no good answer: frontend's call ended with UNAVAILABLE; look at `kubectl -n shop logs -l app=adservice`",
    )
    alive = hop("frontend", "adservice", version=BUILD)
    result = judge_answers(ADS, [FRONT, dead, alive])
    assert (result.reached.proof, result.calls, result.failed, result.errors) == (Proof.YES, 1, 1, ())
    direct = hop("checkoutservice", "currencyservice-new-ads", None, None, status="UNAVAILABLE")
    assert judge_answers(RATES, [FRONT, CHECKOUT, direct]).failed == 1


@pytest.mark.parametrize(
    ("outside", "message"),
    [
        (visit([FRONT], None), "unknown: no page called it"),
        (visit([FRONT], None, order=False), "unknown: no page called it, and no order was made"),
        (visit(None, None), "unknown: the answers list no hops"),
        (visit(None, problem="answered 500"), "unknown: all pages failed"),
        (
            replace(visit(), visited=[*visit([FRONT]).visited, *visit(None, problem="answered 500").visited]),
            "unknown: no page called it, and index failed",
        ),
    ],
)
def test_what_no_hop_proves_stays_unknown(outside: Outside, message: str) -> None:
    result = arrival(ADS, outside)
    assert (result.reached.proof, result.reached.description, result.errors) == (Proof.UNKNOWN, message, ())


def test_a_link_that_nobody_answers_reaches_nothing() -> None:
    result = arrival(ADS, replace(visit(), unreachable="gone"))
    assert (result.reached.proof, result.errors) == (Proof.NO, ())
