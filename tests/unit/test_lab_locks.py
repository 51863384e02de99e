import json
import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lab import locks


@pytest.fixture
def dead_pid() -> int:
    process = subprocess.Popen(["true"])
    process.wait()
    return process.pid


def lock(backend: Path, name: str, content: object) -> Path:
    folder = backend / ".pulumi" / "locks" / "organization" / "boutique" / "dev"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def content(pid: object, host: str = "here", since: datetime | None = None) -> dict[str, object]:
    since = since or datetime.now(UTC)
    return {"pid": pid, "username": "me", "hostname": host, "timestamp": since.isoformat()}


def test_lock_of_a_dead_process_is_removed_and_reported(tmp_path: Path, dead_pid: int) -> None:
    path = lock(tmp_path, "a", content(dead_pid, since=datetime(2026, 1, 1, tzinfo=UTC)))
    assert locks.clear(tmp_path, "here") == [locks.StaleLock("boutique/dev", dead_pid, "2026-01-01T00:00:00+00:00")]
    assert not path.exists()


def test_lock_of_a_process_that_ended_and_was_not_waited_for_is_removed(tmp_path: Path) -> None:
    with subprocess.Popen(["true"]) as process:
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        path = lock(tmp_path, "a", content(process.pid))
        assert [lock.pid for lock in locks.clear(tmp_path, "here")] == [process.pid]
    assert not path.exists()


def test_lock_whose_process_number_went_to_a_later_process_is_removed(tmp_path: Path) -> None:
    path = lock(tmp_path, "a", content(os.getpid(), since=datetime(2020, 1, 1, tzinfo=UTC)))
    assert [lock.pid for lock in locks.clear(tmp_path, "here")] == [os.getpid()]
    assert not path.exists()


@pytest.mark.parametrize(
    "kept",
    [
        pytest.param(content(os.getpid()), id="its process lives"),
        pytest.param(content(1), id="its process is another user's"),
        pytest.param("{", id="half written"),
        pytest.param("[]", id="not a lock"),
        pytest.param(content("many"), id="no number"),
    ],
)
def test_every_other_lock_is_kept(tmp_path: Path, kept: object) -> None:
    path = lock(tmp_path, "a", kept)
    assert locks.clear(tmp_path, "here") == []
    assert path.exists()


def test_lock_of_another_host_is_kept(tmp_path: Path, dead_pid: int) -> None:
    path = lock(tmp_path, "a", content(dead_pid, "elsewhere"))
    assert locks.clear(tmp_path, "here") == []
    assert path.exists()


def test_no_backend_has_no_locks(tmp_path: Path) -> None:
    assert locks.clear(tmp_path / "none") == []
