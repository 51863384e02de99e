"""Which stacks a change is about, and which versions it brings."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from ops.cli import app
from ops.errors import OperationError
from ops.releases.set_release import ReleaseRequest
from ops.releases.set_release import with_release as release_changed
from ops.releases.stack_file import StackFile
from ops.reviews.affected_stacks import affected_stacks
from ops.reviews.branch_versions import changed_versions as versions
from ops.reviews.changed_files import base_text, list_changes
from tests.support.online_boutique import write_project

ROOT = Path(__file__).parents[2]


def target_of(stack: str) -> dict[str, Any]:
    return {"config": {"boutique:cluster": {"kind": "stack", "name": stack, "target": "x"}}}


FILES: dict[str, Any] = {
    "nonprod": {"config": {"boutique:cluster": {"kind": "existing"}}},
    "dev": target_of("nonprod"),
    "test": target_of("organization/boutique/nonprod"),
    "dev-new-ads": {"config": {"boutique:feature": {"environment": "dev"}}},
    "prod-platform": {},
    "prod": target_of("prod-platform"),
    "broken": "text",
}


@pytest.mark.parametrize(
    ("paths", "stacks"),
    [
        (["Pulumi.prod.yaml"], ["prod"]),
        (["Pulumi.prod-platform.yaml"], ["prod", "prod-platform"]),
        (["Pulumi.dev.yaml"], ["dev", "dev-new-ads"]),
        (["Pulumi.nonprod.yaml"], ["dev", "dev-new-ads", "nonprod", "test"]),
        (["Pulumi.prod.yml", "Pulumi.dev-new-ads.yaml"], ["dev-new-ads", "prod"]),
        (["docs/mesh.md", "README.md", ".github/workflows/check.yml", "tests/unit/x.py", "ops/cli.py"], []),
        (["lab/cluster.py", "Makefile", "requirements-dev.txt", "ci/notes.py", ".gitignore", "bench/mesh.py"], []),
        ([], []),
        (["application/online_boutique.py"], sorted(FILES)),
        (["components/mesh.py"], sorted(FILES)),
        (["requirements.txt"], sorted(FILES)),
        (["Pulumi.yaml"], sorted(FILES)),
        (["__main__.py"], sorted(FILES)),
        (["whatever/comes/later.py"], sorted(FILES)),
        (["other/Pulumi.dev.yaml"], sorted(FILES)),
    ],
)
def test_a_file_is_about_its_stack_and_those_that_need_it(paths: list[str], stacks: list[str]) -> None:
    affected = affected_stacks(paths, FILES)
    assert list(affected.stacks) == stacks
    assert affected.removed == ()


def test_a_stack_without_its_file_is_named_and_those_that_need_it_are_concerned() -> None:
    stacks = affected_stacks(
        ["Pulumi.nonprod.yaml"], {name: content for name, content in FILES.items() if name != "nonprod"}
    )
    assert (list(stacks.stacks), stacks.removed) == (["dev", "dev-new-ads", "test"], ("nonprod",))
    assert stacks.stacks["dev"] == "it depends on nonprod"


def test_every_folder_of_the_repository_is_sorted() -> None:
    """A file that the program reads changes every stack; other files change none, so a typing error does not either."""
    tracked = subprocess.check_output(["git", "ls-files"], cwd=ROOT, text=True).splitlines()
    about_all = {path for path in tracked if affected_stacks([path], FILES).stacks.keys() == FILES.keys()}
    assert {path.split("/")[0] for path in about_all} == {
        "Pulumi.yaml",
        "__main__.py",
        "application",
        "boutique",
        "components",
        "requirements.txt",
        "stacks",
        "support",
    }


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project in a folder of a repository, on a branch that changed one version after others went on."""
    folder = tmp_path / "shop"
    folder.mkdir()
    for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"):
        monkeypatch.setenv(name, "/dev/null")
    git(tmp_path, "init", "-q", "-b", "main")
    write_project(folder)
    (tmp_path / "elsewhere.py").touch()
    write(folder, "dev", environment({}))
    write(folder, "test", target_of("nonprod"))
    commit(tmp_path)
    git(tmp_path, "checkout", "-q", "-b", "ads")
    write(folder, "dev", environment({"adservice": {"image": {"tag": "v0.10.7"}}}))
    (tmp_path / "elsewhere.py").write_text("changed")
    commit(tmp_path)
    git(tmp_path, "checkout", "-q", "main")
    write(folder, "test", target_of("another"))
    commit(tmp_path)
    git(tmp_path, "checkout", "-q", "ads")
    monkeypatch.chdir(folder)
    return folder


