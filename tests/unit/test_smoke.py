"""`boutique smoke`: every verdict, with its exit code, against fakes on the loopback."""

import socket
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from boutique.outputs import SCHEMA_VERSION, UNKNOWN, VERSION
from ops.smoke.reached_services import Proof, Reached
from ops.smoke.smoke_report import ServiceReport, SmokeReport
from ops.smoke.smoke_view import show
from ops.smoke.visitor_checks import Outside
from tests.support import online_boutique
from tests.support.certificate_samples import Issued, issue
from tests.support.online_boutique import CUSTOMER
from tests.support.unit.smoke_command import Smoke, Smoked, command
from tests.support.unit.smoke_fakes import TOKEN, Cluster, Shop, deployer, outputs, pulumi, serving

HOST = "shop.localhost"
AUTHORITY = issue("Authority", now=datetime.now(UTC))
SERVICES = {each.name for each in online_boutique.WORKLOADS}


def certificate(**different: Any) -> Issued:
    return issue(**{"name": HOST, "issuer": AUTHORITY, "hosts": (HOST,), "now": datetime.now(UTC), **different})


@pytest.fixture
def boutique(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Smoke:
    """Return `boutique(*arguments)`, which runs the command with a `pulumi` of the test's own."""
    run = command(monkeypatch, capsys, tmp_path, TOKEN)

    def watched(*arguments: str) -> Smoked:
        found = run(*arguments)
        assert TOKEN not in (tmp_path / "commands").read_text()
        return found

    return watched


@pytest.fixture
def smoke(boutique: Smoke, tmp_path: Path) -> Smoke:
    """Return `smoke(*arguments, shop, cluster, served, url)`, which tests a stack on fakes, good ones if not given."""

    def run(
        *arguments: str,
        shop: Shop | None = None,
        cluster: Cluster | None = None,
        served: Issued | None = None,
        url: str = f"https://{HOST}:PORT",
    ) -> Smoked:
        with ExitStack() as stack:
            web = stack.enter_context(serving(shop or Shop(), served or certificate(), tmp_path))
            api = stack.enter_context(serving(cluster or Cluster()))
            pulumi(tmp_path, {"some": outputs(url.replace("PORT", str(web)), deployer(api))})
            (tmp_path / "ca.pem").write_text(AUTHORITY.pem)
            return boutique("some", "--json", "--cacert", str(tmp_path / "ca.pem"), *arguments)

    return run


def test_real_images_imply_whom_their_pages_cannot_do_without(smoke: Smoke) -> None:
    shop = Shop()
    found = smoke(shop=shop)
    assert (found.code, found.json["ok"], found.json["mistakes"]) == (0, True, [])
    unknown = {"adservice", "recommendationservice", "emailservice", "loadgenerator"}
    assert {name for name, proof in found.reached.items() if proof == "unknown"} == unknown
    assert {name for name, proof in found.reached.items() if proof == "implied"} == SERVICES - unknown
    assert found.json["services"]["cartservice"]["ready"] == 1
    assert found.json["services"]["cartservice"]["running"] == [online_boutique.VERSION]
    assert {service["standIns"] for service in found.json["services"].values()} == {0}
    assert found.json["certificate"]["daysLeft"] == 89
    assert found.json["certificate"]["protocol"] == "TLSv1.3"
    assert {host.partition(":")[0] for _, host, _, _ in shop.seen} == {HOST}
    assert [cookie for _, _, cookie, _ in shop.seen] == ["", *["shop_session-id=someone"] * 5]


def test_hops_prove_which_pod_of_which_version_answered(smoke: Smoke) -> None:
    found = smoke(shop=Shop(version=online_boutique.VERSION), cluster=Cluster())
    services = found.json["services"]
    assert services["adservice"]["reached"] == {
        "proof": "yes",
        "versions": ["v0.10.6"],
        "pods": ["adservice-0"],
        "said": "yes, by v0.10.6 in adservice-0",
    }
    # The store has a version of its own, and the fake shop calls every version the same.
    assert found.json["mistakes"] == [
        "redis-cart: requests were answered by v0.10.6, not 8.8.1-alpine; look at its routes",
    ]


def test_a_call_that_fails_behind_a_good_page_is_seen_in_the_hops(smoke: Smoke) -> None:
    found = smoke(shop=Shop(version=online_boutique.VERSION, dead=("adservice",)))
    assert found.code == 3
    assert found.reached["adservice"] == "no"
    assert found.json["mistakes"][0] == (
        "adservice: no good answer: frontend's call ended with UNAVAILABLE; "
        "look at `kubectl -n shop logs -l app=adservice`"
    )


def test_an_order_goes_to_the_test_customer_unless_it_is_left_out(smoke: Smoke) -> None:
    shop = Shop()
    smoke(shop=shop)
    [order] = [body for request, _, _, body in shop.seen if request == "POST /cart/checkout"]
    assert CUSTOMER.replace("@", "%40") in order
    shop = Shop()
    found = smoke("--no-order", shop=shop)
    assert found.code == 0
    assert "POST /cart/checkout" not in [request for request, _, _, _ in shop.seen]
    assert shop.seen[-1][0] == "POST /cart/empty", "nothing is left behind"
    unknown = {name: one["reached"]["said"] for name, one in found.json["services"].items()}
    assert unknown["paymentservice"] == unknown["checkoutservice"] == "unknown: no order was made"


@pytest.mark.parametrize(
    ("cluster", "mistake"),
    [
        (
            Cluster(ready={"cartservice": 0}),
            "cartservice: 0 of 1 replicas are ready (container server: ImagePullBackOff); "
            "look at `kubectl -n shop describe pods -l app=cartservice`",
        ),
        (
            Cluster(scaled={"cartservice": 0}),
            "cartservice: was scaled to 0, 0 ready, and the stack wants 1; run `pulumi up --refresh`",
        ),
        (Cluster(missing=("cartservice",)), "cartservice: has no Deployment; run `pulumi up --refresh`"),
        (
            Cluster(images={"redis-cart": "redis:7"}),
            f"redis-cart: runs redis:7, not {online_boutique.REDIS_CART.image}; wait for an update under way, "
            "or run `pulumi up --refresh`",
        ),
    ],
    ids=["not ready", "scaled", "missing", "other version"],
)
def test_pods_that_are_not_as_the_stack_wants(smoke: Smoke, cluster: Cluster, mistake: str) -> None:
    found = smoke(cluster=cluster)
    assert found.code == 3
    assert found.json["mistakes"] == [mistake]
    name = mistake.partition(":")[0]
    assert [each for each, one in found.json["services"].items() if not one["ok"]] == [name]


def test_a_refusal_of_the_api_server_is_no_reason_not_to_look_at_the_shop(smoke: Smoke) -> None:
    found = smoke(cluster=Cluster(status=401))
    assert found.code == 3
    [mistake] = found.json["mistakes"]
    assert "answers 401 to GET /apis/apps/v1/namespaces/shop/deployments: Unauthorized; run `pulumi up`" in mistake
    assert found.json["services"]["frontend"]["ready"] is None
    assert found.reached["frontend"] == "implied"


def test_a_page_that_fails_is_named_with_what_it_needs(smoke: Smoke) -> None:
    found = smoke(shop=Shop(statuses={"POST /cart/checkout": 500}))
    assert found.code == 3
    [mistake] = found.json["mistakes"]
    assert mistake.startswith(
        "page 'checkout' (POST /cart/checkout): answered 500 Internal Server Error instead of 200; it needs frontend, "
    )
    assert found.reached["paymentservice"] == "unknown"
    assert found.reached["shippingservice"] == "implied"


def test_a_certificate_with_few_days_left_is_warned_of(smoke: Smoke) -> None:
    found = smoke(served=certificate(ends=timedelta(days=20)))
    assert (found.code, found.json["mistakes"]) == (0, [])
    [warning] = found.json["warnings"]
    assert "expires on" in warning
    assert "in 19 days; renew it" in warning


@pytest.mark.parametrize(
    ("served", "mistake", "not_trusted"),
    [
        (
            certificate(begins=timedelta(days=-9), ends=timedelta(days=-2)),
            "'CN=shop.localhost' expired on",
            "certificate has expired",
        ),
        (
            certificate(hosts=("other.localhost",)),
            "'CN=shop.localhost' is not valid for shop.localhost, only for other.localhost",
            "Hostname mismatch",
        ),
    ],
    ids=["expired", "other host"],
)
def test_a_wrong_certificate_is_explained_and_nothing_is_sent(
    smoke: Smoke, served: Issued, mistake: str, not_trusted: str
) -> None:
    shop = Shop()
    found = smoke(shop=shop, served=served)
    assert found.code == 3
    first, second = found.json["mistakes"]
    assert mistake in first
    assert not_trusted in second
    assert "--cacert" not in second
    assert set(found.reached.values()) == {"no"}
    assert shop.seen == []


def test_an_authority_that_nobody_trusts_has_its_remedy(smoke: Smoke) -> None:
    stranger = issue("Stranger", now=datetime.now(UTC))
    found = smoke(served=certificate(issuer=stranger))
    [mistake] = found.json["mistakes"]
    assert mistake.endswith("give --cacert with the authority that signed it")


def test_an_environment_without_a_link_is_green_and_warned_of(smoke: Smoke) -> None:
    found = smoke(url="kubectl -n shop port-forward svc/frontend 8080:80")
    assert (found.code, found.json["link"], found.json["certificate"]) == (0, None, None)
    assert set(found.reached.values()) == {"unknown"}
    assert "boutique:platform.ingress" in found.json["warnings"][0]


def test_a_gateway_that_is_not_there_is_one_mistake(smoke: Smoke) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    found = smoke(url=f"https://{HOST}:{port}")
    assert found.code == 3
    assert found.json["mistakes"] == [
        f"{HOST}:{port}: cannot be reached: Connection refused; is the gateway running, and does the name lead to it?"
    ]


def test_a_gateway_that_says_nothing_is_given_up(smoke: Smoke) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        found = smoke("--timeout", "2", url=f"https://{HOST}:{silent.getsockname()[1]}")
    [mistake] = found.json["mistakes"]
    assert "no answer in time" in mistake


@pytest.mark.parametrize(
    ("status", "sent", "code", "told"),
    [(301, "elsewhere", 3, "mistakes"), (404, "refused", 3, "mistakes"), (200, "served", 0, "warnings")],
)
def test_plain_http_has_to_lead_to_https(
    smoke: Smoke, monkeypatch: pytest.MonkeyPatch, status: int, sent: str, code: int, told: str, tmp_path: Path
) -> None:
    class Plain(Shop):
        def answer(self, *_: Any) -> tuple[int, dict[str, str], str]:
            return status, {"location": "https://elsewhere.example/"} if status == 301 else {}, ""

    with serving(Shop(), certificate(), tmp_path) as web, serving(Plain()) as plain:
        monkeypatch.setenv("BOUTIQUE_LAB_HTTPS_PORT", str(web))
        monkeypatch.setenv("BOUTIQUE_LAB_HTTP_PORT", str(plain))
        found = smoke(url=f"https://{HOST}:{web}")
    assert found.json["plainHttp"]["sent"] == sent
    assert found.code == code
    assert [f"http://{HOST}:{plain}" in line for line in found.json[told]] == [True]


def test_the_kubeconfig_of_an_environment_elsewhere_is_its_clusters(boutique: Smoke, tmp_path: Path) -> None:
    with serving(Cluster()) as api:
        said = outputs("kubectl port-forward", deployer(api))
        targets = said.pop("targets")
        pulumi(tmp_path, {"dev": said, "organization/boutique/some": {VERSION: SCHEMA_VERSION, "targets": targets}})
        assert boutique("dev").code == 0
        (tmp_path / "organization_boutique_some.json").write_text("{}")
        gone = boutique("dev")
    assert gone.code == 1
    assert gone.err.startswith("error: stack 'organization/boutique/some' has no target 'shop' any more")


def test_a_kubeconfig_that_an_update_never_learnt_is_named_and_not_shown(boutique: Smoke, tmp_path: Path) -> None:
    pulumi(tmp_path, {"some": outputs("kubectl port-forward", UNKNOWN)})
    found = boutique("some")
    assert (found.code, found.err) == (
        1,
        "error: stack 'organization/boutique/some' does not know its output targets.shop.kubeconfig yet; "
        "run `pulumi up` there\n",
    )


def test_an_api_server_that_is_not_there_is_a_mistake(boutique: Smoke, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    pulumi(tmp_path, {"some": outputs("kubectl port-forward", deployer(port))})
    found = boutique("some", "--json")
    assert found.code == 3
    [mistake] = found.json["mistakes"]
    assert mistake.startswith(f"the API server http://127.0.0.1:{port} does not answer GET ")


def test_a_pulumi_that_hangs_is_given_up(boutique: Smoke, tmp_path: Path) -> None:
    pulumi(tmp_path, {})
    (tmp_path / "pulumi").write_text("#!/bin/sh\nexec sleep inf\n")
    found = boutique("some", "--timeout", "1")
    assert (found.code, found.err) == (
        1,
        "error: pulumi did not return the outputs of stack 'some' in time; give a longer --timeout\n",
    )


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["nope"], 1, "error: pulumi cannot read stack 'nope': no stack named 'nope' found\n"),
        (["empty"], 1, "error: stack 'empty' was not deployed; name a stack with boutique:environment, "),
        (["shared"], 1, "error: stack 'shared' has no environment; "),
        (["empty", "--cacert", "commands"], 1, "error: commands: holds no certificate in PEM; "),
        ([], 2, "Missing argument"),
        (["some", "--timeout", "soon"], 2, "Invalid value for '--timeout'"),
    ],
)
def test_what_its_user_can_mend_is_said_in_one_line(
    boutique: Smoke, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, arguments: list[str], code: int, said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    pulumi(tmp_path, {"empty": {}, "shared": {"targets": {}}})
    found = boutique(*arguments)
    assert found.code == code
    assert said in found.err
    assert "Traceback" not in found.err
    assert found.out == ""


def test_a_machine_without_pulumi_is_told_where_it_is(
    boutique: Smoke, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pulumi(tmp_path, {})
    monkeypatch.setenv("PATH", "/nowhere")
    assert boutique("some").err.startswith("error: the program 'pulumi' is missing")


def test_people_get_a_table(boutique: Smoke, tmp_path: Path) -> None:
    with serving(Shop(), certificate(), tmp_path) as web, serving(Cluster(ready={"cartservice": 0})) as api:
        pulumi(tmp_path, {"some": outputs(f"https://{HOST}:{web}", deployer(api))})
        (tmp_path / "ca.pem").write_text(AUTHORITY.pem)
        found = boutique("some", "--cacert", str(tmp_path / "ca.pem"))
    lines = [line.split() for line in found.out.splitlines()]
    assert lines[0] == ["service", "version", "ready", "reached"]
    assert ["frontend", "v0.10.6", "1/1", "implied", "by", "index"] in lines
    assert ["cartservice", "none", "(wanted:", "v0.10.6)", "0/1", "implied", "by", "index"] in lines
    assert f"link        https://{HOST}:{web}" in found.out
    assert "certificate CN=shop.localhost, 89 days left" in found.out
    assert "error: cartservice: 0 of 1 replicas are ready" in found.out
    assert "smoke some: 1 error, " in found.out


def test_services_that_run_stand_ins_are_named(boutique: Smoke, tmp_path: Path) -> None:
    cluster = Cluster(standins=("frontend", "cartservice"), ready={"cartservice": 0, "adservice": 0})
    with serving(Shop(), certificate(), tmp_path) as web, serving(cluster) as api:
        pulumi(tmp_path, {"some": outputs(f"https://{HOST}:{web}", deployer(api))})
        (tmp_path / "ca.pem").write_text(AUTHORITY.pem)
        text = boutique("some", "--cacert", str(tmp_path / "ca.pem")).out
        services = boutique("some", "--json", "--cacert", str(tmp_path / "ca.pem")).json["services"]
    lines = [line.split()[:4] for line in text.splitlines()]
    assert ["service", "version", "ready", "containers"] in lines
    assert ["frontend", "v0.10.6", "1/1", "stand-in"] in lines
    assert ["emailservice", "v0.10.6", "1/1", "image"] in lines
    assert "containers  stand-ins instead of images in 1 of 12 services: see docs/containers.md" in text
    # Of a pod that is not ready, nobody knows yet what will run in it.
    assert {name for name, service in services.items() if service["standIns"]} == {"frontend"}


def test_pods_of_one_service_may_differ_in_what_they_run(capsys: pytest.CaptureFixture[str]) -> None:
    reached = Reached(proof=Proof.YES, description="yes")
    service = ServiceReport(
        name="ads", version="1", replicas=3, ready=3, running=("1",), standins=2, reached=reached, errors=()
    )
    outside = Outside(url="kubectl", link=None)
    report = SmokeReport(subject="some", identity={}, outside=outside, services=(service,), errors=(), warnings=())
    show(report, 1, as_json=False)
    assert "3/3    2 of 3 stand-in" in capsys.readouterr().out
