"""A lab's Pulumi writes no automatic logs: a file lies where their folder would be."""

from pathlib import Path

import pytest

from lab.folder import Folder
from lab.preparation import disable_automatic_logs


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    folder = Folder("a", tmp_path / "a")
    folder.create()
    return folder


def is_disabled(folder: Folder) -> bool:
    return [path.name for path in folder.pulumi_home.iterdir() if path.is_file()] == ["logs"]


def test_a_file_stands_in_for_the_folder_of_logs(folder: Folder) -> None:
    disable_automatic_logs(folder)
    assert is_disabled(folder)
    disable_automatic_logs(folder)
    assert is_disabled(folder)


def test_the_logs_of_an_earlier_version_go(folder: Folder) -> None:
    logs = folder.pulumi_home / "logs"
    logs.mkdir()
    (logs / "pulumi-20260101T000000-1-preview.log").touch()
    disable_automatic_logs(folder)
    assert is_disabled(folder)
