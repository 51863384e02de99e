"""Writing a stack's file while others may change it."""

from pathlib import Path

import pytest

from ops.errors import OperationError
from ops.releases.stack_file import RELEASE, StackFile
from tests.support.online_boutique import write_project


def test_what_somebody_else_wrote_in_the_meantime_stays(tmp_path: Path) -> None:
    write_project(tmp_path)
    path = tmp_path / "Pulumi.dev.yaml"
    path.write_text("config:\n  boutique:release: {default: v0.10.6}\n")
    before = StackFile.read(tmp_path, "dev")
    after = before.with_values({RELEASE: {"default": "v0.10.7"}})
    theirs = before.text + "# theirs\n"
    path.write_text(theirs)
    with pytest.raises(OperationError, match="has changed in the meantime"):
        before.replace_with(after)
    assert path.read_text() == theirs
    path.write_text(before.text)
    before.replace_with(after)
    assert "v0.10.7" in path.read_text()
