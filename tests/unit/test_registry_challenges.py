"""Of several ways to log in, the one that works here is taken: Bearer before Basic."""

from pathlib import Path
from urllib.parse import parse_qs

import httpx
import pytest

from support.registry.challenges import Challenge, parse_challenges
from support.registry.registry_errors import NoRegistryError, RefusedLoginError
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

REALM = 'realm="http://127.0.0.1:{port}/token"'
BEARER, BASIC_OF_A = f'Bearer {REALM},service="s"', 'Basic realm="a, \\"b\\" Bearer realm=c"'


@pytest.fixture(autouse=True)
def configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", []),
        ("Basic", [("basic", {})]),
        ("BASIC realm=a", [("basic", {"realm": "a"})]),
        ('Basic realm="a", Bearer realm="b"', [("basic", {"realm": "a"}), ("bearer", {"realm": "b"})]),
        (
            'Bearer realm="b",service="s",Basic realm="a"',
            [("bearer", {"realm": "b", "service": "s"}), ("basic", {"realm": "a"})],
        ),
        ('Negotiate, Basic realm="a"', [("negotiate", {}), ("basic", {"realm": "a"})]),
        ('Negotiate YWJj/+==, Bearer realm="b"', [("negotiate", {}), ("bearer", {"realm": "b"})]),
        ("NTLM,Negotiate,Basic", [("ntlm", {}), ("negotiate", {}), ("basic", {})]),
        (
            'Basic realm="a, Bearer realm=\\"x\\"", charset="UTF-8"',
            [("basic", {"realm": 'a, Bearer realm="x"', "charset": "UTF-8"})],
        ),
        (
            ' , Bearer  realm = "b" , service = s ,, Basic realm="a" ,',
            [("bearer", {"realm": "b", "service": "s"}), ("basic", {"realm": "a"})],
        ),
        (
            "Bearer realm=https://a.example/token?x=y&z=1,service=s",
            [("bearer", {"realm": "https://a.example/token?x=y&z=1", "service": "s"})],
        ),
        (
            'Bearer realm="b",scope="repository:a/b:pull,push"',
            [("bearer", {"realm": "b", "scope": "repository:a/b:pull,push"})],
        ),
        ('Bearer realm="b" service="s"', [("bearer", {"realm": "b", "service": "s"})]),
        ('Bearer realm="not closed', [("bearer", {"realm": "not closed"})]),
        ('Bearer realm="", error="invalid_token"', [("bearer", {"realm": "", "error": "invalid_token"})]),
        ('Bearer realm="a",REALM="b"', [("bearer", {"realm": "a"})]),
        ("Bearer realm=", [("bearer", {})]),
        (
            'Digest realm="a", qop="auth, auth-int", nonce="n", Basic realm="b"',
            [("digest", {"realm": "a", "qop": "auth, auth-int", "nonce": "n"}), ("basic", {"realm": "b"})],
        ),
    ],
)
def test_every_challenge_of_a_line_is_read(header: str, expected: list[tuple[str, dict[str, str]]]) -> None:
    assert parse_challenges(httpx.Headers({"www-authenticate": header})) == tuple(
        Challenge(scheme=scheme, parameters=parameters) for scheme, parameters in expected
    )


def test_challenges_of_several_headers_are_read_one_after_the_other() -> None:
    headers = httpx.Headers(
        [("www-authenticate", "Negotiate"), ("WWW-Authenticate", 'Basic realm="a", Bearer realm="b"')]
    )
    assert [challenge.scheme for challenge in parse_challenges(headers)] == ["negotiate", "basic", "bearer"]


@pytest.mark.parametrize(
    "challenge",
    [
        BEARER,
        f"{BEARER}, {BASIC_OF_A}",
        f"{BASIC_OF_A}, {BEARER}",
        f"{BASIC_OF_A},{BEARER}",
        f"Negotiate, {BASIC_OF_A}, {BEARER}",
        f'Negotiate oYG2MIGz==, NTLM, {BEARER}, Basic realm="a"',
        'Bearer realm="/token",service="s"',
        # The first Bearer leads nowhere.
        f'Bearer realm="zot", {BEARER}',
        f'Bearer realm="http://evil.example/token", {BEARER}',
    ],
)
@pytest.mark.parametrize("has_login", [True, False])
def test_bearer_comes_before_basic(configuration: Path, challenge: str, has_login: bool) -> None:
    token: Answered = (200, {}, '{"token": "t"}')
    with serve_answers(by_request={LIST: [refusal(challenge), of_tags("a")], "GET /token": token}) as answers:
        if has_login:
            log_in(configuration, answers)
        assert read(answers) == ("a",)
    assert [login for _, login, _ in answers.seen] == ["", BASIC if has_login else "", "Bearer t"]
    assert parse_qs(answers.seen[1][0].partition("?")[2])["service"] == ["s"]


@pytest.mark.parametrize(
    "challenge",
    [
        BASIC_OF_A,
        f'{BASIC_OF_A}, Bearer realm="Registry Realm"',
        f'Bearer realm="http://evil.example/token",service="s", {BASIC_OF_A}',
        f"Bearer, {BASIC_OF_A}",
        f"Negotiate, {BASIC_OF_A}",
        f'DIGEST realm="a", nonce="n", {BASIC_OF_A}',
    ],
)
def test_basic_is_taken_where_no_bearer_can_be(configuration: Path, challenge: str) -> None:
    with serve_answers(tags=[refusal(challenge), of_tags("a")]) as answers:
        log_in(configuration, answers)
        assert read(answers) == ("a",)
    assert [login for _, login, _ in answers.seen] == ["", BASIC]


def test_basic_without_credentials_is_a_refusal() -> None:
    with (
        serve_answers(tags=refusal(f'Bearer realm="zot", {BASIC_OF_A}')) as answers,
        pytest.raises(RefusedLoginError, match="there are no credentials"),
    ):
        read(answers)


@pytest.mark.parametrize(
    ("challenge", "message"),
    [
        ('Negotiate, NTLM, Digest realm="a, Basic"', "a login by negotiate, ntlm, digest; only Basic and Bearer"),
        ("Negotiate YWJj==", "a login by negotiate; only Basic and Bearer"),
        ('Bearer realm="http://evil.example/token"', "which is not encrypted"),
        ('realm="Basic"', "a login by nothing; only Basic and Bearer"),
    ],
)
def test_other_logins_are_said(configuration: Path, challenge: str, message: str) -> None:
    with serve_answers(tags=refusal(challenge)) as answers:
        log_in(configuration, answers)
        with pytest.raises(NoRegistryError, match=message) as caught:
            read(answers)
        assert [login for _, login, _ in answers.seen] == [""]
    assert SECRET not in str(caught.value)


def test_a_token_of_the_registry_is_sent_whatever_the_realm(configuration: Path) -> None:
    with serve_answers(tags=[refusal(f'{BASIC_OF_A}, Bearer realm="zot"'), of_tags("a")]) as answers:
        log_in(configuration, answers, registrytoken=SECRET)
        assert read(answers) == ("a",)
        assert answers.seen[1][1] == f"Bearer {SECRET}"
