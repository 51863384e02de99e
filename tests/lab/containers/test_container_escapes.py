"""Nothing leads out of a container: no system call, no file, no descriptor, neither for its program nor for exec."""

import json
import os
import platform
import subprocess
from pathlib import Path

import pytest

from lab.containers.image_copy import copy_layers
from tests.support.lab.container_launches import launch
from tests.support.lab.image_archives import build_program

WAYS = pytest.mark.parametrize("executed", [False, True], ids=["program", "exec"])
MOUNTS = {"/", "/dev", "/proc"}
WRITABLE = {"/dev/full", "/dev/null", "/dev/pts/ptmx", "/dev/random", "/dev/urandom", "/dev/zero"}
KINDS = {"overlay", "proc", "tmpfs", "devtmpfs", "devpts", "mqueue"}
SIGSYS = 31


@WAYS
def test_no_system_call_leads_out(tmp_path: Path, layer: Path, executed: bool) -> None:
    done = launch(tmp_path, [layer], "escape", executed=executed)
    results = json.loads(done.stdout)
    assert len(results) > 40
    assert [name for name, error in results.items() if not error] == []
    # These are refused by the filter alone.
    filtered = ("keyctl", "add_key", "request_key", "vsock", "io_uring_setup", "userfaultfd", "bpf")
    assert {results[name] for name in filtered} == {"operation not permitted"}


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the other architecture is 32-bit x86")
@WAYS
def test_a_program_of_another_architecture_is_killed(tmp_path: Path, layer: Path, executed: bool) -> None:
    (tmp_path / "bin").mkdir()
    program = build_program(tmp_path / "bin", architecture="386")
    if subprocess.run([program, "--", "exists", "/"], check=False).returncode != 0:
        pytest.skip("this kernel runs no 32-bit programs: CONFIG_IA32_EMULATION")
    upper = tmp_path / "upper"
    (upper / "bin").mkdir(parents=True)
    program.rename(upper / "bin/foreign")
    done = launch(tmp_path, [layer, upper], "foreign", "--", "exists", "/", executed=executed)
    assert done.returncode == 128 + SIGSYS, done.stderr


@WAYS
def test_no_descriptor_is_inherited(tmp_path: Path, layer: Path, executed: bool) -> None:
    done = launch(tmp_path, [layer], "descriptors", executed=executed)
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["0", "1", "2"], done.stdout


@WAYS
def test_the_top_of_all_folders_is_that_of_the_image(tmp_path: Path, layer: Path, executed: bool) -> None:
    for path in ("/", "/bin", "/proc/1/root", "/proc/self/cwd", "/dev/shm"):  # noqa: S108 - the container's
        done = launch(tmp_path, [layer], "climb", path, executed=executed)
        assert set(done.stdout.split()) == {"bin", "dev", "proc"}, f"{path}: {done.stdout}{done.stderr}"


def test_a_copied_root_is_the_top_too(tmp_path: Path, layer: Path) -> None:
    (tmp_path / "container").mkdir()
    copy_layers([layer], tmp_path / "container/root")
    for executed in (False, True):
        done = launch(tmp_path, [layer], "climb", "/bin", executed=executed, copied=True)
        assert set(done.stdout.split()) == {"bin", "dev", "proc"}, done.stderr


def test_no_working_folder_leads_out(tmp_path: Path, layer: Path) -> None:
    # What the launcher had open when it entered the working folder would be one: CVE-2024-21626.
    volume = tmp_path / "volume"
    (volume / "part").mkdir(parents=True)
    mounts = [(str(volume), "/data", False, "part"), (str(volume), "/made", False, "new/deep")]
    for number in range(3, 16):
        folder = f"/proc/self/fd/{number}"
        started = launch(tmp_path, [layer], "climb", ".", mounts=mounts, working_folder=folder)
        executed = launch(tmp_path, [layer], "climb", ".", mounts=mounts, executed=True, executed_in=folder)
        for done in (started, executed):
            assert set(done.stdout.split()) <= {"bin", "dev", "proc", "data", "made"}, folder
            assert done.returncode != 0, folder


def test_a_volume_in_the_place_of_proc_keeps_no_restriction_away(tmp_path: Path, layer: Path) -> None:
    setting = tmp_path / "volume/sys/user/max_user_namespaces"
    setting.parent.mkdir(parents=True)
    setting.write_text("of the volume")
    mounts = [(str(tmp_path / "volume"), "/proc", False, "")]
    done = launch(tmp_path, [layer], "cat", "/proc/sys/user/max_user_namespaces", mounts=mounts)
    assert (done.stdout, setting.read_text()) == ("of the volume", "of the volume"), done.stderr


@pytest.mark.parametrize("name", ["dev", "proc"])
def test_a_link_in_the_place_of_a_mount_is_refused(tmp_path: Path, layer: Path, name: str) -> None:
    volume, evil = tmp_path / "volume", tmp_path / "evil"
    for folder in (volume, evil):
        folder.mkdir()
    (evil / name).symlink_to("/proc/self/fd/5" if name == "dev" else "bin")
    mounts = [(str(volume), "/data", False, "")]
    done = launch(tmp_path, [layer, evil], "exists", "/", mounts=mounts)
    assert f"the image has a link at /{name}" in done.stderr
    assert done.returncode != 0
    assert list(volume.iterdir()) == []


@WAYS
def test_no_mount_of_the_machine_is_left(tmp_path: Path, layer: Path, executed: bool) -> None:
    volume = tmp_path / "volume"
    volume.mkdir()
    mounts = [(str(volume), "/data", False, "")]
    lines = launch(
        tmp_path, [layer], "cat", "/proc/self/mountinfo", executed=executed, mounts=mounts
    ).stdout.splitlines()
    points = [line.split()[4] for line in lines]
    assert len(points) == len(set(points)), "one is over another"
    assert [point for point in points if point not in {"/", "/data"} and not point.startswith(("/dev", "/proc"))] == []
    kinds = {line.split()[4]: line.split(" - ")[1].split()[0] for line in lines}
    assert kinds.pop("/data") not in KINDS
    assert set(kinds.values()) <= KINDS
    assert all("nosuid" in line.split()[5] for line in lines if " tmpfs " not in line)


@WAYS
def test_no_file_of_the_kernel_is_writable(tmp_path: Path, layer: Path, executed: bool) -> None:
    done = launch(tmp_path, [layer], "writable", executed=executed)
    assert set(done.stdout.split()) == WRITABLE
    assert os.access("/proc/sys/kernel/core_pattern", os.F_OK)
