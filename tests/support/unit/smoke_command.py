"""Runs `boutique smoke` in this process, with a `pulumi` of the test's own, and keeps what it said."""

import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ops import cli


@dataclass
class Smoked:
    """What the command said, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        content: dict[str, Any] = json.loads(self.out)
        return content

    @property
    def reached(self) -> dict[str, str]:
        return {name: service["reached"]["proof"] for name, service in self.json["services"].items()}


Smoke = Callable[..., Smoked]


def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], folder: Path, *secrets: str) -> Smoke:
    """Return `boutique(*arguments)`, which finds `pulumi` in a folder and may tell none of the secrets."""
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    for name in ("BOUTIQUE_LAB_FILES", "BOUTIQUE_LAB_HTTPS_PORT", "BOUTIQUE_LAB_HTTP_PORT"):
        monkeypatch.delenv(name, raising=False)

    def run(*arguments: str) -> Smoked:
        monkeypatch.setattr(sys, "argv", ["boutique", "smoke", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        output = capsys.readouterr()
        assert not [secret for secret in secrets if secret in output.out + output.err]
        assert isinstance(ended.value.code, int)
        return Smoked(ended.value.code, output.out, output.err)

    return run
