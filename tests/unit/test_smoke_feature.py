"""`boutique smoke --feature`: every verdict, with its exit code, against fakes on the loopback."""

from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.support import online_boutique
from tests.support.certificate_samples import issue
from tests.support.online_boutique import write_project
from tests.support.unit.feature_fakes import BUILD, KEY, SESSION, STACK, FeatureCluster, RoutedShop, pulumi
from tests.support.unit.smoke_command import Smoke, Smoked, command
from tests.support.unit.smoke_fakes import TOKEN, serving

HOST = "shop.localhost"
NOW = datetime.now(UTC)
AUTHORITY = issue("Authority", now=NOW)
CERTIFICATE = issue(HOST, issuer=AUTHORITY, hosts=(HOST, f"*.{HOST}"), now=NOW)
BASELINE = online_boutique.VERSION
OTHER_STACK = "plain"


@pytest.fixture
def boutique(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Smoke:
    """Return `boutique(*arguments)`, which runs the command with a `pulumi` of the test's own."""
    write_project(tmp_path)
    monkeypatch.chdir(tmp_path)
    return command(monkeypatch, capsys, tmp_path, TOKEN, SESSION)


@pytest.fixture
def smoke(boutique: Smoke, tmp_path: Path) -> Smoke:
    """Return `smoke(*arguments, shop, cluster, services, stack)`, which tests a feature, a good one if not given."""

    def run(
        *arguments: str,
        shop: RoutedShop | None = None,
        cluster: FeatureCluster | None = None,
        services: dict[str, str] | None = None,
        stack: str | None = STACK,
    ) -> Smoked:
        services = services or {"adservice": BUILD}
        with ExitStack() as held:
            routed = shop or RoutedShop(feature=tuple(services))
            web = held.enter_context(serving(routed, CERTIFICATE, tmp_path))
            api = held.enter_context(serving(cluster or FeatureCluster(services=services)))
            pulumi(tmp_path, web, api, services if stack else None, stack=stack or "")
            (tmp_path / "ca.pem").write_text(AUTHORITY.pem)
            given = arguments or ("--json", "--feature", KEY)
            return boutique(*given, "--cacert", str(tmp_path / "ca.pem"))

    return run


def test_a_feature_that_runs_stand_ins_says_so(smoke: Smoke) -> None:
    services = {"adservice": BUILD, "cartservice": BUILD}
    cluster = FeatureCluster(services=services, standins=("adservice",))
    found = smoke(services=services, cluster=cluster)
    assert {name: service["standIns"] for name, service in found.json["services"].items()} == {
        "adservice": 1,
        "cartservice": 0,
    }


def test_a_feature_that_every_call_with_its_key_reaches_is_green(smoke: Smoke) -> None:
    shop = RoutedShop()
    found = smoke(shop=shop)
    assert (found.code, found.json["mistakes"], found.json["warnings"]) == (0, [], [])
    assert {key: found.json[key] for key in ("feature", "key", "environment", "stack", "ok", "unknown")} == {
        "feature": KEY,
        "key": KEY,
        "environment": "some",
        "stack": STACK,
        "ok": True,
        "unknown": 0,
    }
    assert found.json["services"]["adservice"] == {
        "ok": True,
        "replicas": 1,
        "ready": 1,
        "version": BUILD,
        "running": [BUILD],
        "standIns": 0,
        "reached": {
            "proof": "yes",
            "calls": 4,
            "right": 4,
            "failed": 0,
            "versions": [BUILD],
            "pods": ["adservice-new-ads-0"],
            "said": f"yes, 4 calls, by {BUILD} in adservice-new-ads-0",
        },
        "mistakes": [],
    }
    assert {host.partition(":")[0] for _, host, _, _ in shop.seen} == {f"{KEY}.{HOST}"}
    assert "POST /cart/checkout" in [request for request, _, _, _ in shop.seen]


def test_people_get_a_table(smoke: Smoke) -> None:
    found = smoke("--feature", KEY)
    first, second, *_, last = found.out.splitlines()
    assert first.split() == ["service", "version", "ready", "reached"]
    assert second.split() == f"adservice {BUILD} 1/1 yes, 4 calls, by {BUILD} in adservice-new-ads-0".split()
    assert f"link        https://{KEY}.{HOST}:" in found.out
    assert last.startswith("smoke --feature new-ads of some: all green, ")


@pytest.mark.parametrize(
    ("shop", "services", "mistake"),
    [
        (
            RoutedShop(feature=("currencyservice",)),
            {"currencyservice": BUILD},
            f"currencyservice: {BASELINE} answered 1 of 5 calls, not {BUILD}: checkoutservice -> currencyservice "
            "dropped feature=new-ads, as the published image of checkoutservice does; let the feature deploy "
            "checkoutservice as well, which then calls currencyservice-new-ads directly",
        ),
        (
            RoutedShop(drops=(("frontend", "adservice"),)),
            {"adservice": BUILD},
            f"adservice: {BASELINE} answered 4 of 4 calls, not {BUILD}: frontend -> adservice dropped "
            "feature=new-ads; frontend has to hand the header `baggage` on to adservice",
        ),
        (
            RoutedShop(unrouted=("adservice",)),
            {"adservice": BUILD},
            f"adservice: {BASELINE} answered 4 of 4 calls, not {BUILD}: feature=new-ads did arrive, so the route to "
            "the feature is not in force; `boutique routes some` shows which are",
        ),
    ],
    ids=["known to drop", "another image drops", "no route"],
)
def test_a_key_that_does_not_lead_to_the_feature_is_red(
    smoke: Smoke, shop: RoutedShop, services: dict[str, str], mistake: str
) -> None:
    found = smoke(shop=shop, services=services)
    assert (found.code, found.json["mistakes"]) == (3, [mistake])
    assert set(found.reached.values()) == {"no"}


def test_what_only_an_order_reaches_is_unknown_without_one(smoke: Smoke) -> None:
    services = {"paymentservice": BUILD}
    assert smoke(services=services).reached == {"paymentservice": "yes"}
    shop = RoutedShop(feature=tuple(services))
    found = smoke("--json", "--feature", KEY, "--no-order", services=services, shop=shop)
    assert "POST /cart/checkout" not in [request for request, _, _, _ in shop.seen]
    assert (found.code, found.json["unknown"], found.json["mistakes"]) == (0, 1, [])
    assert found.json["services"]["paymentservice"]["reached"]["said"] == (
        "unknown: no page called it, and no order was made"
    )


def test_real_images_prove_no_more_than_they_say(smoke: Smoke) -> None:
    found = smoke(shop=RoutedShop(listing=False))
    assert (found.code, found.reached) == (0, {"adservice": "unknown"})
    [warning] = found.json["warnings"]
    assert warning.startswith("real images list no hops: which version answered is unknown")
    said = smoke("--feature", KEY, shop=RoutedShop(listing=False)).out
    assert "all green" not in said
    assert "smoke --feature new-ads of some: no errors, 1 unknown, " in said


@pytest.mark.parametrize(
    ("cluster", "mistake"),
    [
        (
            FeatureCluster(ready={"adservice": 0}),
            "adservice: 0 of 1 replicas are ready; "
            "look at `kubectl -n shop describe pods -l app=adservice,boutique.dev/feature=new-ads`",
        ),
        (FeatureCluster(services={}), "adservice: has no Deployment; deploy the feature again"),
        (FeatureCluster(services={}, routed=False), "adservice: has no Deployment; deploy the feature again"),
        (
            FeatureCluster(services={"adservice": "0.10.7-new-ads.2"}),
            f"adservice: runs 0.10.7-new-ads.2, not {BUILD}; wait for an update under way, or deploy the feature again",
        ),
    ],
    ids=["not ready", "deleted by hand", "nothing there", "another build"],
)
def test_pods_that_are_not_as_the_stack_wants(smoke: Smoke, cluster: FeatureCluster, mistake: str) -> None:
    found = smoke(cluster=cluster)
    assert (found.code, found.json["mistakes"]) == (3, [mistake])


def test_a_host_without_a_route_is_one_mistake(smoke: Smoke) -> None:
    everything = ("GET /", "GET /product/OLJCESPC7Z", "POST /cart", "GET /cart", "POST /cart/checkout")
    shop = RoutedShop(statuses=dict.fromkeys((*everything, "POST /cart/empty"), 404), listing=False)
    found = smoke(shop=shop)
    assert found.code == 3
    [mistake] = found.json["mistakes"]
    assert mistake.startswith(f"https://{KEY}.{HOST}:")
    assert mistake.endswith(
        "every page answered 404: no route for that host is in force; `boutique routes some` shows which are"
    )
    assert found.json["services"]["adservice"]["reached"]["said"] == "unknown: all pages failed"


def test_a_page_that_fails_is_wrong_even_if_the_feature_answers(smoke: Smoke) -> None:
    found = smoke(shop=RoutedShop(statuses={"GET /cart": 500}))
    assert (found.code, found.reached) == (3, {"adservice": "yes"})
    [mistake] = found.json["mistakes"]
    assert mistake.startswith("page 'cart' (GET /cart): answered 500 Internal Server Error instead of 200: it broke;")


def test_a_stack_of_any_name_and_one_that_is_gone(smoke: Smoke) -> None:
    given = ("some", "--json", "--feature", KEY)
    found = smoke(*given, stack=OTHER_STACK, cluster=FeatureCluster(owner=OTHER_STACK))
    assert (found.code, found.json["stack"], found.json["warnings"]) == (0, OTHER_STACK, [])
    found = smoke(*given, stack=None)
    assert (found.code, found.json["services"]["adservice"]["version"]) == (0, BUILD)
    [warning] = found.json["warnings"]
    assert warning.startswith(f"stack '{STACK}' is gone, ")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ("--feature", "other"),
            "error: the feature 'other' has no stack such as dev-other: say which environment as STACK\n",
        ),
        (
            ("some", "--feature", "other"),
            "error: feature 'other' of 'some': no such feature; `boutique feature list` lists them\n",
        ),
        (("gone", "--feature", KEY), "error: STACK gone: there is no stack 'gone'; `pulumi stack ls` shows which\n"),
        (("some", "--feature", ""), "error: '': the branch is empty\n"),
    ],
)
def test_a_feature_that_is_not_there_is_named_with_the_remedy(
    smoke: Smoke, arguments: tuple[str, ...], said: str
) -> None:
    found = smoke(*arguments)
    assert (found.code, found.out) == (1, "")
    assert found.err.startswith(said.removesuffix("\n"))
    assert found.err.count("\n") == 1


