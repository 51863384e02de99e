"""What a registry may answer: each is read, or refused by name, and no secret goes where it does not belong."""

import hashlib
import socket
import threading
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from ops.registry.queries import digest, tags, tags_of
from support.registry import connection
from support.registry.address import Address
from support.registry.registry_errors import (
    MissingRepositoryError,
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


@pytest.fixture(autouse=True)
def configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (of_tags("1.2.3", "latest"), ("1.2.3", "latest")),
        (of_tags(), ()),
        ((200, {}, '{"name": "shop/ads", "tags": null}'), ()),
        (of_tags("a", "b", "a"), ("a", "b")),
    ],
)
def test_tags_are_read(answer: Answered, expected: tuple[str, ...]) -> None:
    with serve_answers(tags=answer) as answers:
        assert read(answers) == expected
        assert answers.seen == [(f"{LIST}?n=1000", "", "")]


@pytest.mark.parametrize("prefix", ["", "http://127.0.0.1:{port}"])
def test_the_next_page_may_be_relative_or_not(prefix: str) -> None:
    link = f'<{prefix}/v2/shop/ads/tags/list?n=2&last=b>; rel="next"'
    pages = {f"{LIST}?n=1000": of_tags("a", "b", link=link), f"{LIST}?n=2&last=b": of_tags("c")}
    with serve_answers(by_request=pages) as answers:
        assert read(answers) == ("a", "b", "c")


@pytest.mark.parametrize(
    ("answer", "error", "message"),
    [
        ((200, {}, "<p>A page.</p>"), NoRegistryError, "is no registry: asked for shop/ads, it says 200"),
        ((200, {}, "[]"), NoRegistryError, "is no registry"),
        ((200, {}, "{}"), NoRegistryError, "is no registry"),
        ((200, {}, '{"tags": 1}'), NoRegistryError, "is no tag"),
        (of_tags(1), NoRegistryError, "is no tag"),
        (of_tags("a b"), NoRegistryError, "is no tag"),
        (of_tags("\x1b[2J"), NoRegistryError, "is no tag"),
        ((404, {}, "<p>Nothing.</p>"), NoRegistryError, "is no registry: asked for shop/ads, it says 404"),
        (
            (404, {}, '{"errors": [{"code": "NAME_UNKNOWN"}]}'),
            MissingRepositoryError,
            "has no repository shop/ads; correct the environment's image settings, or push the first image",
        ),
        ((429, {}, '{"errors": [{"code": "TOOMANYREQUESTS"}]}'), UnreachableRegistryError, "429 (TOOMANYREQUESTS)"),
        ((503, {}, ""), UnreachableRegistryError, "answers 503; try again later"),
        (of_tags("a", link=f'<{LIST[4:]}?n=1000>; rel="next"'), NoRegistryError, "does not come to an end"),
        (of_tags("a", link='<https://evil.example/v2/>; rel="next"'), NoRegistryError, "on another host"),
        (of_tags("a", link='<http://127.0.0.1:1/v2/>; rel="next"'), NoRegistryError, "on another host"),
        ((302, {"location": "/v2/shop/ads/tags/list"}, ""), NoRegistryError, "is no registry"),
        (refusal("", 403), RefusedLoginError, "(DENIED): there are no credentials, as there is no"),
        (refusal(""), NoRegistryError, "asks for a login by nothing"),
        (refusal('Negotiate realm="a"'), NoRegistryError, "asks for a login by negotiate; only Basic and Bearer"),
        (refusal('Bearer realm="http://evil.example/token"'), NoRegistryError, "which is not encrypted"),
        (refusal('Bearer service="a"'), NoRegistryError, "which is not encrypted"),
        (refusal("Bearer realm="), NoRegistryError, "which is not encrypted"),
    ],
)
def test_what_is_no_list_of_tags_is_told_by_name(
    configuration: Path, answer: Answered, error: type[RegistryError], message: str
) -> None:
    with serve_answers(tags=answer) as answers:
        if error is not RefusedLoginError:
            log_in(configuration, answers)
        with pytest.raises(error) as caught:
            read(answers)
        assert f"registry 127.0.0.1:{answers.port}" in str(caught.value)
    assert message in str(caught.value)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("token", "error", "message"),
    [
        ((500, {}, ""), UnreachableRegistryError, "the token server of registry 127.0.0.1:{port} answers 500"),
        ((200, {}, "<p>A page.</p>"), NoRegistryError, "gives no token"),
        ((200, {}, '{"token": "a\\r\\nb"}'), NoRegistryError, "gives no token"),
        ((200, {}, '{"token": 1}'), NoRegistryError, "gives no token"),
        ((400, {}, '{"error": "invalid_grant"}'), RefusedLoginError, "user 'ann' of"),
        ((401, {}, ""), RefusedLoginError, "user 'ann' of"),
    ],
)
def test_a_token_server_that_gives_none_is_told(
    configuration: Path, token: Answered, error: type[RegistryError], message: str
) -> None:
    challenge = refusal('Bearer realm="http://127.0.0.1:{port}/token"')
    with serve_answers(by_request={LIST: challenge, "GET /token": token}) as answers:
        log_in(configuration, answers)
        with pytest.raises(error) as caught:
            read(answers)
        assert message.replace("{port}", str(answers.port)) in str(caught.value)
    assert SECRET not in str(caught.value)