def environment(services: dict[str, Any]) -> dict[str, Any]:
    return {"config": {**target_of("nonprod")["config"], "boutique:environment": {"services": services}}}


def write(folder: Path, stack: str, content: dict[str, Any]) -> None:
    (folder / f"Pulumi.{stack}.yaml").write_text(yaml.safe_dump(content))


def git(folder: Path, *arguments: str) -> None:
    who = ["-c", "user.name=x", "-c", "user.email=x@example.com"]
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True)


def commit(folder: Path) -> None:
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "x")


def run(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["review", *arguments], catch_exceptions=False)
    return done.exit_code, done.stdout


def test_only_what_the_branch_changed_counts(repository: Path) -> None:
    assert list_changes(repository, "main") == ("Pulumi.dev.yaml",)
    assert run("affected", "--base", "main") == (0, "dev: Pulumi.dev.yaml changes\n")
    assert run("affected", "--base", "main", "--json") == (0, '["dev"]\n')
    assert run("affected", "--base", "main", "--json", "--stack", "test", "--stack", "prod") == (0, "[]\n")
    assert run("affected", "--base", "HEAD", "--json") == (0, "[]\n")


@pytest.mark.parametrize("base", ["nowhere", "--help", "-x"])
def test_a_base_that_is_not_here_is_named_with_the_remedy(repository: Path, base: str) -> None:
    with pytest.raises(OperationError, match=r"^--base .*fetch-depth: 0"):
        list_changes(repository, base)


def test_the_versions_of_a_branch_are_those_that_differ(repository: Path) -> None:
    assert run("versions", "dev", "--base", "main") == (0, "adservice=v0.10.7\n")
    assert json.loads(run("versions", "dev", "--base", "main", "--json")[1]) == {"adservice": "v0.10.7"}
    assert base_text(repository, "main", "Pulumi.new.yaml") is None
    with pytest.raises(OperationError, match=r"there is no file .*Pulumi.nothing.yaml"):
        run("versions", "nothing", "--base", "main")


def file(content: object, name: str = "dev") -> StackFile:
    return StackFile(path=Path(f"Pulumi.{name}.yaml"), text=yaml.safe_dump(content))


def test_a_stack_that_is_new_brings_every_version() -> None:
    new = file(environment({"loadgenerator": {"enabled": False}}))
    for was in (None, file({}), file(target_of("nonprod"))):
        result = versions(was, new)
        assert result["adservice"] == "v0.10.6"
        assert "loadgenerator" not in result


DIGEST = f"sha256:{'a' * 64}"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({}, "has no boutique:environment"),
        (environment({"frontned": {}}), "there is no such service; did you mean 'frontend'?"),
        (
            {"config": {"boutique:environment": {}, "boutique:release": {"services": {"adservice": f"@{DIGEST}"}}}},
            "Pulumi.dev.yaml: adservice: a digest alone names no version; write tag@digest",
        ),
    ],
)
def test_a_file_that_says_no_versions_is_refused(content: dict[str, Any], message: str) -> None:
    with pytest.raises(OperationError, match=message):
        versions(file(environment({})), file(content))


def test_another_digest_of_the_same_version_is_no_other_version() -> None:
    pinned = {"boutique:environment": {}, "boutique:release": {"services": {"adservice": f"v0.10.6@{DIGEST}"}}}
    assert versions(file(environment({})), file({"config": pinned})) == {}


@pytest.mark.parametrize("stack", ["dev", "test", "prod", "local"])
def test_versions_are_read_as_the_committed_files_have_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stack: str
) -> None:
    for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"):
        monkeypatch.setenv(name, "/dev/null")
    for name in ("Pulumi.yaml", f"Pulumi.{stack}.yaml"):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    monkeypatch.setenv("BOUTIQUE_LAB_APPLICATION", "online-boutique")
    (tmp_path / "application").symlink_to(ROOT / "application")
    (tmp_path / "__main__.py").touch()
    monkeypatch.chdir(tmp_path)
    git(tmp_path, "init", "-q", "-b", "main")
    commit(tmp_path)
    git(tmp_path, "checkout", "-q", "-b", "ads")
    assert run("versions", stack, "--base", "main", "--json") == (0, "{}\n")
    before = StackFile.read(tmp_path, stack)
    # What `boutique release set` writes, and what the comment of a pull request advises.
    before.replace_with(release_changed(before, ReleaseRequest(services={"adservice": "0.10.7-new-ads.3"})))
    commit(tmp_path)
    assert run("versions", stack, "--base", "main", "--json") == (0, '{"adservice": "0.10.7-new-ads.3"}\n')
