"""Whether proxies will get what they watch files with is said before they are started."""

import ctypes
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from lab import inotify

System = Callable[[str, int], Path]


@pytest.fixture
def system(tmp_path: Path) -> System:
    """Return `system(limit, used)`, what the kernel tells."""

    def make(limit: str, used: int) -> Path:
        (tmp_path / "sys/fs/inotify").mkdir(parents=True)
        (tmp_path / "sys/fs/inotify/max_user_instances").write_text(limit)
        for process in ("12", "345"):
            folder = tmp_path / process / "fd"
            folder.mkdir(parents=True)
            (folder / "0").symlink_to("/dev/null")
        for number in range(used):
            (tmp_path / ("12", "345")[number % 2] / "fd" / str(number + 3)).symlink_to("anon_inode:inotify")
        return tmp_path

    return make


@pytest.mark.parametrize(
    ("limit", "used", "message"),
    [
        ("128\n", 0, ""),
        ("128\n", 80, ""),
        ("128\n", 81, "of the 128 inotify instances that a user may have, 81 are taken"),
        ("1024\n", 1000, "sysctl fs.inotify.max_user_instances=4096"),
        ("many", 81, ""),
    ],
)
def test_too_few_are_told_with_the_remedy(system: System, limit: str, used: int, message: str) -> None:
    warning = inotify.warning(system(limit, used))
    assert message in warning
    assert bool(message) == bool(warning)


def test_where_nobody_can_say_nothing_is_said(tmp_path: Path) -> None:
    assert inotify.warning(tmp_path) == ""


def test_those_of_a_process_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    descriptor = ctypes.CDLL(None).inotify_init()
    try:
        monkeypatch.setattr(inotify, "ENOUGH", int(Path("/proc/sys/fs/inotify/max_user_instances").read_text()))
        assert "inotify instances" in inotify.warning()
    finally:
        os.close(descriptor)