def test_a_token_is_asked_for_as_the_registry_says_and_renewed_when_it_has_run_out(configuration: Path) -> None:
    scope = "repository:shop/ads:pull,metadata_read"
    challenge = refusal(f'Bearer realm="http://127.0.0.1:{{port}}/token?a=b",service="the, registry",scope="{scope}"')
    first = of_tags("a", link=f'<{LIST[4:]}?last=a>; rel="next"')
    given = {
        f"{LIST}?n=1000": [challenge, first],
        f"{LIST}?last=a": [challenge, of_tags("b")],
        "GET /token": [(200, {}, '{"token": "one"}'), (200, {}, '{"access_token": "two"}')],
    }
    with serve_answers(by_request=given) as answers:
        log_in(configuration, answers)
        assert read(answers) == ("a", "b")
    requests = [(request.partition("?")[0], login) for request, login, _ in answers.seen]
    token = ("GET /token", BASIC)
    first_login, second_login = (LIST, "Bearer one"), (LIST, "Bearer two")
    assert requests == [(LIST, ""), token, first_login, first_login, token, second_login]
    query = parse_qs(answers.seen[1][0].partition("?")[2])
    assert query == {"a": ["b"], "service": ["the, registry"], "scope": [scope]}


def test_everybody_gets_a_token_without_credentials() -> None:
    challenge = refusal('Bearer realm="http://127.0.0.1:{port}/token"')
    with serve_answers(
        by_request={LIST: [challenge, of_tags("a")], "GET /token": (200, {}, '{"token": "t"}')}
    ) as answers:
        assert read(answers) == ("a",)
    assert [login for _, login, _ in answers.seen] == ["", "", "Bearer t"]
    assert parse_qs(answers.seen[1][0].partition("?")[2]) == {"scope": ["repository:shop/ads:pull"]}


def test_an_identity_token_is_exchanged(configuration: Path) -> None:
    challenge = refusal('Bearer realm="http://127.0.0.1:{port}/token",service="s"')
    given = {LIST: [challenge, of_tags("a")], "POST /token": (200, {}, '{"access_token": "t"}')}
    with serve_answers(by_request=given) as answers:
        log_in(configuration, answers, identitytoken=SECRET)
        assert read(answers) == ("a",)
    form = parse_qs(answers.seen[1][2])
    assert form["grant_type"] == ["refresh_token"]
    assert form["refresh_token"] == [SECRET]


def test_an_identity_token_is_not_handed_on(configuration: Path) -> None:
    challenge = refusal('Bearer realm="http://127.0.0.1:{port}/token"')
    with serve_answers(tags=of_tags()) as other:
        redirect = (307, {"location": f"http://localhost:{other.port}/token"}, "")
        with serve_answers(by_request={LIST: challenge, "POST /token": redirect}) as answers:
            log_in(configuration, answers, identitytoken=SECRET)
            with pytest.raises(UnreachableRegistryError, match=r"the token server of .* answers 307"):
                read(answers)
    assert other.seen == []


def test_a_registry_token_needs_no_server(configuration: Path) -> None:
    challenge = refusal('Bearer realm="http://127.0.0.1:{port}/token"')
    with serve_answers(tags=[challenge, of_tags("a")]) as answers:
        log_in(configuration, answers, registrytoken=SECRET)
        assert read(answers) == ("a",)
        assert answers.seen[1][1] == f"Bearer {SECRET}"


