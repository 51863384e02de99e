"""From the history of a stack to its former releases, and which of them a rollback takes."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from boutique.settings.release_settings import Change, Pin
from ops.errors import OperationError
from ops.pulumi.interrupted_updates import with_killed
from ops.pulumi.stack_history import Entry, entries, last_change
from ops.releases.revisions import (
    Former,
    RevisionContent,
    choose_release,
    content,
    differences,
    releases,
    running_release,
)
from ops.releases.service_versions import describe_changes
from tests.support.online_boutique import APPLICATION

Said = Mapping[str, Any]


def update(default: str = "v0.10.6", **changes: Any) -> Said:
    config = {
        "boutique:release": {"objectValue": {"default": default}},
        "boutique:environment": {"objectValue": changes.pop("environment", {"replicas": 1})},
        "aws:region": {"value": "here"},
        **changes.pop("config", {}),
    }
    given = {"version": 0, "kind": "update", "result": "succeeded", "startTime": "2026-01-10T10:00:00.000Z"}
    given["endTime"] = "2026-01-10T10:01:00.000Z"
    return {**given, "message": "", "environment": {}, "config": config, **changes}


def history_entries(*oldest_first: Said) -> tuple[Entry, ...]:
    return entries(list(reversed(oldest_first)))


def numbers(*oldest_first: Said) -> list[tuple[int, ...]]:
    return [revision.numbers for revision in releases(APPLICATION, history_entries(*oldest_first))]


def present(default: str = "v0.10.6", secrets: Mapping[str, str] | None = None, **environment: Any) -> RevisionContent:
    revision = content(
        APPLICATION,
        {"release": {"default": default}, "environment": environment or {"replicas": 1}},
        secrets or {},
    )
    assert revision
    return revision


def back(updates: tuple[Entry, ...], now: RevisionContent, number: int | None = None) -> Former:
    return choose_release(APPLICATION, updates, now, "test", number)


def test_an_environment_or_a_release_with_all_defaults_is_one() -> None:
    assert content(APPLICATION, {"environment": {}}, {}) == RevisionContent(
        application=APPLICATION, release=None, environment={}, secrets={}
    )
    assert content(APPLICATION, {"environment": {}, "release": {}}, {}) == RevisionContent(
        application=APPLICATION, release={}, environment={}, secrets={}
    )
    assert content(APPLICATION, {"environment": {"enabled": False}}, {}) is None
    assert content(APPLICATION, {}, {}) is None
    empty = {"objectValue": {}}
    assert numbers(update(config={"boutique:environment": empty}), update("v0.10.7")) == [(1,), (2,)]


def test_updates_are_numbered_from_the_oldest_and_by_the_cloud_as_there() -> None:
    assert [entry.number for entry in history_entries(update(), update(kind="refresh"), update())] == [1, 2, 3]
    assert [entry.number for entry in history_entries(update(version=41), update(version=42))] == [41, 42]


@pytest.mark.parametrize(
    ("message", "environment", "who", "left"),
    [
        ("promote dev -> test: x (by ann@host)", {"git.committer": "Bob"}, "ann@host", "promote dev -> test: x"),
        ("x", {"ci.system": "GitHub Actions", "ci.build.id": "77", "git.author": "Bob"}, "GitHub Actions 77", "x"),
        ("x", {"ci.system": "Jenkins"}, "Jenkins", "x"),
        ("x\nmore", {"git.committer": "Ann", "git.author": "Bob"}, "commit of Ann", "x"),
        ("fix (really)", {}, "", "fix (really)"),
    ],
)
def test_who_it_was_is_told_as_far_as_anybody_knows(message: str, environment: Said, who: str, left: str) -> None:
    [entry] = history_entries({**update(message=message), "environment": environment})
    assert (entry.who, entry.message) == (who, left)


def test_only_updates_that_succeeded_are_releases_and_equal_ones_behind_each_other_are_one() -> None:
    history = (
        update("v1.0.0"),
        update("v1.0.0"),
        update("v2.0.0", result="failed"),
        update("v1.0.0"),
        update("v3.0.0", kind="preview"),
        update("v3.0.0", kind="refresh"),
        update("v3.0.0", kind="destroy"),
        update("v2.0.0"),
        update("v1.0.0"),
    )
    assert numbers(*history) == [(1, 2, 4), (8,), (9,)]


def test_keys_of_other_namespaces_say_nothing_of_a_release() -> None:
    [entry] = history_entries(update(config={"other:release": {"objectValue": {"default": "v9.9.9"}}}))
    assert entry.config == {"release": {"default": "v0.10.6"}, "environment": {"replicas": 1}}


def test_features_and_the_target_make_no_other_release() -> None:
    assert numbers(update(environment={"replicas": 1}), update(environment={"replicas": 1, "features": {}})) == [(1, 2)]
    assert numbers(update(environment={"replicas": 1}), update(environment={"replicas": 2})) == [(1,), (2,)]


def secret(value: Any) -> Said:
    services = {"adservice": {"secrets": {"TOKEN": "token"}}}
    kept = {"boutique:serviceSecrets": {"secret": True, **value}}
    return update(environment={"services": services}, config=kept)


def clear(content: str) -> Said:
    return secret({"value": "{}", "objectValue": {"token": content, "other": "x"}})


def test_other_content_of_a_secret_is_another_release_as_far_as_it_can_be_told() -> None:
    unreadable = secret({"value": "ERROR_UNABLE_TO_DECRYPT"})
    assert numbers(clear("a"), clear("a"), clear("b")) == [(1, 2), (3,)]
    assert numbers(unreadable, unreadable, clear("b")) == [(1, 2, 3)]
    [revision] = releases(APPLICATION, history_entries(unreadable))
    assert revision.content.secrets is None
    [revision] = releases(APPLICATION, history_entries(clear("a")))
    assert revision.content.secrets == {"token": "a"}, "only what services name"


def test_secrets_are_in_no_text() -> None:
    [entry] = history_entries(clear("canary"))
    [revision] = releases(APPLICATION, [entry])
    assert "canary" not in f"{entry!r} {revision!r}"


def test_without_a_number_the_last_one_that_is_not_what_runs() -> None:
    updates = history_entries(update("v1.0.0"), update("v2.0.0"), update("v2.0.0"))
    assert back(updates, present("v2.0.0")).numbers == (1,)


def test_after_a_failure_the_last_one_that_was_deployed_to_its_end() -> None:
    updates = history_entries(update("v1.0.0"), update("v2.0.0"), update("v3.0.0", result="failed"))
    assert back(updates, present("v3.0.0")).numbers == (2,)
    assert back(updates, present("v2.0.0")).numbers == (2,), "though its file was put back by hand"


def test_a_rollback_that_was_killed_or_failed_goes_on_to_where_it_was_going() -> None:
    succeeded = (update("v1.0.0"), update("v2.0.0"), update("v3.0.0"))
    killed = with_killed(history_entries(*succeeded), datetime(2026, 1, 10, 10, 1, 1, tzinfo=UTC))
    assert back(killed, present("v1.0.0")).numbers == (1,)
    failed = update("v2.0.0", result="failed", message="rollback to 2: adservice v3.0.0 -> v2.0.0")
    assert back(history_entries(*succeeded, failed), present("v2.0.0")).numbers == (2,)
    promoted = update("v2.0.0", result="failed", message="promote dev -> test: adservice v3.0.0 -> v2.0.0")
    assert back(history_entries(*succeeded, promoted), present("v2.0.0")).numbers == (3,)


@pytest.mark.parametrize("edited", ["v1.0.0", "v2.0.0", "v3.0.0"])
def test_what_was_written_and_not_deployed_says_nothing_of_what_runs(edited: str) -> None:
    updates = history_entries(update("v1.0.0"), update("v2.0.0"))
    assert back(updates, present(edited)).numbers == (1,)
    revisions = releases(APPLICATION, updates)
    assert running_release(updates, revisions) == revisions[-1]


def test_it_can_be_undone_by_number() -> None:
    updates = history_entries(update("v1.0.0"), update("v2.0.0"))
    assert back(updates, present("v3.0.0"), 2).numbers == (2,)
    with pytest.raises(OperationError, match="runs that release already"):
        back(updates, present("v2.0.0"), 2)


@pytest.mark.parametrize(("milliseconds", "numbers"), [(0, (1,)), (999, (1,)), (1000, (2,))])
def test_a_state_that_is_newer_than_the_history_tells_of_a_killed_update(
    milliseconds: int, numbers: tuple[int, ...]
) -> None:
    updates = history_entries(update("v1.0.0"), update("v2.0.0"))
    written = datetime(2026, 1, 10, 10, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)
    assert back(with_killed(updates, written), present("v3.0.0")).numbers == numbers


def test_where_nobody_knows_when_anything_ended_nothing_was_killed() -> None:
    updates = history_entries(update())
    running_still = history_entries({**update(), "endTime": None})
    assert with_killed(updates, None) == updates
    assert with_killed((), datetime.now(UTC)) == ()
    assert with_killed(running_still, datetime.now(UTC)) == running_still


def test_after_the_end_of_everything_the_last_release_comes_back() -> None:
    updates = history_entries(update("v1.0.0"), update("v2.0.0"), update("v2.0.0", kind="destroy"))
    assert back(updates, present("v2.0.0")).numbers == (2,)


def test_ten_releases_back() -> None:
    updates = history_entries(*(update(f"v1.0.{number}") for number in range(60)))
    assert back(updates, present("v1.0.59"), 49).content.release == {"default": "v1.0.48"}
    with pytest.raises(OperationError, match="--to 60: stack 'test' runs that release already"):
        back(updates, present("v1.0.59"), 60)


@pytest.mark.parametrize(
    ("number", "message"),
    [
        (None, "no former release: no successful update differs from what runs"),
        (1, "--to 1: stack 'test' runs that release already"),
        (2, "--to 2: that update failed; only updates that succeeded"),
        (3, "--to 3: that refresh succeeded; only updates"),
        (4, "--to 4: stack 'test' runs that release already"),
        (5, "--to 5: stack 'test' has no such update; `boutique rollback test --list`"),
    ],
)
def test_what_cannot_be_gone_back_to_is_refused(number: int | None, message: str) -> None:
    updates = history_entries(update(), update("v2.0.0", result="failed"), update(kind="refresh"), update())
    with pytest.raises(OperationError, match=message.replace("(", r"\(")):
        back(updates, present(), number)


def test_a_stack_without_an_environment_has_no_releases() -> None:
    bare = update(config={"boutique:environment": {"objectValue": {"enabled": False}}})
    assert releases(APPLICATION, history_entries(bare)) == ()
    with pytest.raises(OperationError, match="stack 'test' had no environment then"):
        back(history_entries(bare), present(), 1)


def test_what_differed_is_said() -> None:
    old = {"services": {"adservice": {"variables": {"A": "b"}, "image": {"tag": "v1.0.0"}}}}
    revisions = releases(
        APPLICATION,
        history_entries(
            update("v0.10.6"),
            update("v0.10.6", environment={"replicas": 1, "services": {"loadgenerator": {"enabled": False}}}),
            update("v0.10.6", environment={"replicas": 2, "services": {"loadgenerator": {"enabled": False}}}),
            update("v0.10.7", environment={"replicas": 2, "services": {"loadgenerator": {"enabled": False}}}),
            update(config={"boutique:release": {"objectValue": {}}}, environment=old),
            update("v0.10.6", environment={"gone": True}),
        ),
    )
    first, left_out, settings, versions, images, unknown = differences(revisions, 3)
    assert first == "the first"
    assert left_out == "loadgenerator v0.10.6 -> -; settings"
    assert settings == "settings"
    assert versions == "10 services v0.10.6 -> v0.10.7"
    assert images.startswith("adservice v0.10.7 -> v1.0.0; 9 services v0.10.7 -> v0.10.6")
    assert images.endswith("; settings")
    assert unknown == "settings of another version of this program"


def test_a_change_of_the_digest_alone_can_be_seen() -> None:
    old, new = (Pin(tag="v1.0.0", digest=f"sha256:{digit * 64}") for digit in "ab")
    change = Change(service="adservice", old=old, new=new)
    assert describe_changes([change]) == f"adservice v1.0.0@sha256:{'a' * 12} -> v1.0.0@sha256:{'b' * 12}"


def test_the_last_change_is_no_refresh() -> None:
    updates = history_entries(update(), update(kind="destroy"), update(kind="refresh"))
    last = last_change(updates)
    assert last
    assert last.number == 2
    assert last_change(history_entries(update(kind="refresh"))) is None
