"""The launcher of containers by itself, in namespaces as a lab has them."""

import subprocess
from pathlib import Path

import pytest

from lab.containers.image_copy import copy_layers
from tests.support.lab.container_launches import launch


def test_a_hundred_layers_are_one_root(tmp_path: Path, layer: Path) -> None:
    layers = [layer]
    for number in range(99):
        layers.append(tmp_path / "a-long-name-as-the-digest-of-a-layer-is-one-0123456789abcdef" / str(number))
        layers[-1].mkdir(parents=True)
        (layers[-1] / f"file-{number}").write_text(f"{number},")
    done = launch(tmp_path, layers, "cat", *(f"/file-{number}" for number in range(99)))
    assert (done.returncode, done.stdout) == (0, "".join(f"{number}," for number in range(99))), done.stderr


def test_a_copy_takes_the_place_of_an_overlay(tmp_path: Path, layer: Path) -> None:
    (tmp_path / "container").mkdir()
    copy_layers([layer], tmp_path / "container/root")
    done = launch(tmp_path, [layer], "cat", "/proc/mounts", copied=True)
    assert done.returncode == 0, done.stderr
    assert "overlay" not in done.stdout
    assert launch(tmp_path, [layer], "write", "/new", "x", copied=True).returncode == 0
    assert not (layer / "new").exists()


def test_a_link_in_a_volume_leads_not_out_of_it(tmp_path: Path, layer: Path) -> None:
    (tmp_path / "secret").write_text("of the machine")
    volume = tmp_path / "volume"
    volume.mkdir()
    (volume / "file").write_text("of the volume")
    (volume / "inside").symlink_to("file")
    (volume / "outside").symlink_to("../secret")
    (volume / "absolute").symlink_to(tmp_path / "secret")

    def read(sub_path: str) -> subprocess.CompletedProcess[str]:
        return launch(tmp_path, [layer], "cat", "/data", mounts=[(str(volume), "/data", False, sub_path)])

    assert read("inside").stdout == "of the volume"
    for name in ("outside", "absolute", "../secret"):
        done = read(name)
        assert done.returncode != 0, name
        assert "of the machine" not in done.stdout
        assert name in done.stderr


def test_a_link_in_an_image_leads_a_volume_nowhere_else(tmp_path: Path, layer: Path) -> None:
    machine, volume, evil = tmp_path / "machine", tmp_path / "volume", tmp_path / "evil"
    for folder in (machine, volume, evil):
        folder.mkdir()
    (evil / "data").symlink_to(machine)
    (volume / "file").write_text("of the volume")
    mounts = [(str(volume), "/data/deep", False, "")]
    done = launch(tmp_path, [layer, evil], "cat", "/data/deep/file", mounts=mounts)
    assert list(machine.iterdir()) == [], "it was made on the machine"
    assert done.stdout == "of the volume" or "File exists" in done.stderr


def test_a_missing_folder_of_a_volume_is_made(tmp_path: Path, layer: Path) -> None:
    (tmp_path / "volume").mkdir()
    mounts = [(str(tmp_path / "volume"), "/data", False, "a/b")]
    assert launch(tmp_path, [layer], "write", "/data/file", "x", mounts=mounts).returncode == 0
    assert (tmp_path / "volume/a/b/file").read_text() == "x"


def test_a_read_only_root_has_its_working_folder(tmp_path: Path, layer: Path) -> None:
    done = launch(tmp_path, [layer], "exists", "/srv/app", read_only=True, working_folder="/srv/app")
    assert done.returncode == 0, done.stderr
    done = launch(tmp_path, [layer], "write", "/srv/app/new", "x", read_only=True, working_folder="/srv/app")
    assert "read-only file system" in done.stderr


@pytest.mark.parametrize("executed", [False, True], ids=["program", "exec"])
def test_a_program_is_in_the_cgroup_of_its_container_from_the_start(
    tmp_path: Path, layer: Path, executed: bool
) -> None:
    # A folder of files: here the kernel's own may belong to others. "0" means the process that writes.
    (tmp_path / "cgroup.procs").write_text("")
    assert launch(tmp_path, [layer], "exists", "/", executed=executed, cgroup=str(tmp_path)).returncode == 0
    assert (tmp_path / "cgroup.procs").read_text() == "0"
    missing = launch(tmp_path, [layer], "exists", "/", executed=executed, cgroup=str(tmp_path / "none"))
    assert missing.returncode != 0
