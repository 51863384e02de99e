"""Where a registry is, and which credentials Docker's configuration has for it."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from support.registry.address import Address
from support.registry.credentials import Credentials, credentials
from support.registry.errors import RegistryError

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
    (folder / "config.json").write_text(content if isinstance(content, str) else json.dumps(content))


def helper(folder: Path, script: str) -> None:
    path = folder / "docker-credential-safe"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def of(repository: str = "registry.example:5000/shop/ads") -> Credentials:
    return credentials(Address.of(repository))


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
    found = Address.of(repository)
    assert (found.api, found.login) == (api, login)


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
    found = of(repository)
    assert (found.user, found.password) == ("ann", SECRET)
    assert found.said == f"user 'ann' of {folder}/config.json"
    assert SECRET not in repr(found)


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
    found = of()
    assert (found.user, found.password) == (user, password)
    assert (found.identity_token, found.registry_token) == (identity, registry)
    assert SECRET not in repr(found)
    assert found.said.endswith(f"{folder}/config.json" if user or registry else "has no credentials for it")


@pytest.mark.parametrize("named", [{"credsStore": "safe"}, {"credHelpers": {"registry.example:5000": "safe"}}])
def test_a_helper_comes_before_the_file(folder: Path, named: dict[str, Any]) -> None:
    write(folder, {**named, "auths": {"registry.example:5000": {"auth": auth("bob")}}})
    answer = json.dumps({"Username": "ann", "Secret": SECRET})
    helper(folder, f"[ \"$1 $(cat)\" = 'get registry.example:5000' ] && echo '{answer}'")
    found = of()
    assert (found.user, found.password) == ("ann", SECRET)
    assert found.said == "user 'ann' of docker-credential-safe"


def test_a_helper_may_have_a_token(folder: Path) -> None:
    write(folder, {"credsStore": "safe"})
    helper(folder, f'cat > /dev/null; echo \'{{"Username": "<token>", "Secret": "{SECRET}"}}\'')
    found = of()
    assert (found.user, found.identity_token, found.basic) == ("", SECRET, None)
    assert SECRET not in repr(found)


@pytest.mark.parametrize(
    ("script", "said"),
    [
        (None, "is not on PATH"),
        ("echo credentials not found in native keychain; exit 1", "has none for registry.example:5000"),
        (f"echo {SECRET}", "has none for registry.example:5000"),
        (f"echo '[\"{SECRET}\"]'; echo {SECRET} >&2", "has none for registry.example:5000"),
        ("sleep 5", "did not answer within 0.2 s"),
    ],
)
def test_without_an_answer_of_the_helper_the_file_is_read(
    folder: Path, monkeypatch: pytest.MonkeyPatch, script: str | None, said: str
) -> None:
    monkeypatch.setattr("support.registry.credentials._PATIENCE", 0.2)
    if script:
        helper(folder, f"cat > /dev/null; exec sh -c '{script.replace(chr(39), chr(39) + chr(92) + chr(39) * 2)}'")
    write(folder, {"credsStore": "safe", "auths": {"registry.example:5000": {}}})
    found = of()
    assert (found.user, found.password) == ("", "")
    assert found.said.startswith(f"there are no credentials: docker-credential-safe, which {folder}/config.json names,")
    assert found.said.endswith(said)
    write(folder, {"credsStore": "safe", "auths": {"registry.example:5000": {"auth": auth()}}})
    assert of().user == "ann"


def test_a_helper_is_no_path(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    write(folder, {"credsStore": "evil/program"})
    program = folder / "docker-credential-evil" / "program"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\ntouch {folder}/started\n")
    program.chmod(0o755)
    assert "is not on PATH" in of().said
    assert not (folder / "started").exists()


def test_without_a_file_there_are_none(folder: Path) -> None:
    assert of() == Credentials(said=f"there are no credentials, as there is no {folder}/config.json")


def test_the_file_is_in_the_home_folder_unless_said_otherwise(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DOCKER_CONFIG")
    monkeypatch.setenv("HOME", str(folder))
    (folder / ".docker").mkdir()
    write(folder / ".docker", {"auths": {"registry.example:5000": {"auth": auth()}}})
    assert of().said == f"user 'ann' of {folder}/.docker/config.json"


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("{", "it is no JSON"),
        (["a"], "it is no JSON object"),
        ({"auths": {"registry.example:5000": {"auth": f"{SECRET}!"}}}, "is not the base64 of USER:PASSWORD"),
        ({"auths": {"registry.example:5000": {"auth": "bm9ib2R5"}}}, "is not the base64 of USER:PASSWORD"),
    ],
)
def test_a_broken_file_is_told_without_what_is_in_it(folder: Path, content: Any, why: str) -> None:
    write(folder, content)
    with pytest.raises(RegistryError, match="holds no Docker configuration: ") as caught:
        of()
    assert why in str(caught.value)
    assert str(folder / "config.json") in str(caught.value)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("content", [{"auths": None}, {"auths": ["a"]}, {"credHelpers": "safe"}, {"auths": {}}])
def test_what_is_not_there_is_not_missed(folder: Path, content: Any) -> None:
    write(folder, content)
    assert of().said == f"{folder}/config.json has no credentials for it"
