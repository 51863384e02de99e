"""`boutique review comment`: what it asks Pulumi, and what it makes of the answer."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from ops.cli import app
from ops.errors import OperationError
from tests.support.online_boutique import write_project
from tests.support.unit.preview_documents import one_line

Pulumi = Callable[..., None]


@pytest.fixture
def pulumi(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Pulumi:
    """Put a `pulumi` on PATH that prints what it is told, and be in a project."""
    script = tmp_path / "bin/pulumi"
    script.parent.mkdir()
    monkeypatch.setenv("PATH", f"{script.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.chdir(tmp_path)
    write_project(tmp_path)

    def print_preview(printed: object, error: str = "", code: int = 0) -> None:
        (tmp_path / "printed").write_text(printed if isinstance(printed, str) else json.dumps(printed))
        (tmp_path / "error").write_text(error)
        lines = [
            f'echo "$*" > {tmp_path}/asked',
            f"cat {tmp_path}/printed",
            f"cat {tmp_path}/error >&2",
            f"exit {code}",
        ]
        script.write_text("\n".join(["#!/bin/sh", *lines]))
        script.chmod(0o755)

    return print_preview


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["review", "comment", *arguments])


def test_the_command_previews_the_stack_and_changes_nothing(pulumi: Pulumi, tmp_path: Path) -> None:
    pulumi(one_line())
    done = run("local", "--commit", "0123abc")
    assert done.exit_code == 0
    assert "image `v0.10.6` → `v0.10.7`" in done.stdout
    # Those who call it: of the catalogue, which the plan does not say.
    assert "pods of `adservice`, called by `frontend`" in done.stdout
    assert "Of commit 0123abc" in done.stdout
    arguments = (tmp_path / "asked").read_text().split()
    assert arguments[:5] == ["preview", "--json", "--show-sames", "--stack", "local"]


@pytest.mark.parametrize(
    ("printed", "error", "message"),
    [
        ({"diagnostics": [{"severity": "error", "message": "1 mistake"}], "steps": []}, "", "1 mistake"),
        ("", "error: no stack named 'local' found", "there is no stack 'local'"),
        ({}, "error: it broke", "it broke"),
    ],
)
def test_why_there_is_no_plan_is_the_comment(pulumi: Pulumi, printed: object, error: str, message: str) -> None:
    pulumi(printed, error, code=255)
    done = run("local")
    assert done.exit_code == 1
    assert done.stdout.startswith("<!-- boutique-review local -->\n### `local`: the preview failed\n\n```text\n")
    assert message in done.stdout


def test_a_preview_that_was_kept_is_read_instead(pulumi: Pulumi, tmp_path: Path) -> None:
    pulumi("", "error: must not be asked", code=1)
    (tmp_path / "plan.json").write_text(json.dumps(one_line()))
    done = run("--from", "plan.json")
    assert done.exit_code == 0
    assert done.stdout.startswith("<!-- boutique-review local -->")
    assert not (tmp_path / "asked").exists()


@pytest.mark.parametrize("content", [b"no JSON", b"[]", b'{"steps": {}}', b"\xff"])
def test_a_file_that_is_no_preview_is_named_with_the_remedy(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "plan.json"
    file.write_bytes(content)
    with pytest.raises(OperationError, match=r"^--from .*plan.json: .*pulumi preview --json"):
        CliRunner().invoke(app, ["review", "comment", "--from", str(file)], catch_exceptions=False)


def test_neither_stack_nor_file_is_refused() -> None:
    done = run()
    assert done.exit_code == 2
    assert "give the stack to preview, or --from FILE" in " ".join(done.stderr.split())


def test_the_stack_of_a_file_can_be_named_if_it_has_none(tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    file.write_text("{}")
    assert run("dev", "--from", str(file)).stdout.startswith("<!-- boutique-review dev -->\n### `dev`: no changes")
