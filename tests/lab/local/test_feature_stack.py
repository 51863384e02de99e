"""Features of the committed stack `local`: who reaches them, who does not, and what is left when they go."""

import json

import pytest

from tests.support.lab.lab_commands import eventually
from tests.support.lab.shop_environments import BASELINE, HOST, Shop

pytestmark = pytest.mark.lab


@pytest.mark.parametrize(
    "service", ["adservice", pytest.param("recommendationservice", marks=pytest.mark.soak), "frontend"]
)
def test_only_testers_reach_what_a_branch_changed(shop: Shop, service: str) -> None:
    version, key = f"0.10.7-new-{service}.3", f"new-{service}"
    before = shop.objects()
    with shop.deploy_feature(key, {service: version}, sessions=["tester-1"], header=True) as stack:
        url = f"https://{key}.{HOST}"
        assert stack.outputs()["url"].startswith(url)
        assert stack.outputs()["versions"] == {service: version}
        added = {key[:1] + key[2:] for key in shop.objects().keys() - before.keys()}
        assert added == {
            ("Deployment", f"{service}-{key}"),
            ("Service", f"{service}-{key}"),
            ("HTTPRoute", f"{service}-{key}"),
            ("HTTPRoute", f"preview-{key}"),
            ("HTTPRoute", f"header-{key}"),
            ("HTTPRoute", stack.outputs()["sessions"][0]),
        }
        for host, headers in (
            (f"{key}.{HOST}", {}),
            (HOST, {"Cookie": "shop_currency=EUR; shop_session-id=tester-1"}),
            (HOST, {"boutique-feature": key}),
        ):
            eventually(lambda: shop.versions(host, **headers).get(service) == {version}, f"{host} {headers}")  # noqa: B023
            seen = shop.versions(host, **headers)
            assert {name: versions for name, versions in seen.items() if name != service} == {
                name: {BASELINE} for name in seen if name != service
            }
        _, _, body = shop.site(f"{key}.{HOST}").get(headers={"Accept": "application/json"})
        banner = f"Feature {key}" if service == "frontend" else None
        assert json.loads(body).get("banner") == banner, "the frontend of a feature says so, and no other"
        other_clients = [{"Cookie": f"shop_session-id=tester-1{number}"} for number in range(50)]
        other_clients += [{"baggage": f"feature={key}", "Baggage": f"a=b,feature={key}"} for _ in range(50)]
        assert not [
            client for client in other_clients if set().union(*shop.versions(HOST, **client).values()) != {BASELINE}
        ]
        shop.configure(stack, {service: f"0.10.7-new-{service}.4"})
        stack.up()
        eventually(lambda: shop.versions(f"{key}.{HOST}").get(service) == {f"0.10.7-new-{service}.4"}, "the next build")
        assert shop.versions(HOST, Cookie="shop_session-id=tester-1")[service] == {BASELINE}, "the session has left"
    assert shop.objects() == before, "nothing is left, and nothing of the baseline was written to"


def test_a_feature_that_never_gets_ready_is_never_reached(shop: Shop) -> None:
    before = shop.objects()
    services = {"adservice": "0.10.7-stuck.broken.never-ready.1"}
    stack = shop.feature("broken", services, key="stuck", sessions=["tester-2"], timeoutSeconds=10)
    done = stack.up(check=False)
    assert done.returncode != 0
    assert "adservice-stuck" in done.stdout
    assert not [key for key in shop.objects().keys() - before.keys() if key[0] == "HTTPRoute"]
    assert shop.versions(f"stuck.{HOST}") == {}
    assert shop.versions(HOST, Cookie="shop_session-id=tester-2")["adservice"] == {BASELINE}
    stack.pulumi("destroy", "--yes", "--skip-preview")
    stack.pulumi("stack", "rm", "--yes")
    assert shop.objects() == before


def test_a_build_that_never_gets_ready_leaves_the_one_before_in_place(shop: Shop) -> None:
    with shop.deploy_feature("new-ads", {"adservice": "0.10.7-new-ads.1"}) as stack:
        host = f"new-ads.{HOST}"
        shop.configure(stack, {"adservice": "0.10.7-new-ads.broken.never-ready.2"}, key="new-ads", timeoutSeconds=10)
        assert stack.up(check=False).returncode != 0
        eventually(lambda: shop.versions(host).get("adservice") == {"0.10.7-new-ads.1"}, "the build before")
        shop.configure(stack, {"adservice": "0.10.7-new-ads.3"})
        stack.up()
        eventually(lambda: shop.versions(host).get("adservice") == {"0.10.7-new-ads.3"}, "the next build")


def test_what_another_feature_has_is_refused_with_the_name_of_its_stack(shop: Shop) -> None:
    with shop.deploy_feature("first", {"adservice": "0.10.7-first.1"}, sessions=["tester-3"]):
        before = shop.objects()
        for stack_name, services, section, expected in (
            (
                "second",
                {"currencyservice": "0.10.7-second.1"},
                {"sessions": ["a", "tester-3"]},
                "boutique:feature.sessions.1: the session has joined another feature, of stack 'first'",
            ),
            (
                "namesake",
                {"currencyservice": "0.10.7-first.2"},
                {},
                "boutique:feature.key: 'first': belongs to the feature of stack 'first'",
            ),
        ):
            rival = shop.feature(stack_name, services, **section)
            done = rival.up(check=False)
            assert done.returncode != 0
            assert expected in done.stdout
            assert "Traceback" not in done.stdout
            assert "tester-3" not in done.stdout, "anyone with a session's id has the session"
            assert not [resource for resource in rival.resources() if resource["type"].startswith("kubernetes:")]
            rival.pulumi("stack", "rm", "--yes", "--force")
        assert shop.objects() == before


@pytest.mark.parametrize(
    ("of", "expected"),
    [
        ("lokal", "boutique:feature.environment: 'lokal': there is no such stack"),
        ("empty", "boutique:feature.environment: 'empty': has not been deployed yet; run `pulumi up` there first"),
    ],
)
def test_an_environment_that_is_not_there_is_named(shop: Shop, of: str, expected: str) -> None:
    if of == "empty":
        shop.stack(of).create()
    stack = shop.feature(f"of-{of}", {"adservice": "0.10.7-new-ads.1"}, environment=of)
    done = stack.up(check=False)
    assert done.returncode != 0
    assert expected in done.stdout
    assert "Traceback" not in done.stdout