def test_a_feature_of_which_nothing_was_deployed_is_no_green_one(smoke: Smoke) -> None:
    found = smoke("some", "--feature", KEY, stack=None, cluster=FeatureCluster(services={}))
    assert (found.code, found.err) == (
        1,
        "error: feature 'new-ads' of 'some': nothing of it was deployed; deploy it with `boutique feature up`\n",
    )


def test_a_pulumi_that_hangs_is_given_up(boutique: Smoke, tmp_path: Path) -> None:
    (tmp_path / "pulumi").write_text("#!/bin/sh\nexec sleep inf\n")
    (tmp_path / "pulumi").chmod(0o755)
    found = boutique("--feature", KEY, "--timeout", "1")
    assert (found.code, found.err) == (
        1,
        "error: pulumi did not list the stacks in time; give a longer --timeout\n",
    )
    found = boutique("some", "--feature", KEY, "--timeout", "1")
    assert (found.code, found.err) == (
        1,
        "error: pulumi did not finish for stack 'some' in time; give a longer --timeout\n",
    )


def test_neither_a_stack_nor_a_feature_is_no_command(boutique: Smoke) -> None:
    found = boutique("--json")
    assert (found.code, found.out) == (2, "")
    assert "Missing argument 'STACK'" in found.err
    assert "--feature NAME" in " ".join(found.err.replace("│", "").split())
