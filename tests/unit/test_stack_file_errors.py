"""Stack files that no command of releases can work with: each says what is wrong, and leaves the file as it is."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from ops.cli import app
from ops.errors import OperationError
from tests.support.unit.release_fakes import Project, Run, refusal_message

READ = (("release", "show", "dev"), ("release", "check", "dev"))
WRITE = (
    ("release", "set", "dev", "--service", "adservice=v0.10.7"),
    ("promote", "test", "dev", "--yes", "--no-smoke"),
    ("rollback", "dev", "--yes", "--no-smoke"),
)
ENVIRONMENT = "  boutique:environment:\n    services:\n      loadgenerator: {enabled: false}\n"
RELEASE = "  boutique:release:\n    default: v0.10.6  # of all\n"


def break_stack_file(project: Project, old: str, new: str) -> Path:
    project.stack("test", "v0.10.7")
    project.up("test", "v0.10.7")
    file = project.stack("dev")
    project.up("dev", "v0.10.6")
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new))
    return file


WRONG = (
    (ENVIRONMENT, "  boutique:environment: [1]\n"),
    (ENVIRONMENT, "  boutique:environment: foo\n"),
    (ENVIRONMENT, "  boutique:environment: {services: {adservice: [1]}}\n"),
    (RELEASE, "  boutique:release: foo\n"),
    (RELEASE, "  boutique:release: [v0.10.6]\n"),
    (RELEASE, "  boutique:release: {services: [adservice]}\n"),
)
TWICE = (RELEASE, "  boutique:release: {default: v2.0.0, default: v1.0.0}\n")


@pytest.mark.parametrize("command", READ, ids=" ".join)
@pytest.mark.parametrize(("old", "new"), WRONG)
def test_what_is_wrong_is_said(project: Project, run: Run, command: tuple[str, ...], old: str, new: str) -> None:
    break_stack_file(project, old, new)
    done = run(*command, code=1)
    assert isinstance(done.exception, OperationError), repr(done.exception)
    assert "Pulumi.dev.yaml: " in str(done.exception)


@pytest.mark.parametrize("command", WRITE, ids=" ".join)
@pytest.mark.parametrize(("old", "new"), [*WRONG, TWICE])
def test_what_is_wrong_is_left_as_it_is_or_mended(
    project: Project, run: Run, command: tuple[str, ...], old: str, new: str
) -> None:
    file = break_stack_file(project, old, new)
    before = file.read_text()
    done = CliRunner().invoke(app, command)
    if done.exit_code == 0:
        assert run("release", "show", "dev").output
    else:
        assert isinstance(done.exception, OperationError), repr(done.exception)
        assert file.read_text() == before


@pytest.mark.parametrize("command", [*READ, *WRITE], ids=" ".join)
def test_a_file_that_is_no_text_is_named(project: Project, run: Run, command: tuple[str, ...]) -> None:
    file = break_stack_file(project, "# of all", "# of all")
    content = file.read_bytes().replace(b"of all", b"f\xfcr alle")
    file.write_bytes(content)
    assert f"{file}: is not UTF-8 text" in refusal_message(run(*command, code=1))
    assert file.read_bytes() == content
