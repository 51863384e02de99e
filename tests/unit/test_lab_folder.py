import os
from pathlib import Path

import pytest

from lab import folder, record
from lab.errors import LabError
from lab.record import ComponentRecord, LabRecord, State
from support.files import replace_file


@pytest.mark.parametrize("name", ["a", "default", "trial-2", "0", "a" * 30])
def test_name_is_a_folder(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert folder.folder(name).root == tmp_path / "boutique" / "labs" / name


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "../a", "A", "-a", "a-", "a b", "a\n", "a" * 31, "ä"])
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(LabError, match="cannot name a lab"):
        folder.folder(name)


def test_folder_is_its_owners(tmp_path: Path) -> None:
    where = folder.Folder("a", tmp_path / "a")
    where.create()
    where.create()
    assert where.root.stat().st_mode & 0o777 == 0o700


def test_failed_write_leaves_the_old_content_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "file"
    replace_file(path, "old")
    with pytest.raises(UnicodeEncodeError):
        replace_file(path, "\ud800")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_record_is_read_as_it_was_written(tmp_path: Path) -> None:
    components = (ComponentRecord("etcd", (2379, 2380), State.RUNNING, 7, 1.5, 2),)
    written = LabRecord(State.STARTING, 5, 1.0, "kube-apiserver", "", components)
    written.write(tmp_path / "record.json")
    assert record.read(tmp_path / "record.json") == written
    assert record.read(tmp_path / "none") is None


def test_lock_is_one_owners_until_its_last_descriptor_is_closed(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    assert not record.is_held(lock)
    first = record.take(lock)
    assert first is not None
    inherited = os.dup(first)
    os.close(first)
    assert record.is_held(lock)
    assert record.take(lock) is None
    os.close(inherited)
    assert not record.is_held(lock)
