"""What a lab is told of applications: files of stand-ins, and the application of stack `local`."""

import json
import shutil
from pathlib import Path

import pytest

from boutique.application.application_file import parse_application
from boutique.settings.errors import SettingsError
from lab import environment
from lab.folder import Folder
from lab.standins.behaviour import read
from ops.applications.standin_document import standin_document
from ops.applications.standin_files import lab_applications
from ops.applications.standin_refinements import parse_refinements
from ops.errors import OperationError
from tests.support.online_boutique import PROJECT, ROOT
from tests.support.online_boutique import REFERENCE as NAME
from tests.support.unit.standin_application import DATA

SMALL = """
name: small
entry: {workload: web}
workloads:
  web: {image: "r/web:1", ports: [{name: http, port: 80}]}
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "project"
    (folder / "application").mkdir(parents=True)
    (folder / "Pulumi.yaml").write_text(PROJECT)
    for name in (f"{NAME}.yaml", f"{NAME}.lab.yaml"):
        shutil.copy(ROOT / "application" / name, folder / "application" / name)
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    made = Folder("x", tmp_path / "lab")
    made.create()
    return made


def known(folder: Folder) -> set[str]:
    return {key.partition("/")[0] for key in json.loads(folder.behaviour.read_text())}


def test_a_lab_knows_every_application_and_deploys_the_projects_default(project: Path, folder: Folder) -> None:
    (project / "application" / "small.yaml").write_text(SMALL)
    lab_applications(folder, []).write(folder)
    assert known(folder) == {NAME, "small"}
    assert environment.variables(folder, "/bin")["BOUTIQUE_LAB_APPLICATION"] == NAME


def test_a_chosen_application_stays_until_another_is_chosen(project: Path, folder: Folder) -> None:
    (project / "application" / "small.yaml").write_text(SMALL)
    lab_applications(folder, ["small"]).write(folder)
    assert known(folder) == {"small"}
    lab_applications(folder, []).write(folder)
    assert folder.application.read_text() == "small"
    lab_applications(folder, [NAME, "small"]).write(folder)
    assert folder.application.read_text() == NAME


def test_a_file_may_lie_elsewhere_and_is_not_forgotten(project: Path, folder: Folder, tmp_path: Path) -> None:
    elsewhere = tmp_path / "mine.yaml"
    elsewhere.write_text(SMALL)
    lab_applications(folder, ["../mine.yaml"]).write(folder)
    assert folder.application.read_text() == str(elsewhere)
    lab_applications(folder, [NAME]).write(folder)
    assert known(folder) == {NAME, "small"}
    (project / "sub").mkdir()
    (project / "sub" / "own.yaml").write_text(SMALL)
    lab_applications(folder, ["./sub/own.yaml"]).write(folder)
    assert folder.application.read_text() == "sub/own.yaml"


def test_outside_a_project_the_installed_applications_are_known(
    tmp_path: Path, folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    lab_applications(folder, []).write(folder)
    assert NAME in known(folder)


def test_a_document_that_cannot_be_read_is_written_anew(project: Path, folder: Folder) -> None:
    assert project
    folder.behaviour.write_text("{")
    lab_applications(folder, []).write(folder)
    assert known(folder) == {NAME}


@pytest.mark.parametrize(
    ("files", "references", "complaint"),
    [
        (
            {},
            ["online-butique"],
            "--application: 'online-butique': there is no file application/online-butique.yaml; did you mean",
        ),
        ({}, ["./none.yaml"], "--application: 'none.yaml': there is no file none.yaml"),
        ({"small.yaml": SMALL, "other.yaml": SMALL}, [], "name: 'small': is the name of"),
        ({"small.yaml": "name: small"}, [], "small.yaml: entry: is missing"),
        (
            {"small.yaml": SMALL, "small.lab.yaml": "workloads: {wep: {}}"},
            [],
            "has no such workload; did you mean 'web'?",
        ),
    ],
)
def test_a_wrong_file_is_told_before_anything_is_written(
    project: Path, folder: Folder, files: dict[str, str], references: list[str], complaint: str
) -> None:
    for name, content in files.items():
        (project / "application" / name).write_text(content)
    with pytest.raises(OperationError) as caught:
        lab_applications(folder, references)
    assert complaint in str(caught.value)
    assert not folder.behaviour.exists()


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("- a", "must be a mapping with the keys definitions and workloads"),
        ("worklods: {}", "'worklods': there is no such key; did you mean 'workloads'?"),
        ("workloads: [web]", "workloads: must be a mapping of names to behaviours"),
        ("workloads: {web: 1}", "workloads.web is 1, which is not a mapping"),
        ("workloads: {web: {sight: {}}}", "workloads.web has unknown fields: sight; there are: ports, methods, site,"),
        (
            "workloads: {web: {site: {routes: [{path: 1}]}}}",
            "workloads.web.site.routes[0].path is 1, which is not a text",
        ),
        ("workloads: {web: {site: {}}}", "workloads.web.site lacks routes"),
        ("workloads: {web: {load: 1}, x: {}}", "workloads.x: the application 'small' has no such workload"),
        ("workloads: {web: *x}", "line 1, column 18: is not YAML"),
    ],
)
def test_a_wrong_refinement_names_the_place(content: str, complaint: str) -> None:
    application = parse_application(SMALL.encode(), "small.yaml")
    with pytest.raises(SettingsError) as caught:
        parse_refinements(content.encode(), "small.lab.yaml", application)
    assert all(error.startswith("small.lab.yaml:") for error in caught.value.errors)
    assert complaint in "\n".join(caught.value.errors)


def test_an_empty_refinement_changes_nothing() -> None:
    application = parse_application(SMALL.encode(), "small.yaml")
    assert parse_refinements(b"", "small.lab.yaml", application) == {}
    assert parse_refinements(b"definitions: {a: 1}", "small.lab.yaml", application) == {}


def test_a_refined_workload_keeps_what_is_not_said(tmp_path: Path) -> None:
    (tmp_path / "small.yaml").write_text(SMALL)
    (tmp_path / "small.lab.yaml").write_text("workloads: {web: {site: {routes: [{path: /only}]}}}")
    behaviour = read(standin_document(["./small.yaml"], tmp_path), "small/web")
    assert behaviour
    assert behaviour.site
    assert [route.path for route in behaviour.site.routes] == ["/only"]
    assert [port.number for port in behaviour.ports] == [80]


def test_the_tests_own_application_is_written_and_read() -> None:
    document = standin_document([str(DATA / "everything.yaml")], DATA)
    workloads = {key.partition("/")[2] for key in json.loads(document)}
    assert workloads == {"web", "api", "billing", "reports", "worker", "queue", "cache", "database"}
    assert all(read(document, f"everything/{name}") for name in workloads)
