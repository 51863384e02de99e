"""`boutique feature`: what it makes of stacks and of objects, and what it refuses."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from boutique.kubernetes.listing import DEPLOYMENTS, HTTP_ROUTES
from ops.cli import app
from ops.errors import OperationError
from ops.features import identity, inventory, listing, reaping, sessions
from ops.features.feature_view import age, show_listed
from ops.features.inventory import FeatureObject
from ops.features.listing import EMPTY, Listed
from ops.features.stack_state import parse_export
from ops.pulumi import engine
from tests.support.online_boutique import ROOT, write_project

NOW = datetime(2026, 1, 10, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["feature", *arguments])


def listed_feature(**changes: Any) -> Listed:
    given: dict[str, Any] = {
        "name": "new-ads",
        "key": "new-ads",
        "stack": "dev-new-ads",
        "environment": "dev",
        "url": "https://new-ads.dev.example",
        "since": NOW - timedelta(hours=3),
        "expires": NOW + timedelta(hours=1),
        "versions": {"adservice": "0.10.7-new-ads.3"},
        "sessions": 1,
        "trouble": "",
    }
    return Listed(**{**given, **changes})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("up", "new-ads", "--env", "dev", "--service", "adservice"), "'adservice' is not NAME=VERSION"),
        (("up", "new-ads", "--service", "adservice=1.0.0-a.1"), "Missing option '--env'"),
        (("up", "a", "--env", "dev", "--service", "adservice=1.0.0-a.1", "--ttl", "soon"), "'soon' must be a whole"),
        (("join", "new-ads", "--env", "dev"), "give at least one"),
        (("extend", "new-ads", "--env", "dev"), "Missing option '--ttl'"),
    ],
)
def test_what_is_not_understood_is_refused_before_anything_is_asked(arguments: tuple[str, ...], message: str) -> None:
    done = run(*arguments)
    assert done.exit_code == 2
    assert message in done.output.replace("│", "").replace("\n", " ").replace("  ", " ")


def exported_stack(
    *resources: Mapping[str, Any], pending: Mapping[str, Any] | None = None, **outputs: Any
) -> dict[str, Any]:
    stack = {"type": "pulumi:pulumi:Stack", "outputs": outputs}
    deployment: dict[str, Any] = {"resources": [stack, *resources]}
    if pending:
        deployment["pending_operations"] = [{"resource": pending, "type": "creating"}]
    return {"deployment": deployment}


def resource(key: str | None) -> dict[str, Any]:
    labels = {"boutique.dev/feature": key} if key else {}
    return {"type": "kubernetes:apps/v1:Deployment", "inputs": {"metadata": {"labels": labels}}}


def test_another_stack_is_never_taken_for_a_feature() -> None:
    assert parse_export("dev-a", exported_stack(resource("a"), of="dev")).is_feature("a", "dev")
    assert parse_export("dev-a", exported_stack(resource("a"), of="organization/boutique/dev")).is_feature("a", "dev")
    assert parse_export("dev-a", exported_stack(resource("a"))).is_feature("a", "dev"), "killed before it had outputs"
    assert parse_export("dev-a", {"deployment": {}}).is_feature("a", "dev"), "created and no more"
    assert not parse_export("dev-a", exported_stack(resource("a"), of="test")).is_feature("a", "dev")
    assert not parse_export("dev-a", exported_stack(resource("b"), of="dev")).is_feature("a", "dev")
    assert not parse_export("dev-a", exported_stack(resource(None))).is_feature("a", "dev"), "an environment"
    assert not parse_export("dev-a", exported_stack(pending=resource(None))).is_feature("a", "dev")


def test_the_section_comes_back_from_a_secret_output() -> None:
    section = {"environment": "dev", "sessions": ["abc"]}
    secret = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "plaintext": json.dumps(section)}
    state = parse_export("dev-a", exported_stack(feature=secret))
    assert state.section == section
    assert parse_export("dev-a", exported_stack()).section is None


@pytest.mark.parametrize(
    ("provider", "settings"),
    [
        ({"type": "passphrase", "state": {"salt": "v1:a"}}, {"encryptionsalt": "v1:a"}),
        (
            {"type": "cloud", "state": {"url": "awskms://k", "encryptedkey": "e"}},
            {"secretsprovider": "awskms://k", "encryptedkey": "e"},
        ),
        ({"type": "service", "state": {}}, {}),
    ],
)
def test_secrets_stay_encrypted_as_they_were(provider: dict[str, Any], settings: dict[str, str]) -> None:
    assert parse_export("dev-a", {"deployment": {"secrets_providers": provider}}).settings == settings


def feature_object(
    collection: str, name: str, owner: str | None, key: str = "a", expires: str | None = None
) -> FeatureObject:
    annotations = {"boutique.dev/expires": expires} if expires else {}
    container = {"image": f"registry:5000/adservice:0.10.7-a.1@sha256:{'0' * 64}"}
    content = {
        "metadata": {
            "creationTimestamp": "2026-01-10T10:00:00Z",
            "annotations": annotations,
            "labels": {"app": "adservice"},
        },
        "spec": {"template": {"spec": {"containers": [container]}}},
    }
    return FeatureObject(collection=collection, name=name, key=key, owner=owner, content=content)


def test_objects_tell_a_feature_without_its_stack() -> None:
    [first, other] = inventory.features(
        [
            feature_object(HTTP_ROUTES, "session-1", "dev-a", expires="2026-01-11T00:00:00Z"),
            feature_object(HTTP_ROUTES, "preview-a", "dev-a", expires="2026-01-12T00:00:00Z"),
            feature_object(DEPLOYMENTS, "adservice-a", "dev-a"),
            feature_object(DEPLOYMENTS, "adservice-a", "rival"),
            feature_object(DEPLOYMENTS, "adservice-a", None),
        ]
    )
    assert (first.stack, first.sessions, first.versions) == ("dev-a", 1, {"adservice": "0.10.7-a.1"})
    assert first.expires == datetime(2026, 1, 12, tzinfo=UTC), (
        "an extension that was cut short has reached some of them"
    )
    assert (other.stack, other.expires) == ("rival", None)


@pytest.mark.parametrize(
    ("changes", "due"),
    [
        ({}, False),
        ({"expires": NOW}, True),
        ({"expires": None}, False),
        ({"expires": NOW - timedelta(days=9), "trouble": listing.NO_STACK}, True),
        ({"expires": NOW + timedelta(days=9), "trouble": listing.NO_OBJECTS}, False),
        ({"expires": None, "trouble": EMPTY, "since": NOW - timedelta(minutes=1)}, False),
        ({"expires": None, "trouble": EMPTY, "since": NOW - timedelta(minutes=11)}, True),
        ({"expires": None, "trouble": EMPTY, "since": None}, False),
    ],
)
def test_what_has_expired_is_removed_and_nothing_else(changes: dict[str, Any], due: bool) -> None:
    assert reaping.is_due(listed_feature(**changes), NOW) == due


def test_sessions_join_once_and_leave_only_if_they_are_there() -> None:
    section = sessions.add_sessions({"sessions": ["a"], "environment": "dev"}, ["b", "a"])
    assert section == {"sessions": ["a", "b"], "environment": "dev"}
    assert sessions.remove_sessions(section, ["a"]) == {"sessions": ["b"], "environment": "dev"}
    with pytest.raises(OperationError, match="--session 2 has not joined") as caught:
        sessions.remove_sessions(section, ["a", "hidden"])
    assert "hidden" not in str(caught.value), "anyone with a session's id has the session"


def test_a_name_is_a_branch_or_a_key() -> None:
    assert identity.identity(ROOT, "new-ads", "dev").stack == "dev-new-ads"
    key = identity.identity(ROOT, "feature/New_Ads", "dev").key
    assert key.startswith("feature-new-ads-")
    assert identity.identity(ROOT, key, "dev").key == key


def test_without_an_environment_the_only_one_is_taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    stacks = {"dev": {}, "dev-a": {}, "test": {}, "other-b": {}, "dev-c": {}, "test-c": {}}
    monkeypatch.setattr(engine, "list_stacks", lambda *_: stacks)
    write_project(tmp_path)
    assert identity.locate_feature(tmp_path, "a", None).environment == "dev"
    with pytest.raises(OperationError, match="has no stack such as dev-b"):
        identity.locate_feature(tmp_path, "b", None)
    with pytest.raises(OperationError, match="is in dev and test: say which environment with --env"):
        identity.locate_feature(tmp_path, "c", None)


@pytest.mark.parametrize(
    ("length", "message"),
    [
        (timedelta(seconds=7), "7s"),
        (timedelta(minutes=119), "119m"),
        (timedelta(hours=47), "47h"),
        (timedelta(days=3), "3d"),
    ],
)
def test_an_age_has_one_unit(length: timedelta, message: str) -> None:
    assert age(NOW - length, NOW) == message


def test_the_list_is_not_cut_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    show_listed([listed_feature(versions={f"service{n}": "0.10.7-new-ads.3" for n in range(9)})], NOW, as_json=False)
    [_, row] = capsys.readouterr().out.splitlines()
    for part in ("new-ads", "dev-new-ads", "3h", "in 60m", "service8=0.10.7-new-ads.3", "https://new-ads.dev.example"):
        assert part in row
    show_listed([listed_feature(expires=NOW)], NOW, as_json=True)
    assert json.loads(capsys.readouterr().out)[0]["expired"] is True
