"""A registry's status comes first: no body and no header of a failure is taken for content."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ops.registry.queries import digest
from support.registry.address import Address
from support.registry.registry_errors import (
    MissingTagError,
    NoRegistryError,
    RefusedLoginError,
    RegistryError,
    UnreachableRegistryError,
)
from support.registry.repository import Repository
from support.registry.session import Registry
from tests.support.unit.registry_fakes import (
    BASIC,
    LIST,
    SECRET,
    Answered,
    log_in,
    of_tags,
    read,
    refusal,
    serve_answers,
)

MANIFEST = "/v2/shop/ads/manifests/1.2.3"
INDEX = '{"schemaVersion": 2, "manifests": []}'
DIGEST = f"sha256:{hashlib.sha256(INDEX.encode()).hexdigest()}"
ERROR_DIGEST = {"docker-content-digest": f"sha256:{'e' * 64}"}
SIGNED = '{"schemaVersion": 1, "name": "shop/ads", "signatures": []}'
UNKNOWN = '{"errors": [{"code": "MANIFEST_UNKNOWN", "message": "manifest\\n unknown"}]}'
LIMITED = '{"errors": [{"code": "TOOMANYREQUESTS", "message": "You reached your limit."}]}'
PAGE = "<p>Log in.</p>"


@pytest.fixture(autouse=True)
def configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    return tmp_path


def read_digest(head: Answered, get: Answered) -> str:
    with serve_answers(by_request={f"HEAD {MANIFEST}": head, f"GET {MANIFEST}": get}) as answers:
        return digest(f"127.0.0.1:{answers.port}/shop/ads", "1.2.3")


@pytest.mark.parametrize("head", [(200, {}, ""), (405, {}, ""), (501, {}, ""), (405, ERROR_DIGEST, "")])
def test_a_head_that_names_no_digest_is_followed_by_a_get(head: Answered) -> None:
    assert read_digest(head, (200, {}, INDEX)) == DIGEST


@pytest.mark.parametrize(
    ("get", "error", "message"),
    [
        ((429, {}, '{"errors": [{"code": "TOOMANYREQUESTS"}]}'), UnreachableRegistryError, r"429 \(TOOMANYREQUESTS\)"),
        ((429, ERROR_DIGEST, ""), UnreachableRegistryError, "answers 429; try again later"),
        ((408, {}, ""), UnreachableRegistryError, "answers 408; try again later"),
        ((500, {}, INDEX), UnreachableRegistryError, "answers 500; try again later"),
        ((503, {}, PAGE), UnreachableRegistryError, "answers 503; try again later"),
        ((404, {}, '{"errors": [{"code": "MANIFEST_UNKNOWN"}]}'), MissingTagError, "has no tag '1.2.3' of shop/ads"),
        ((404, {}, UNKNOWN), MissingTagError, r"repository \(MANIFEST_UNKNOWN: manifest  unknown\); correct"),
        ((429, {}, LIMITED), UnreachableRegistryError, r"429 \(TOOMANYREQUESTS: You reached your limit\.\)"),
        ((404, ERROR_DIGEST, PAGE), MissingTagError, "has no tag '1.2.3' of shop/ads"),
        ((403, {}, PAGE), RefusedLoginError, "does not let the repository shop/ads be read"),
        ((400, {}, INDEX), NoRegistryError, "it says 400"),
        ((204, {}, ""), NoRegistryError, "it says 204"),
        ((200, {}, PAGE), NoRegistryError, "gives '1.2.3' of shop/ads no manifest"),
        ((200, {}, ""), NoRegistryError, "gives '1.2.3' of shop/ads no manifest"),
        ((200, {}, "[]"), NoRegistryError, "gives '1.2.3' of shop/ads no manifest"),
        ((200, {}, '{"errors": [{"code": "UNKNOWN"}]}'), NoRegistryError, "gives '1.2.3' of shop/ads no manifest"),
        ((200, {}, SIGNED), NoRegistryError, "gives '1.2.3' of shop/ads a manifest of schema 1"),
        ((402, {}, '{"errors": [{"code": "DENIED"}]}'), RegistryError, r"declines .* shop/ads: 402 \(DENIED\)"),
    ],
)
def test_nothing_but_a_manifest_has_the_digest_of_one(get: Answered, error: type[RegistryError], message: str) -> None:
    with pytest.raises(error, match=message):
        read_digest((200, {}, ""), get)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (404, MissingTagError),
        (429, UnreachableRegistryError),
        (503, UnreachableRegistryError),
        (206, NoRegistryError),
        (400, NoRegistryError),
    ],
)
def test_a_digest_in_the_headers_of_a_failure_is_not_taken(status: int, error: type[RegistryError]) -> None:
    with pytest.raises(error):
        read_digest((status, ERROR_DIGEST, ""), (200, {}, INDEX))


@pytest.mark.parametrize("answer", [(429, {}, ""), (500, {}, ""), (404, {}, ""), (206, {}, "layer")])
def test_the_body_of_a_failure_is_no_blob(answer: Answered) -> None:
    layer = f"sha256:{hashlib.sha256(b'layer').hexdigest()}"
    parts: list[bytes] = []
    with serve_answers(by_request={f"GET /v2/shop/ads/blobs/{layer}": answer}) as answers:
        address = Address.of(f"127.0.0.1:{answers.port}/shop/ads")
        with pytest.raises(RegistryError):
            Repository(Registry(address), address).blob(layer, parts.append)
    assert parts == []


@pytest.mark.parametrize("status", [400, 404, 408, 429, 500, 503])
def test_tags_in_a_failure_are_none(status: int) -> None:
    body = of_tags("1.2.3")[2]
    with serve_answers(tags=(status, {}, body)) as answers, pytest.raises(RegistryError, match=f" {status}"):
        read(answers)


@pytest.mark.parametrize("status", [201, 302, 404, 429, 500])
def test_a_token_in_a_failure_is_none(status: int) -> None:
    given: dict[str, Any] = {
        LIST: [refusal('Bearer realm="http://127.0.0.1:{port}/token"'), of_tags("a")],
        "GET /token": (status, {}, '{"token": "t"}'),
    }
    with serve_answers(by_request=given) as answers, pytest.raises(RegistryError):
        read(answers)
    assert len(answers.seen) == 2


def answers_of_harbor() -> Callable[[str, Any, str], Answered]:
    """Return the answers of a registry whose first token has run out, and which then asks for Basic.

    https://github.com/goharbor/harbor/issues/18856
    """
    tokens = iter(["one", "two"])

    def answer(request: str, headers: Any, _: str) -> Answered:
        login = headers.get("authorization", "")
        if request.startswith("GET /token"):
            return 200, {}, f'{{"token": "{next(tokens)}"}}'
        if not login:
            return refusal('Bearer realm="http://127.0.0.1:{port}/token"')
        if "last=" not in request:
            return of_tags("a", link=f'<{LIST[4:]}?n=1&last=a>; rel="next"')
        return of_tags("b") if login == "Bearer two" else refusal('Basic realm="harbor"')

    return answer


def test_a_token_that_has_run_out_is_renewed_without_credentials() -> None:
    with serve_answers(by_call=answers_of_harbor()) as answers:
        assert read(answers) == ("a", "b")


def test_a_registry_may_ask_for_a_login_by_403(configuration: Path) -> None:
    with serve_answers(tags=[refusal('Basic realm="a"', 403), of_tags("a")]) as answers:
        log_in(configuration, answers)
        assert read(answers) == ("a",)
        assert [login for _, login, _ in answers.seen] == ["", BASIC]


def test_a_registry_that_refuses_credentials_is_not_asked_again(configuration: Path) -> None:
    with serve_answers(tags=refusal('Basic realm="a"', 403)) as answers:
        log_in(configuration, answers)
        with pytest.raises(RefusedLoginError, match="user 'ann' of ") as caught:
            read(answers)
        assert len(answers.seen) == 2
    assert SECRET not in str(caught.value)
