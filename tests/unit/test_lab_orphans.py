import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab import orphans

SLEEP = "import time; time.sleep(60)"


@pytest.fixture
def part(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that looks like a provider of the lab whose PULUMI_HOME is tmp_path."""
    script = tmp_path / "pulumi-language-python-exec"
    script.write_text(SLEEP)
    environment = {**os.environ, "PULUMI_HOME": str(tmp_path)}
    with subprocess.Popen([sys.executable, "-u", script], env=environment) as process:
        yield process
        process.kill()


def is_alive(process: subprocess.Popen[bytes]) -> bool:
    return process.poll() is None


def test_part_without_its_pulumi_is_ended(part: subprocess.Popen[bytes], tmp_path: Path) -> None:
    assert orphans.end(tmp_path) == ["pulumi-language-python-exec"]
    assert part.wait(timeout=5) != 0


def test_part_of_another_lab_is_left_alone(part: subprocess.Popen[bytes], tmp_path: Path) -> None:
    assert orphans.end(tmp_path / "other") == []
    assert is_alive(part)


@pytest.mark.parametrize("command", [[sys.executable, "-c", SLEEP], ["tail", "-f", "pulumi-resource-notes.log"]])
def test_other_programs_in_the_labs_environment_are_left_alone(tmp_path: Path, command: list[str]) -> None:
    (tmp_path / "pulumi-resource-notes.log").touch()
    environment = {**os.environ, "PULUMI_HOME": str(tmp_path)}
    with subprocess.Popen(command, env=environment, cwd=tmp_path) as process:
        ended = orphans.end(tmp_path)
        still = is_alive(process)
        process.kill()
    assert ended == []
    assert still


def test_part_whose_pulumi_lives_is_left_alone(tmp_path: Path) -> None:
    script = tmp_path / "pulumi-language-python-exec"
    script.write_text(SLEEP)
    # The kernel names a process after the file it runs: a link to a shell is a `pulumi` good enough.
    pulumi = tmp_path / "pulumi"
    pulumi.symlink_to("/bin/sh")
    environment = {**os.environ, "PULUMI_HOME": str(tmp_path)}
    line = f"{sys.executable} {script} & echo $!; wait"
    with subprocess.Popen([pulumi, "-c", line], env=environment, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout
        child = int(parent.stdout.readline())
        try:
            ended = orphans.end(tmp_path)
            os.kill(child, 0)
        finally:
            os.kill(child, 9)
        assert ended == []
