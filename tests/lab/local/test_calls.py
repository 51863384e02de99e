"""Who calls whom in the meshed shop: all edges of the call graph, encrypted and known by name, and no others."""

import json
from typing import Any

import pytest

from boutique.mesh import policies
from tests.support import online_boutique
from tests.support.lab.lab_commands import Lab
from tests.support.lab.local_stack import LocalDeployment
from tests.support.lab.mesh_identities import ask, calls, curl

pytestmark = pytest.mark.lab

STORE_EDGE = ("cartservice", "redis-cart")
LOST_EDGE = ("checkoutservice", "currencyservice")
EDGES = {(caller.name, callee) for caller in online_boutique.WORKLOADS if caller.port for callee in caller.callees}
BAGGAGE = "feature=my-branch"
PRODUCT = "OLJCESPC7Z"
ORDER = (
    "email=someone%40example.com&street_address=1600+Amphitheatre+Parkway&zip_code=94043&city=Mountain+View&state=CA"
    "&country=United+States&credit_card_number=4432-8015-6152-0454&credit_card_expiration_month=1"
    "&credit_card_expiration_year=2039&credit_card_cvv=672"
)

Hop = dict[str, Any]


@pytest.fixture(scope="module")
def hops(lab: Lab, local: LocalDeployment, tmp_path_factory: pytest.TempPathFactory) -> list[Hop]:
    """Those of one page load and one checkout, with a cart that is not empty."""
    assert local.stack
    frontend = calls(lab, "local")["frontend"]
    cookies = tmp_path_factory.mktemp("visitor") / "cookies"

    def visit(path: str, *arguments: str) -> Any:
        headers = ("--header", "Accept: application/json", "--header", f"baggage: {BAGGAGE}")
        jar = ("--cookie", str(cookies), "--cookie-jar", str(cookies))
        output = curl(
            lab, "loadgenerator", *headers, *jar, *arguments, f"http://{frontend.address}:{frontend.port}{path}"
        )
        return json.loads(output)["hops"] if output else []

    pages = [
        visit("/"),
        visit(f"/product/{PRODUCT}"),
        visit("/cart", "--data", f"product_id={PRODUCT}&quantity=2", "--output", "/dev/null"),
        visit("/cart"),
        visit("/cart/checkout", "--data", ORDER),
    ]
    return [hop for page in pages for hop in page]


def test_all_edges_of_the_call_graph_are_walked(hops: list[Hop]) -> None:
    assert len(EDGES - {STORE_EDGE}) == 14
    assert {(hop["caller"], hop["workload"]) for hop in hops if hop["caller"]} == EDGES
    assert {hop["status"] for hop in hops} == {"OK"}


def test_thirteen_of_fourteen_carry_the_baggage(hops: list[Hop]) -> None:
    carried: dict[tuple[str, str], set[str | None]] = {}
    for hop in hops:
        if hop["caller"]:
            carried.setdefault((hop["caller"], hop["workload"]), set()).add(hop["baggage"])
    assert {edge for edge, values in carried.items() if values == {BAGGAGE}} == EDGES - {STORE_EDGE, LOST_EDGE}
    assert carried[LOST_EDGE] == carried[STORE_EDGE] == {None}


def test_every_caller_is_known_by_its_own_service_account(hops: list[Hop]) -> None:
    edges = {(hop["caller"] or "loadgenerator", hop["identity"]) for hop in hops if hop["workload"] != "redis-cart"}
    callers = {caller for caller, _ in EDGES - {STORE_EDGE}} | {"loadgenerator"}
    assert edges == {(caller, f"spiffe://cluster.local/ns/local/sa/{caller}") for caller in callers}


def test_whoever_has_no_certificate_is_refused_by_every_pod(lab: Lab, local: LocalDeployment) -> None:
    assert local.stack
    pods: Any = lab.status()["pods"]
    ports = {workload.name: workload.port for workload in online_boutique.WORKLOADS if workload.port}
    open_ones = []
    for pod in pods:
        port = ports.get(pod["name"].rsplit("-", 2)[0])
        if port is None:
            continue
        result = lab.boutique(
            "exec", "--", "curl", "--silent", "--max-time", "5", f"http://{pod['address']}:{port}/", check=False
        )
        # 56: the connection was reset (curl.se/libcurl/c/libcurl-errors.html, CURLE_RECV_ERROR).
        if result.returncode != 56:
            open_ones.append((pod["name"], result.returncode, result.stdout))
    assert not open_ones


@pytest.mark.parametrize("caller", [workload.name for workload in online_boutique.WORKLOADS])
def test_a_caller_reaches_what_the_call_graph_says_and_nothing_else(
    lab: Lab, local: LocalDeployment, caller: str
) -> None:
    assert local.stack
    edges = {
        edge.callee
        for edge in policies.table(online_boutique.APPLICATION)
        if edge.caller == policies.Caller(name=caller)
    }
    # What a pod says to itself never leaves it.
    questions = {name: question for name, question in calls(lab, "local").items() if name != caller}
    answers = dict(zip(questions, ask(lab, caller, list(questions.values())), strict=True))
    assert {name for name, answer in answers.items() if answer != questions[name].refused} == edges
    # A callee may reject an empty request, which only an authorized caller learns.
    assert not {name for name in edges if answers[name] in {"UNAVAILABLE", "503", "DEADLINE_EXCEEDED"}}


def test_istio_finds_nothing_to_say_against_what_is_deployed(lab: Lab, local: LocalDeployment) -> None:
    assert local.stack
    output = lab.boutique("exec", "--", "istioctl", "analyze", "--all-namespaces", "--output", "json").stdout
    messages = [message for message in json.loads(output) if message["level"] in {"Error", "Warning"}]
    assert not messages
