"""What a lab saves Pulumi: automatic logs, and asking pip for plugins."""

import subprocess
import sys
from pathlib import Path

import pytest

from lab import environment
from lab.folder import Folder
from lab.preparation import disable_automatic_logs, write_python


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


def ask(folder: Folder, *arguments: str) -> str:
    """Return what the lab's Python prints."""
    changes = environment.variables(folder, "/bin:/usr/bin")
    command = [changes["PULUMI_PYTHON_CMD"], *arguments]
    return subprocess.run(command, env=changes, capture_output=True, text=True, check=True).stdout.strip()


def test_the_language_host_gets_no_packages_with_plugins(folder: Folder) -> None:
    write_python(folder)
    assert ask(folder, "-m", "pip", "list", "-v", "--format", "json") == "[]"


@pytest.mark.parametrize("is_started", [True, False])
def test_everything_else_goes_to_python(folder: Folder, is_started: bool) -> None:
    if is_started:
        write_python(folder)
    assert ask(folder, "-c", "import sys; print(sys.prefix, *sys.argv[1:])", "a  b", "$c") == f"{sys.prefix} a  b $c"
