"""Where a registry is, and which credentials Docker's configuration has for it."""

import base64
import errno
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from ops.registry.queries import tags_of
from support.registry.address import Address
from support.registry.credentials import RegistryCredentials
from support.registry.docker_configuration import DockerConfiguration
from support.registry.registry_errors import RefusedLoginError
from tests.support.unit.registry_fakes import LIST, of_tags, read, refusal, serve_answers

SECRET = "canary-of-a-password"  # noqa: S105 - a canary
HUB = "https://index.docker.io/v1/"


def auth(user: str = "ann", password: str = SECRET) -> str:
    return base64.b64encode(f"{user}:{password}".encode()).decode()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return tmp_path


def write(folder: Path, content: Any) -> None:
    text = content if isinstance(content, str | bytes) else json.dumps(content)
    (folder / "config.json").write_bytes(text.encode() if isinstance(text, str) else text)


def helper(folder: Path, script: str) -> None:
    path = folder / "docker-credential-safe"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def of(repository: str = "registry.example:5000/shop/ads") -> RegistryCredentials:
    return DockerConfiguration().credentials(Address.of(repository))


@pytest.mark.parametrize(
    ("repository", "api", "login"),
    [
        ("redis", "https://registry-1.docker.io/v2/library/redis", HUB),
        ("docker.io/redis", "https://registry-1.docker.io/v2/library/redis", HUB),
        ("index.docker.io/shop/ads", "https://registry-1.docker.io/v2/shop/ads", HUB),
        ("shop/ads", "https://registry-1.docker.io/v2/shop/ads", HUB),
        ("registry.example/ads", "https://registry.example/v2/ads", "registry.example"),
        ("registry.example:5000/shop/ads", "https://registry.example:5000/v2/shop/ads", "registry.example:5000"),
        ("registry:5000/shop/ads", "https://registry:5000/v2/shop/ads", "registry:5000"),
        ("Registry/shop/ads", "https://Registry/v2/shop/ads", "Registry"),
        ("localhost/ads", "http://localhost/v2/ads", "localhost"),
        ("localhost:5000/ads", "http://localhost:5000/v2/ads", "localhost:5000"),
        ("127.0.0.1:5000/ads", "http://127.0.0.1:5000/v2/ads", "127.0.0.1:5000"),
        ("[::1]:5000/ads", "http://[::1]:5000/v2/ads", "[::1]:5000"),
        ("localhost.example/ads", "https://localhost.example/v2/ads", "localhost.example"),
        ("127.0.0.1.example:1/ads", "https://127.0.0.1.example:1/v2/ads", "127.0.0.1.example:1"),
        ("10.0.0.1:5000/ads", "https://10.0.0.1:5000/v2/ads", "10.0.0.1:5000"),
    ],
)
def test_a_repository_has_its_place(repository: str, api: str, login: str) -> None:
    address = Address.of(repository)
    assert (address.api, address.login) == (api, login)


@pytest.mark.parametrize(
    ("key", "repository"),
    [
        ("registry.example:5000", "registry.example:5000/shop/ads"),
        ("https://registry.example:5000", "registry.example:5000/shop/ads"),
        ("https://registry.example:5000/v1/", "registry.example:5000/shop/ads"),
        (HUB, "redis"),
        (HUB, "docker.io/shop/ads"),
    ],
)
def test_an_entry_is_found_by_its_registry(folder: Path, key: str, repository: str) -> None:
    write(folder, {"auths": {"other.example": {"auth": auth("bob")}, key: {"auth": auth()}}})
    credentials = of(repository)
    assert (credentials.user, credentials.password) == ("ann", SECRET)
    assert credentials.description == f"user 'ann' of {folder}/config.json"
    assert SECRET not in repr(credentials)


@pytest.mark.parametrize(
    ("entry", "user", "password", "identity", "registry"),
    [
        ({"auth": auth("ann", "a:b:c")}, "ann", "a:b:c", "", ""),
        ({"auth": auth("ann", "padded\0\0")}, "ann", "padded", "", ""),
        ({"auth": auth("ann", "ü€")}, "ann", "ü€", "", ""),
        ({"username": "ann", "password": SECRET}, "ann", SECRET, "", ""),
        ({"auth": auth("0000", ""), "identitytoken": SECRET}, "0000", "", SECRET, ""),
        ({"registrytoken": SECRET}, "", "", "", SECRET),
        ({"auth": ""}, "", "", "", ""),
        ({}, "", "", "", ""),
        ("text", "", "", "", ""),
    ],
)
def test_every_kind_of_entry_is_read(
    folder: Path, entry: Any, user: str, password: str, identity: str, registry: str
) -> None:
    write(folder, {"auths": {"registry.example:5000": entry}})
    credentials = of()
    assert (credentials.user, credentials.password) == (user, password)
    assert (credentials.identity_token, credentials.registry_token) == (identity, registry)
    assert SECRET not in repr(credentials)
    assert credentials.description.endswith(
        f"{folder}/config.json" if user or registry else "has no credentials for it"
    )


