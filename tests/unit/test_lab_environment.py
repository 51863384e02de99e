import json
import subprocess
import sys
from pathlib import Path

import pytest

from lab import environment
from lab.folder import Folder, LabSettings

TOOLS = "/tools of mine/bin"


@pytest.fixture
def lab_folder(tmp_path: Path) -> Folder:
    folder = Folder("odd", tmp_path / "it's $HOME; `odd`")
    folder.create()
    LabSettings({"api": 16443}, TOOLS).write(folder)
    return folder


def evaluate(where: Folder, path: str, before: dict[str, str]) -> dict[str, str]:
    dump = f"{sys.executable} -c 'import json, os; print(json.dumps(dict(os.environ)))'"
    script = f"{environment.script(where, path)}\n{dump}"
    done = subprocess.run(["/bin/sh", "-euc", script], env=before, capture_output=True, text=True, check=True)
    result: dict[str, str] = json.loads(done.stdout)
    return result


def test_shell_gets_exactly_what_was_meant(lab_folder: Folder) -> None:
    variables = evaluate(lab_folder, "/usr/bin:/bin", {"PATH": "/usr/bin:/bin"})
    meant = environment.variables(lab_folder, "/usr/bin:/bin")
    assert {name: variables[name] for name in meant} == meant


def test_shell_learns_the_ports_that_there_are(lab_folder: Folder) -> None:
    assert not [name for name in environment.variables(lab_folder, "/bin") if name.endswith("_PORT")]
    LabSettings({"api": 16443, "https": 8443, "http": 8080}, TOOLS).write(lab_folder)
    variables = environment.variables(lab_folder, "/bin")
    assert (variables["BOUTIQUE_LAB_HTTPS_PORT"], variables["BOUTIQUE_LAB_HTTP_PORT"]) == ("8443", "8080")


def test_path_has_the_tools_first_and_no_entry_twice(lab_folder: Folder) -> None:
    once = evaluate(lab_folder, "/usr/bin:/bin", {"PATH": "/usr/bin:/bin"})["PATH"]
    twice = evaluate(lab_folder, once, {"PATH": once})["PATH"]
    assert once.split(":") == [TOOLS, str(Path(sys.executable).parent), "/usr/bin", "/bin"]
    assert twice == once


def test_own_interpreter_is_not_added_if_it_is_there(lab_folder: Folder) -> None:
    own = str(Path(sys.executable).parent)
    assert environment.variables(lab_folder, f"/usr/bin:{own}")["PATH"] == f"{TOOLS}:/usr/bin:{own}"


def test_what_the_user_set_for_another_backend_is_gone(lab_folder: Folder) -> None:
    before = {"PATH": "/usr/bin:/bin", **dict.fromkeys(environment.UNWANTED, "mine"), "PULUMI_BACKEND_URL": "s3://mine"}
    variables = evaluate(lab_folder, before["PATH"], before)
    assert not set(environment.UNWANTED) & variables.keys()
    assert variables["PULUMI_BACKEND_URL"].startswith("file:///")
    assert variables["PULUMI_BACKEND_URL"].endswith("?metadata=skip"), "a killed process leaves a whole state"
    assert not set(environment.UNWANTED) & environment.variables_inside(lab_folder, before).keys()


def test_files_of_the_tools_are_named_by_a_path_of_the_lab(lab_folder: Folder) -> None:
    variables = environment.variables(lab_folder, "/bin")
    assert variables["BOUTIQUE_LAB_FILES"] == str(lab_folder.root / "files")


def test_lab_that_never_started_has_an_environment(tmp_path: Path) -> None:
    variables = environment.variables(Folder("new", tmp_path / "new"), "/bin")
    assert variables["PATH"] == f"{Path(sys.executable).parent}:/bin"
    assert not (tmp_path / "new").exists()
