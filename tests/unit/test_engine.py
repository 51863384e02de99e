"""What is made of Pulumi's words, and where it works: of its locks, its failures, and the folder of a stack."""

import os
from pathlib import Path

import pytest

from ops.pulumi import engine, workspace
from ops.pulumi.engine import EngineError, LockedError, MissingStackError

LOCKED = (
    "error: the stack is currently locked by 1 lock(s). Either wait for the other process(es) to end or delete the "
    "lock file with `pulumi cancel`.\n  file:///x.json: created by ann@{host} (pid {pid}) at 2026-01-10T11:00:00Z\n"
)


@pytest.fixture(autouse=True)
def state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path


@pytest.fixture
def pulumi(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A `pulumi` that says and does what a shell script says, and notes what it was asked for."""
    script = tmp_path / "bin" / "pulumi"
    script.parent.mkdir()
    monkeypatch.setenv("PATH", f"{script.parent}{os.pathsep}{os.environ['PATH']}")
    return script


def write(script: Path, *lines: str) -> None:
    script.write_text("\n".join(["#!/bin/sh", f'echo "$*" >> {script.parent}/asked', *lines]))
    script.chmod(0o755)


def test_the_lock_of_a_running_update_is_named(pulumi: Path, tmp_path: Path) -> None:
    write(pulumi, f"cat >&2 <<'END'\n{LOCKED.format(host='elsewhere', pid=77)}END", "exit 255")
    with pytest.raises(LockedError, match="process 77 of ann on elsewhere, since 2026-01-10T11:00:00Z") as caught:
        engine.run(tmp_path, "dev-a", "up")
    assert "pulumi cancel --stack dev-a" in str(caught.value)
    assert not caught.value.holders[0].is_dead, "the owner on another host is unknown"


@pytest.mark.parametrize(("pid", "cancelled"), [(2**22 + 1, True), (os.getpid(), False)], ids=["dead", "alive"])
def test_only_the_lock_of_a_dead_process_is_removed(
    pulumi: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pid: int, cancelled: bool
) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: "here")
    monkeypatch.setattr("ops.pulumi.engine.is_running", lambda number, _: number == os.getpid())
    write(
        pulumi,
        f"[ $1 = cancel ] && touch {tmp_path}/cancelled && exit 0",
        f"[ -e {tmp_path}/cancelled ] && echo well && exit 0",
        f"cat >&2 <<'END'\n{LOCKED.format(host='here', pid=pid)}END",
        "exit 255",
    )
    with workspace.workspace(tmp_path, "dev-a") as within:
        if cancelled:
            assert workspace.run(within, "up") == "well\n"
        else:
            with pytest.raises(LockedError):
                workspace.run(within, "up")
    assert (tmp_path / "cancelled").exists() == cancelled


def test_a_lock_of_pulumi_cloud_is_a_lock_whose_holder_nobody_knows(pulumi: Path, tmp_path: Path) -> None:
    write(pulumi, 'echo "error: [409] Conflict: Another update is currently in progress." >&2', "exit 255")
    with pytest.raises(LockedError, match="is being updated by another process; wait until") as raised:
        engine.run(tmp_path, "dev", "up")
    assert raised.value.holders == ()


def test_a_stack_that_is_not_there_is_told_from_other_failures(pulumi: Path, tmp_path: Path) -> None:
    write(pulumi, "echo \"error: no stack named 'dev-a' found\" >&2", "exit 255")
    with pytest.raises(MissingStackError, match="there is no stack 'dev-a'"):
        engine.run(tmp_path, "dev-a", "stack", "output")
    write(pulumi, 'echo "error: incorrect passphrase" >&2', "exit 255")
    with pytest.raises(EngineError, match="stack 'dev-a': incorrect passphrase"):
        engine.run(tmp_path, "dev-a", "stack", "output")


def test_of_a_failed_update_the_reasons_are_told_and_nothing_else() -> None:
    message = (
        "Updating (dev-a):\n +  something creating (0s)\nDiagnostics:\n  pulumi:pulumi:Stack (boutique-dev-a):\n"
        "    error: 1 error in the configuration:\n      boutique:feature.key: 'a': belongs to another\n"
        "    error: update failed\n\nResources:\n    + 1 created\n\nDuration: 3s\n"
    )
    assert engine.reason(message).splitlines() == [
        "  pulumi:pulumi:Stack (boutique-dev-a):",
        "    error: 1 error in the configuration:",
        "      boutique:feature.key: 'a': belongs to another",
    ]


def test_no_pulumi_is_said_with_the_way_to_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EngineError, match="the program 'pulumi' is missing"):
        engine.run(tmp_path, "dev-a", "up")


def test_a_stack_has_one_folder_that_is_gone_afterwards(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").touch()
    with workspace.workspace(tmp_path, "dev-a") as within:
        within.configure({"config": {"boutique:feature": {"sessions": ["secret"]}}})
        file = within.folder / "Pulumi.dev-a.yaml"
        assert file.stat().st_mode & 0o077 == 0, "it holds the ids of sessions"
        assert not workspace.is_interrupted("dev-a"), "another process is at work"
        with (
            pytest.raises(workspace.BusyError, match="works on stack 'dev-a'"),
            workspace.workspace(tmp_path, "dev-a"),
        ):
            pass
        with workspace.workspace(tmp_path, "dev-b"):
            pass
    assert not within.folder.exists()
    assert not (tmp_path / "Pulumi.dev-a.yaml").exists()


def test_what_a_killed_command_left_is_found_and_cleared(tmp_path: Path) -> None:
    with workspace.workspace(tmp_path, "dev-a") as within:
        folder = within.folder
    folder.mkdir(parents=True)
    (folder / "Pulumi.dev-a.yaml").touch()
    assert workspace.is_interrupted("dev-a")
    with workspace.workspace(tmp_path, "dev-a") as within:
        assert not (within.folder / "Pulumi.dev-a.yaml").exists()
    folder.mkdir()
    workspace.clear()
    assert not folder.exists()


def test_what_pulumi_is_given_to_read_is_on_no_command_line(pulumi: Path, tmp_path: Path) -> None:
    write(pulumi, "cat")
    assert engine.run(tmp_path, "dev", "config", "set", given="canary\n") == "canary\n"
    assert "canary" not in (pulumi.parent / "asked").read_text()