@pytest.mark.parametrize("named", [{"credsStore": "safe"}, {"credHelpers": {"registry.example:5000": "safe"}}])
def test_a_helper_comes_before_the_file(folder: Path, named: dict[str, Any]) -> None:
    write(folder, {**named, "auths": {"registry.example:5000": {"auth": auth("bob")}}})
    answer = json.dumps({"Username": "ann", "Secret": SECRET})
    helper(folder, f"[ \"$1 $(cat)\" = 'get registry.example:5000' ] && echo '{answer}'")
    credentials = of()
    assert (credentials.user, credentials.password) == ("ann", SECRET)
    assert credentials.description == "user 'ann' of docker-credential-safe"


def test_a_helper_may_have_a_token(folder: Path) -> None:
    write(folder, {"credsStore": "safe"})
    helper(folder, f'cat > /dev/null; echo \'{{"Username": "<token>", "Secret": "{SECRET}"}}\'')
    credentials = of()
    assert (credentials.user, credentials.identity_token, credentials.basic) == ("", SECRET, None)
    assert SECRET not in repr(credentials)


@pytest.mark.parametrize(
    ("script", "message"),
    [
        (None, "is not on PATH"),
        ("echo credentials not found in native keychain; exit 1", "has none for registry.example:5000"),
        (f"echo {SECRET}", "has none for registry.example:5000"),
        (f"echo '[\"{SECRET}\"]'; echo {SECRET} >&2", "has none for registry.example:5000"),
        ("sleep 5", "did not answer within 0.2 s"),
    ],
)
def test_without_an_answer_of_the_helper_the_file_is_read(
    folder: Path, monkeypatch: pytest.MonkeyPatch, script: str | None, message: str
) -> None:
    monkeypatch.setattr("support.registry.credential_helpers._PATIENCE", 0.2)
    if script:
        helper(folder, f"cat > /dev/null; exec sh -c '{script.replace(chr(39), chr(39) + chr(92) + chr(39) * 2)}'")
    write(folder, {"credsStore": "safe", "auths": {"registry.example:5000": {}}})
    credentials = of()
    assert (credentials.user, credentials.password) == ("", "")
    assert credentials.description.startswith(
        f"there are no credentials: docker-credential-safe, which {folder}/config.json names,"
    )
    assert credentials.description.endswith(message)
    write(folder, {"credsStore": "safe", "auths": {"registry.example:5000": {"auth": auth()}}})
    assert of().user == "ann"


def test_a_helper_is_no_path(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    write(folder, {"credsStore": "evil/program"})
    program = folder / "docker-credential-evil" / "program"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\ntouch {folder}/started\n")
    program.chmod(0o755)
    assert "is not on PATH" in of().description
    assert not (folder / "started").exists()


def test_without_a_file_there_are_none(folder: Path) -> None:
    assert of() == RegistryCredentials(description=f"there are no credentials, as there is no {folder}/config.json")


def test_the_file_is_in_the_home_folder_unless_said_otherwise(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DOCKER_CONFIG")
    monkeypatch.setenv("HOME", str(folder))
    (folder / ".docker").mkdir()
    write(folder / ".docker", {"auths": {"registry.example:5000": {"auth": auth()}}})
    assert of().description == f"user 'ann' of {folder}/.docker/config.json"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("{", "it is no JSON"),
        ('{"auths": {"registry.example:5000": {"auth": "', "it is no JSON"),
        (b"\xff\xfe\xfd", "it is no JSON"),
        (["a"], "it is no JSON object"),
        ("null", "it is no JSON object"),
        ({"auths": {"registry.example:5000": {"auth": f"{SECRET}!"}}}, "is not the base64 of USER:PASSWORD"),
        ({"auths": {"registry.example:5000": {"auth": "bm9ib2R5"}}}, "is not the base64 of USER:PASSWORD"),
    ],
)
def test_a_broken_file_is_a_reason_to_have_none(folder: Path, content: Any, reason: str) -> None:
    write(folder, content)
    broken = of()
    assert broken == RegistryCredentials(description=broken.description)
    assert reason in broken.description
    assert (
        f"{folder}/config.json, where credentials of registries are, holds no Docker configuration: "
        in broken.description
    )
    assert SECRET not in broken.description


