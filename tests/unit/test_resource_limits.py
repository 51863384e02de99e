"""Limits of containers by cgroup v2, in folders that look like it; see docs/containers.md for what that leaves open."""

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lab.containers import resource_limits
from lab.containers.resource_limits import (
    LimitGroups,
    create_group,
    limit_values,
    prepare_limits,
    read_limit_groups,
    remove_group,
    write_limit_groups,
)
from lab.contents import LabContents
from lab.folder import Folder
from lab.nodeagent.container_limits import ContainerLimits
from lab.record import ComponentRecord
from lab.status import status
from ops.lab_views.lab_status_view import show_status


def build_tree(folder: Path, controllers: str = "cpuset cpu io memory pids", processes: str = "") -> tuple[Path, Path]:
    """Make a process in /proc and its group, as a delegated one of systemd; return both."""
    process, group = folder / "self", folder / "cgroup/app.slice/run-1.scope"
    process.mkdir()
    group.mkdir(parents=True)
    (process / "cgroup").write_text("4:memory:/elsewhere\n0::/user.slice/app.slice/run-1.scope\n")
    (process / "mountinfo").write_text(
        "22 1 8:1 / / rw - ext4 /dev/vda rw\n"
        f"30 22 0:26 /user.slice {folder}/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"
    )
    (group / "cgroup.controllers").write_text(f"{controllers}\n")
    (group / "cgroup.procs").write_text(processes or f"{os.getpid()}\n")
    (group / "cgroup.subtree_control").write_text("")
    return process, group


@pytest.fixture
def killed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the groups that were removed after their processes; the kernel's files go with their folder."""
    names: list[str] = []
    remove = Path.rmdir

    def rmdir(path: Path) -> None:
        assert (path / "cgroup.kill").read_text() == "1"
        names.append(path.name)
        for file in path.iterdir():
            file.unlink()
        remove(path)

    monkeypatch.setattr(Path, "rmdir", rmdir)
    return names


def test_a_lab_makes_its_groups_and_moves_into_its_own(tmp_path: Path, killed: list[str]) -> None:
    process, group = build_tree(tmp_path)
    left = group / "lab-trial-containers/left"
    left.mkdir(parents=True)
    groups = prepare_limits("trial", process)
    assert groups == LimitGroups(str(group / "lab-trial-containers"), "")
    assert (group / "lab-trial/cgroup.procs").read_text() == "0"
    assert (group / "cgroup.subtree_control").read_text() == "+cpu +memory"
    assert (group / "lab-trial-containers/cgroup.subtree_control").read_text() == "+cpu +memory"
    assert killed == ["left"]


@pytest.mark.parametrize(
    ("tree", "reason"),
    [
        ({"controllers": "cpuset cpu pids"}, "cgroup v2 has no controller memory in "),
        ({"controllers": ""}, "cgroup v2 has no controller cpu and memory in "),
        ({"processes": f"{os.getpid()}\n1\n2\n"}, "2 other processes are in the cgroup "),
    ],
)
def test_where_limits_cannot_be_set_nothing_is_changed(tmp_path: Path, tree: dict[str, Any], reason: str) -> None:
    process, group = build_tree(tmp_path, **tree)
    groups = prepare_limits("trial", process)
    assert groups.folder == ""
    assert groups.reason.startswith(f"{reason}{group}; ")
    assert groups.reason.endswith("start it with: systemd-run --user --scope -p Delegate=yes boutique lab up")
    assert not list(group.glob("lab-*"))


def test_a_group_of_others_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    process, group = build_tree(tmp_path)
    monkeypatch.setattr(os, "access", lambda path, _: path.name != "cgroup.procs")
    assert prepare_limits("trial", process).reason.startswith(f"the cgroup {group} is not yours to change; ")
    assert not list(group.glob("lab-*"))


@pytest.mark.parametrize("mounts", ["", "30 22 0:26 /other /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"])
def test_without_cgroup_v2_the_reason_says_so(tmp_path: Path, mounts: str) -> None:
    process, _ = build_tree(tmp_path)
    (process / "mountinfo").write_text(mounts)
    assert prepare_limits("trial", process).reason.startswith("cgroup v2: it is not mounted; ")


@pytest.mark.parametrize(
    ("limits", "values"),
    [
        ({}, {}),
        (
            {"memory": "64Mi", "cpu": "250m"},
            {
                "memory.max": "67108864",
                "memory.swap.max": "0",
                "memory.oom.group": "1",
                "cpu.max": "25000 100000",
            },
        ),
        ({"cpu": 2}, {"cpu.max": "200000 100000"}),
        ({"cpu": "1m"}, {"cpu.max": "1000 100000"}),
        ({"ephemeral-storage": "1Gi"}, {}),
    ],
)
def test_limits_are_written_as_a_kubelet_does(limits: dict[str, Any], values: dict[str, str]) -> None:
    assert limit_values(limits) == values


def test_a_group_is_made_anew_and_its_processes_end(tmp_path: Path, killed: list[str]) -> None:
    group = tmp_path / "group"
    for limit in ("1Gi", "2Gi"):
        create_group(group, {"limits": {"memory": limit}})
    assert (group / "memory.max").read_text() == str(2 * 2**30)
    remove_group(group)
    remove_group(group)
    assert killed == ["group", "group"]
    assert not group.exists()


def test_a_group_that_does_not_go_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource_limits, "_PATIENCE", 0.0)
    (tmp_path / "group/process").mkdir(parents=True)
    with pytest.raises(OSError, match="not empty"):
        remove_group(tmp_path / "group")


def test_only_containers_with_limits_have_groups(tmp_path: Path) -> None:
    limited = {"name": "server", "resources": {"limits": {"cpu": "1"}}}
    limits = ContainerLimits(str(tmp_path), "uid")
    assert limits.find(limited) == ""
    assert limits.create(limited) == limits.find(limited) == str(tmp_path / "uid-server")
    assert limits.create({"name": "free", "resources": None}) == ""
    assert ContainerLimits("", "uid").create(limited) == ""
    assert ContainerLimits("", "uid").find(limited) == ""


def test_where_the_groups_are_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "limits.json"
    assert read_limit_groups(path).reason == "the lab has not been started yet"
    write_limit_groups(path, LimitGroups("/groups", ""))
    assert read_limit_groups(path) == LimitGroups("/groups", "")
    path.write_text("")
    assert read_limit_groups(path).folder == ""


@pytest.mark.parametrize("reason", ["", "no cgroup is yours"])
def test_the_status_says_why_limits_are_not_enforced(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], reason: str
) -> None:
    folder = Folder("trial", tmp_path)
    write_limit_groups(folder.limits, LimitGroups("", reason))
    shown = replace(status(folder), components=(ComponentRecord("etcd", (2379,)),))
    for as_json in (True, False):
        show_status([shown], [LabContents()], as_json=as_json, as_list=False)
    document, _, as_text = capsys.readouterr().out.partition("\n}\n")
    assert json.loads(f"{document}}}")["limits"] == reason
    line = f"limits of CPU and memory are not enforced: {reason}\n"
    assert (line in as_text) is bool(reason)