def test_no_credentials_go_to_another_host(configuration: Path) -> None:
    elsewhere = {LIST: [of_tags("a", link=f'<{LIST[4:]}?last=a>; rel="next"'), refusal('Basic realm="evil"')]}
    with serve_answers(by_request=elsewhere) as other:
        redirect = (307, {"location": f"http://localhost:{other.port}{LIST[4:]}"}, "")
        with serve_answers(tags=[refusal('Basic realm="a"'), redirect]) as answers:
            log_in(configuration, answers)
            with pytest.raises(RefusedLoginError):
                read(answers)
            assert [login for _, login, _ in answers.seen] == ["", BASIC]
    assert [login for _, login, _ in other.seen] == ["", ""]


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ({"docker-content-digest": f"sha256:{'a' * 64}"}, f"sha256:{'a' * 64}"),
        ({}, f"sha256:{hashlib.sha256(b'{}').hexdigest()}"),
    ],
)
def test_a_digest_is_read_or_reckoned(head: dict[str, str], expected: str) -> None:
    manifest = "/v2/shop/ads/manifests/1.2.3"
    given = {f"HEAD {manifest}": (200, head, ""), f"GET {manifest}": (200, {}, "{}")}
    with serve_answers(by_request=given) as answers:
        assert digest(f"127.0.0.1:{answers.port}/shop/ads", "1.2.3") == expected


def test_what_is_no_digest_is_told() -> None:
    given = {"HEAD /v2/shop/ads/manifests/a": (200, {"docker-content-digest": "md5:1"}, "")}
    with (
        serve_answers(by_request=given) as answers,
        pytest.raises(NoRegistryError, match="gives 'a' of shop/ads no digest"),
    ):
        digest(f"127.0.0.1:{answers.port}/shop/ads", "a")


def test_what_does_not_speak_http_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            asking, _ = listener.accept()
            with asking:
                asking.recv(65536)
                asking.sendall(b"220 mail.example\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(NoRegistryError, match=r"is no registry: .*; check host and port of the repository"):
            tags(f"127.0.0.1:{listener.getsockname()[1]}/shop/ads")
        thread.join()


def test_an_answer_that_does_not_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "_LARGEST", 1000)
    long = of_tags(*(f"a{number}" for number in range(1000)))
    with serve_answers(tags=long) as answers, pytest.raises(NoRegistryError, match="its answer does not end"):
        read(answers)


def test_an_answer_that_does_not_come_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "_ANSWER_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        with pytest.raises(UnreachableRegistryError, match=f"registry localhost:{port} does not answer within"):
            tags(f"localhost:{port}/shop/ads")


@pytest.mark.parametrize("repository", ["registry.example:99999/ads", "-.-:1/ads", "a..b/ads"])
def test_what_is_no_address_is_told(repository: str) -> None:
    with pytest.raises(RegistryError, match=f"registry {repository.partition('/')[0]} "):
        tags_of([repository])


BLOB = "GET /v2/shop/ads/blobs/sha256:" + hashlib.sha256(b"layer").hexdigest()


def test_a_blob_is_read_with_a_login_and_checked(configuration: Path) -> None:
    challenge = refusal('Bearer realm="http://127.0.0.1:{port}/token"')
    token = (200, {}, '{"token": "t"}')
    given = {BLOB: [challenge, (200, {}, "layer"), (200, {}, "other")], "GET /token": token}
    with serve_answers(by_request=given) as answers:
        log_in(configuration, answers)
        address = Address.of(f"127.0.0.1:{answers.port}/shop/ads")
        repository = Repository(Registry(address), address)
        parts: list[bytes] = []
        repository.blob(BLOB.rpartition("/")[2], parts.append)
        assert b"".join(parts) == b"layer"
        with pytest.raises(NoRegistryError, match=r"gives shop/ads@sha256:.* the content of sha256:"):
            repository.blob(BLOB.rpartition("/")[2], parts.append)
    assert [login for _, login, _ in answers.seen] == ["", BASIC, "Bearer t", "Bearer t"]


@pytest.mark.parametrize(
    ("answer", "error", "message"),
    [
        ((200, {}, "<p>A page.</p>"), NoRegistryError, "gives '1.2.3' of shop/ads no manifest"),
        ((404, {}, ""), MissingTagError, "has no tag '1.2.3' of shop/ads"),
        ((503, {}, ""), UnreachableRegistryError, "answers 503; try again later"),
    ],
)
def test_what_is_no_manifest_is_told(answer: Answered, error: type[RegistryError], message: str) -> None:
    with serve_answers(by_request={"GET /v2/shop/ads/manifests/1.2.3": answer}) as answers:
        address = Address.of(f"127.0.0.1:{answers.port}/shop/ads")
        with pytest.raises(error, match=message):
            Repository(Registry(address), address).manifest("1.2.3")