@pytest.mark.parametrize("content", ["", " \n", b"\xef\xbb\xbf", b"\xef\xbb\xbf{}"])
def test_an_empty_file_has_no_credentials(folder: Path, content: Any) -> None:
    """Docker has it so too: https://github.com/docker/cli/pull/2599."""
    write(folder, content)
    assert of() == RegistryCredentials(description=f"{folder}/config.json has no credentials for it")


def test_a_file_may_begin_with_a_byte_order_mark(folder: Path) -> None:
    content = json.dumps({"auths": {"registry.example:5000": {"auth": auth()}}})
    write(folder, content.encode("utf-8-sig"))
    assert of().password == SECRET


def test_a_folder_in_the_place_of_the_file_has_none(folder: Path) -> None:
    (folder / "config.json").mkdir()
    assert of() == RegistryCredentials(
        description=f"there are no credentials: {folder}/config.json cannot be read: Is a directory"
    )


def test_a_file_in_the_place_of_the_folder_has_none(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(folder, "{}")
    monkeypatch.setenv("DOCKER_CONFIG", str(folder / "config.json"))
    assert of().description.endswith("/config.json/config.json cannot be read: Not a directory")


def test_a_file_that_may_not_be_read_has_none(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Root may read all files, so the error comes from here.
    monkeypatch.setattr(Path, "read_bytes", Mock(side_effect=PermissionError(errno.EACCES, "Permission denied")))
    assert of().description == f"there are no credentials: {folder}/config.json cannot be read: Permission denied"


def test_who_has_no_home_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DOCKER_CONFIG", raising=False)
    monkeypatch.setattr(Path, "home", Mock(side_effect=RuntimeError("Could not determine home directory.")))
    assert of() == RegistryCredentials(
        description="there are no credentials: there is no home folder, and DOCKER_CONFIG is not set"
    )


@pytest.mark.parametrize("problem", ["empty", "broken", "folder", "entry"])
def test_a_public_image_is_read_whatever_the_file(folder: Path, problem: str) -> None:
    challenge = refusal('Bearer realm="http://127.0.0.1:{port}/token"')
    given = {LIST: [challenge, of_tags("a")], "GET /token": (200, {}, '{"token": "t"}')}
    with serve_answers(by_request=given) as answers:
        if problem == "folder":
            (folder / "config.json").mkdir()
        else:
            entries = {f"127.0.0.1:{answers.port}": {"auth": "!"}}
            write(folder, {"empty": "", "broken": "{", "entry": {"auths": entries}}[problem])
        assert read(answers) == ("a",)
    assert [login for _, login, _ in answers.seen] == ["", "", "Bearer t"]


def test_a_refusal_says_why_there_are_no_credentials(folder: Path) -> None:
    write(folder, "{")
    with (
        serve_answers(tags=refusal('Basic realm="a"')) as answers,
        pytest.raises(RefusedLoginError, match="holds no Docker configuration: it is no JSON; "),
    ):
        read(answers)


@pytest.mark.parametrize(
    "breaks",
    [
        lambda encoded: "\n".join(encoded[place : place + 8] for place in range(0, len(encoded), 8)),
        lambda encoded: encoded + "\r\n",
        lambda encoded: f" {encoded[:5]}\r\n\t{encoded[5:]}",
        lambda encoded: encoded.rstrip("="),
    ],
)
def test_base64_may_have_line_breaks(folder: Path, breaks: Callable[[str], str]) -> None:
    encoded = auth("ann", "a long password, of fifty characters or a few more: ü")
    assert encoded.endswith("=")
    write(folder, {"auths": {"registry.example:5000": {"auth": breaks(encoded)}}})
    assert of().password == "a long password, of fifty characters or a few more: ü"  # noqa: S105 - a canary


@pytest.mark.parametrize(
    ("keys", "repository", "expected"),
    [
        (["quay.io", "quay.io/shop", "quay.io/shop/ads"], "quay.io/shop/ads", "quay.io/shop/ads"),
        (["quay.io/shop/ads", "quay.io/shop", "quay.io"], "quay.io/shop/other", "quay.io/shop"),
        (["quay.io/shop", "quay.io"], "quay.io/shopping/ads", "quay.io"),
        (["quay.io/shop/ads"], "quay.io/shop/adservice", None),
        (["quay.io/shop/ads/more", "quay.io/other"], "quay.io/shop/ads", None),
        (["https://quay.io/shop/", "quay.io"], "quay.io/shop/ads", "https://quay.io/shop/"),
        (["https://quay.io/v2/shop", "https://quay.io/v1/"], "quay.io/shop/ads", "https://quay.io/v2/shop"),
        (["https://quay.io/v1/", "quay.io/other"], "quay.io/shop/ads", "https://quay.io/v1/"),
        (["https://quay.io/v2/"], "quay.io/shop/ads", "https://quay.io/v2/"),
        (["quay.io/v1"], "quay.io/v1/ads", "quay.io/v1"),
        (["QUAY.io/shop"], "quay.io/shop/ads", "QUAY.io/shop"),
        (["quay.io:443/shop"], "quay.io/shop/ads", None),
        (["docker.io/library", HUB], "redis", "docker.io/library"),
        (["docker.io/shop", HUB], "redis", HUB),
        (["docker.io"], "shop/ads", "docker.io"),
        (["index.docker.io", "registry-1.docker.io/shop"], "shop/ads", "registry-1.docker.io/shop"),
    ],
)
def test_the_longest_path_that_fits_is_taken(
    folder: Path, keys: list[str], repository: str, expected: str | None
) -> None:
    """https://github.com/containers/image/blob/main/docs/containers-auth.json.5.md."""
    write(folder, {"auths": {key: {"auth": auth(key)} for key in keys}})
    # A user's name has no colon.
    assert of(repository).user == (expected or "").partition(":")[0]
    write(folder, {"auths": {key: {"username": key, "password": SECRET} for key in keys}})
    assert of(repository).user == (expected or "")


def test_an_entry_with_nothing_in_it_gives_way_to_a_shorter_one(folder: Path) -> None:
    write(folder, {"auths": {"quay.io/shop": {}, "quay.io": {"auth": auth()}}})
    assert of("quay.io/shop/ads").user == "ann"


def test_every_repository_of_a_registry_has_credentials_of_its_own(folder: Path) -> None:
    given = {
        "GET /v2/shop/ads/tags/list": [refusal('Basic realm="a"'), of_tags("a")],
        "GET /v2/other/ads/tags/list": [refusal('Basic realm="a"'), of_tags("b")],
    }
    with serve_answers(by_request=given) as answers:
        registry = f"127.0.0.1:{answers.port}"
        entries = {name: {"auth": auth(name)} for name in ("shop", "other")}
        write(folder, {"auths": {f"{registry}/{name}": entry for name, entry in entries.items()}})
        assert set(tags_of([f"{registry}/shop/ads", f"{registry}/other/ads"]).values()) == {("a",), ("b",)}
        logins = {request.split("/")[2]: login for request, login, _ in answers.seen if login}
    assert logins == {name: f"Basic {entry['auth']}" for name, entry in entries.items()}


def test_a_helper_is_asked_once_for_all_repositories_of_a_registry(folder: Path) -> None:
    write(folder, {"credsStore": "safe"})
    helper(folder, f'cat > /dev/null; echo asked >> {folder}/asked; echo \'{{"Username": "ann", "Secret": "s"}}\'')
    configuration = DockerConfiguration()
    for name in ("shop/ads", "shop/frontend", "other"):
        assert configuration.credentials(Address.of(f"registry.example/{name}")).user == "ann"
    assert (folder / "asked").read_text() == "asked\n"


def test_a_broken_entry_of_another_registry_is_not_looked_at(folder: Path) -> None:
    write(folder, {"auths": {"other.example": {"auth": "!"}, "registry.example:5000": {"auth": auth()}}})
    assert of().user == "ann"


def test_the_helper_of_docker_hub_may_have_its_short_name(folder: Path) -> None:
    write(folder, {"credHelpers": {"docker.io": "safe"}})
    helper(folder, f'cat > /dev/null; echo \'{{"Username": "ann", "Secret": "{SECRET}"}}\'')
    assert of("redis").user == "ann"


@pytest.mark.parametrize("content", [{"auths": None}, {"auths": ["a"]}, {"credHelpers": "safe"}, {"auths": {}}])
def test_what_is_not_there_is_not_missed(folder: Path, content: Any) -> None:
    write(folder, content)
    assert of().description == f"{folder}/config.json has no credentials for it"
