"""The application as it is deployed: every service is an image's program, called over mTLS by its callers only."""

import json
import re

import pytest

from tests.support.lab.program_lab import FIRST, GO, PYTHON, REDIS_VERSION, SESSION, Programs

pytestmark = pytest.mark.lab

CALLERS = {"catalog": "web", "stock": "catalog", "price": "stock", "cart": "web"}


def test_every_service_is_an_images_program(programs: Programs) -> None:
    assert programs.versions() == {**dict.fromkeys((*GO, *PYTHON), FIRST), "redis-cart": REDIS_VERSION}
    pods = programs.lab.status()["pods"]
    assert isinstance(pods, list)
    sources = {
        container["source"]
        for pod in pods
        for container in pod["containers"]
        if pod["namespace"] == "local" and container["name"] != "istio-proxy"
    }
    assert sources == {"image"}


def test_each_service_knows_its_caller_by_mtls(programs: Programs) -> None:
    peers = {hop["workload"]: hop.get("peer", "") for hop in programs.visit()}
    callers = {
        workload: match[1]
        for workload, peer in peers.items()
        if (match := re.search(r"URI=spiffe://[^/]+/ns/local/sa/([a-z-]+)", peer))
    }
    assert callers == CALLERS


def test_sessions_are_kept_in_redis(programs: Programs) -> None:
    headers = {"Cookie": f"{SESSION}=redis-test"}
    counts = [
        next(hop["visits"] for hop in programs.visit(headers=headers) if hop["workload"] == "redis-cart")
        for _ in range(3)
    ]
    assert counts == [1, 2, 3]


def test_smoke_reaches_everything(programs: Programs) -> None:
    result = json.loads(programs.boutique("smoke", "local", "--json").stdout)
    assert result["mistakes"] == []
    assert set(result["services"]) == {*GO, *PYTHON, "redis-cart"}


def test_the_audit_finds_that_the_key_is_carried_everywhere(programs: Programs) -> None:
    result = json.loads(programs.boutique("audit", "local", "--json").stdout)
    assert {(edge["caller"] or "gateway", edge["callee"]) for edge in result["edges"]} == {
        ("gateway", "web"),
        *((caller, callee) for callee, caller in CALLERS.items()),
    }
    assert (result["lost"], result["notExercised"]) == (0, 0)
