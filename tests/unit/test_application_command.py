"""`boutique application` on the command line."""

from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner, Result

from ops.cli import app
from tests.support.unit.manifest_samples import Manifest, as_list, config_map, container, service, workload

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _in_the_project(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def run(*arguments: str, text: bytes | None = None) -> Result:
    return CliRunner().invoke(app, ["application", *arguments], input=text)


def written(folder: Path, *objects: Manifest) -> str:
    path = folder / "mine.json"
    path.write_bytes(as_list(*objects))
    return str(path)


def test_an_import_prints_the_file_and_nothing_else_on_stdout(tmp_path: Path) -> None:
    result = run("import", written(tmp_path, workload(), service()))
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("# yaml-language-server: $schema=application.schema.json\nname: mine\n")
    content = yaml.safe_load(result.stdout)
    assert content["entry"] == {"workload": "web"}
    assert "note: " in result.stderr


def test_manifests_are_read_from_standard_input() -> None:
    result = run("import", "-", "--name", "shop", text=as_list(workload(), service()))
    assert (result.exit_code, yaml.safe_load(result.stdout)["name"]) == (0, "shop")


def test_what_is_left_out_is_said_and_ends_with_3(tmp_path: Path) -> None:
    job = {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "night"}}
    result = run("import", written(tmp_path, workload(), service(), job))
    assert result.exit_code == 3
    assert "left out: CronJob/night: jobs are not a part of an application here" in result.stderr
    assert yaml.safe_load(result.stdout)["workloads"]


def test_a_comparison_ends_with_a_count(tmp_path: Path) -> None:
    path = written(tmp_path, workload(serviceAccountName="x"), service())
    result = run("import", "--check", path)
    assert result.exit_code == 0, result.output
    assert "chosen by the program: Deployment/web: spec.serviceAccountName: x becomes web" in result.stderr
    assert "fields of pods, containers and Services: " in result.stderr
    assert ", 1 are the program's to choose, 0 differ" in result.stderr


def test_a_file_that_has_to_be_corrected_is_printed_with_its_errors(tmp_path: Path) -> None:
    main = container(readinessProbe={"httpGet": {"path": "/", "port": "gone"}})
    result = run("import", written(tmp_path, workload(containers=[main]), service()))
    assert result.exit_code == 1
    assert yaml.safe_load(result.stdout)["workloads"]
    assert "workloads.web.readinessProbe: the container has no port called 'gone'" in result.stderr


def test_settings_and_secrets_follow_as_comments(tmp_path: Path) -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "db"}, "data": {"password": "aHVudGVyMg=="}}
    more = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "more"}, "stringData": {"key": 4711}}
    env = [{"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"name": "db", "key": "password"}}}]
    content = workload(spec={"replicas": 3}, containers=[container(env=env)])
    result = run("import", written(tmp_path, content, service(), secret, more))
    assert "#       web: {replicas: 3}" in result.stdout
    assert "#     pulumi config set --secret --path 'boutique:serviceSecrets.db-password'" in result.stdout
    assert "aHVudGVyMg" not in result.output
    assert "4711" not in result.output


@pytest.mark.parametrize(
    ("files", "line"),
    [
        ({"Chart.yaml": "name: x", "templates/a.yaml": "{{ x }}"}, "is a Helm chart"),
        ({"kustomization.yaml": "resources: []"}, "is for kustomize"),
        ({"readme.txt": ""}, "has no file that ends in"),
        ({"a.yaml": "kind: {{ x }}"}, "is a template, not a manifest"),
        ({"a.yaml": "a: 1", "b.yaml": "b: ["}, "2 errors in the manifests"),
        ({"a.yaml": ""}, "no Deployment and no StatefulSet"),
    ],
)
def test_folders_that_are_no_manifests_get_one_clear_error(tmp_path: Path, files: dict[str, str], line: str) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    result = run("import", str(tmp_path), "--name", "x")
    assert (result.exit_code, result.stdout) == (1, "")
    assert line in str(result.exception)


def test_a_folder_is_read_with_all_below_it(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "x.yaml").write_text("[")
    (tmp_path / "deep" / "web.json").write_bytes(as_list(workload(), config_map("x", {})))
    (tmp_path / "service.yml").write_text(yaml.safe_dump(service()))
    assert run("import", str(tmp_path), "--name", "mine").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["nowhere.yaml"], "nowhere.yaml: there is no such file or folder"),
        (["-"], "standard input is empty"),
    ],
)
def test_paths_without_manifests_are_refused(arguments: list[str], line: str) -> None:
    assert line in str(run("import", *arguments, text=b"").exception)


@pytest.mark.parametrize("name", ["Mine", "1st", "a_b", "x" * 64])
def test_a_name_has_to_be_one(tmp_path: Path, name: str) -> None:
    assert "--name: " in str(run("import", "--name", name, written(tmp_path, workload(), service())).exception)


def test_a_check_shows_the_calls_and_what_is_missing() -> None:
    result = run("check", "online-boutique")
    assert result.exit_code == 0, result.output
    assert "online-boutique: 12 workloads, 16 calls, people reach frontend" in result.stdout
    [line] = [line for line in result.stdout.splitlines() if line.startswith("checkoutservice") and "currency" in line]
    assert "not followed: the caller loses `baggage`" in line
    assert "HTTPS: nothing is missing" in result.stdout


def test_a_check_draws_the_calls_for_mermaid() -> None:
    lines = run("check", "application/bookinfo.yaml", "--mermaid").stdout.splitlines()
    assert lines[:2] == ["flowchart LR", "  people(( )) --> productpage"]
    assert "  productpage -.-> details" in lines


def test_a_check_of_an_invalid_file_lists_its_errors(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("name: mine\nentry: {workload: web}\nworkloads: {web: {image: web}}\n")
    result = run("check", str(path))
    assert result.exit_code == 1
    assert "workloads.web.image" in str(result.exception)


def test_a_check_of_an_unknown_name_says_which_there_are() -> None:
    assert "did you mean 'bookinfo'" in str(run("check", "bookinfos").exception)
