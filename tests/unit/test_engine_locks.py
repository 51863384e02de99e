"""Pulumi's ways to say that a stack is locked."""

from pathlib import Path

import pytest

from ops import engine
from ops.engine import LockedError


def test_a_lock_of_pulumi_cloud_is_a_lock_whose_holder_nobody_knows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pulumi = tmp_path / "pulumi"
    pulumi.write_text(
        '#!/bin/sh\necho "error: [409] Conflict: Another update is currently in progress." >&2\nexit 255\n'
    )
    pulumi.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    with pytest.raises(LockedError, match="is being updated by somebody else; wait until") as raised:
        engine.run(tmp_path, "dev", "up")
    assert raised.value.holders == ()
