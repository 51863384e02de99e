"""What tells that an audit was killed: its mark without a process that has the lock."""

import os
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ops.audit import audit_leftovers
from ops.audit.audit_leftovers import Leftovers
from ops.features import reaping
from ops.features.audit_features import (
    forget_audit,
    forget_other_audits,
    is_audit,
    is_killed_audit,
    new_name,
    running_audit,
)
from ops.features.listing import Listed
from ops.features.reaping import is_due, reap
from ops.pulumi.workspace import BusyError

KEY = "audit-0123abcd"
STACK = f"dev-{KEY}"


@pytest.fixture(autouse=True)
def marks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return tmp_path / "boutique" / "audits"


def feature(key: str = KEY, lifetime: timedelta = timedelta(minutes=9)) -> Listed:
    return Listed(
        name=key,
        key=key,
        stack=f"dev-{key}",
        environment="dev",
        url="",
        since=datetime.now(UTC),
        expires=datetime.now(UTC) + lifetime,
        versions={},
        sessions=0,
        trouble="",
    )


def kill_audit(stack: str) -> None:
    """Leave the mark of an audit that was killed."""
    reader, writer = os.pipe()
    if (pid := os.fork()) == 0:
        with running_audit(stack):
            os.write(writer, b"!")
            signal.pause()
        os._exit(1)
    os.read(reader, 1)
    assert not is_killed_audit(stack), "another process has the lock"
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def test_the_key_of_an_audit_is_like_that_of_no_branch() -> None:
    assert is_audit(new_name())
    assert new_name() != new_name()
    assert not any(map(is_audit, ("audit", "audit-new-ads", "new-ads", f"{KEY}-1", f"my-{KEY}")))


def test_a_killed_audit_is_due_at_once_and_a_running_one_is_not() -> None:
    assert not is_due(feature(), datetime.now(UTC))
    with running_audit(STACK):
        assert not is_due(feature(), datetime.now(UTC))
    forget_audit(STACK)
    kill_audit(STACK)
    assert is_due(feature(), datetime.now(UTC))
    assert not is_due(feature("audit-99999999"), datetime.now(UTC))


def test_the_mark_goes_with_the_feature_and_stays_as_long_as_that_does(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, marks: Path
) -> None:
    kill_audit(STACK)

    def raise_busy(*_: Any, **__: Any) -> None:
        raise BusyError("another process")

    monkeypatch.setattr(reaping, "down", raise_busy)
    [result] = reap(tmp_path, [feature()], lambda _: None)
    assert (result.is_removed, is_killed_audit(STACK)) == (False, True)
    monkeypatch.setattr(reaping, "down", lambda *_, **__: None)
    [result] = reap(tmp_path, [feature()], lambda _: None)
    assert (result.is_removed, is_killed_audit(STACK), [*marks.iterdir()]) == (True, False, [])


def test_marks_without_a_feature_go_except_those_of_running_audits(marks: Path) -> None:
    for stack in ("dev-audit-00000001", "dev-audit-00000002", "test-audit-00000003"):
        kill_audit(stack)
    with running_audit("dev-audit-00000004"):
        forget_other_audits("dev", ["dev-audit-00000002"])
        left = sorted(mark.name.rpartition("-")[0] for mark in marks.iterdir())
    assert left == ["dev-audit-00000002", "dev-audit-00000004", "test-audit-00000003"]


def test_leftovers_that_are_busy_are_tried_again_and_reported(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    kill_audit(STACK)
    others = [feature("new-ads", timedelta(0)), feature("audit-00000009"), feature("audit-00000008", timedelta(0))]
    monkeypatch.setattr(audit_leftovers, "list_features", lambda *_: [feature(), *others])
    removed: list[str] = []

    def down(_: Path, identity: Any, *__: Any, **___: Any) -> None:
        if identity.key == KEY and removed.count(KEY) == 0 and "busy" not in removed:
            removed.append("busy")
            raise BusyError("another process works on it")
        removed.append(identity.key)

    monkeypatch.setattr(reaping, "down", down)
    leftovers = Leftovers(tmp_path, "dev")
    leftovers.remove(lambda _: None)
    assert sorted(removed) == ["audit-00000008", "busy"], "an expired one goes too, another audit's and a branch's stay"
    [warning] = leftovers.warnings
    assert warning == f"the feature '{KEY}' of an earlier audit is left: another process works on it"
    leftovers.remove(lambda _: None)
    assert removed.count(KEY) == 1
    assert leftovers.warnings == ()
