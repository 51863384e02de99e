"""Folders of images and containers are removed, whatever is in them."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from support.folder_removal import remove_folder

DEPTH = 3000
"""Far more than the kernel takes as one path, and than Python calls within each other."""


def dig(folder: Path) -> None:
    """Make folders within each other."""
    folder.mkdir()
    descriptor = os.open(folder, os.O_RDONLY)
    for _ in range(DEPTH):
        os.mkdir("deep", dir_fd=descriptor)
        below = os.open("deep", os.O_RDONLY, dir_fd=descriptor)
        os.close(descriptor)
        descriptor = below
    os.close(os.open("file", os.O_CREAT | os.O_WRONLY, dir_fd=descriptor))
    os.close(descriptor)


def remove_without_privileges(folder: Path) -> None:
    """Remove a folder as a user whom the permissions of files bind, as they do not bind root."""
    drop = [] if os.geteuid() else ["setpriv", "--bounding-set=-all", "--inh-caps=-all"]
    program = "import sys, pathlib, support.folder_removal as f; f.remove_folder(pathlib.Path(sys.argv[1]))"
    subprocess.run([*drop, sys.executable, "-c", program, str(folder)], check=True)


def test_closed_folders_are_removed_and_nothing_that_a_link_leads_to(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "file").write_text("")
    tree = tmp_path / "tree"
    (tree / "closed/deep").mkdir(parents=True)
    (tree / "link").symlink_to(kept)
    (tree / "closed/link").symlink_to(kept / "file")
    os.mkfifo(tree / "closed/pipe")
    (tree / "closed/deep").chmod(0)
    (tree / "closed").chmod(0o555)
    tree.chmod(0)
    remove_without_privileges(tree)
    remove_without_privileges(tree)
    assert [path.name for path in tmp_path.rglob("*")] == ["kept", "file"]


def test_of_a_link_to_a_folder_the_link_is_removed(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept/file").write_text("")
    (tmp_path / "link").symlink_to("kept")
    remove_folder(tmp_path / "link")
    assert [path.name for path in tmp_path.rglob("*")] == ["kept", "file"]


def test_very_deep_folders_are_removed(tmp_path: Path) -> None:
    dig(tmp_path / "tree")
    remove_folder(tmp_path / "tree")
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_removal_left_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tree = tmp_path / "tree"
    for number in range(4):
        (tree / f"{number}/below/most").mkdir(parents=True)
        (tree / f"{number}/below/most/file").write_text("")
    remaining, remove = [3], Path.rmdir

    def break_off(path: Path) -> None:
        remaining[0] -= 1
        if remaining[0] < 0:
            raise OSError(errno.EIO, "killed")
        remove(path)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rmdir", break_off)
        with pytest.raises(OSError, match="killed"):
            remove_folder(tree)
    assert tree.exists()
    remove_folder(tree)
    assert not tree.exists()
