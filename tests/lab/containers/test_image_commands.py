"""kubectl's commands in a container that runs an image, as on any cluster."""

import os
import pty
import subprocess
import time
from contextlib import suppress

from tests.support.lab.image_workloads import ImageMesh
from tests.support.lab.lab_commands import eventually


def test_exec_passes_streams_and_exit_codes_on(mesh: ImageMesh) -> None:
    done = mesh.exec("front", "cat", "/text")
    assert (done.returncode, done.stdout) == (0, "of the image")
    done = mesh.exec("front", "fail", "7")
    assert (done.returncode, "failing as asked" in done.stderr) == (7, True)
    text = "line\n" * 50_000
    assert mesh.exec("front", "cat", stdin=text).stdout == text
    assert "executable file not found in $PATH" in mesh.exec("front", "none").stderr


def test_exec_gives_a_terminal_of_the_containers_own(mesh: ImageMesh) -> None:
    here, there = pty.openpty()
    command = ["kubectl", "exec", "-n", "shop", "-it", "deployment/front", "-c", "server", "--", "terminal"]
    with subprocess.Popen(command, env=mesh.lab.env, stdin=there, stdout=there, stderr=there) as process:
        os.close(there)
        output = b""
        with suppress(OSError):
            while part := os.read(here, 1000):
                output += part
    os.close(here)
    assert b"terminal /dev/pts/0" in output
    assert process.returncode == 0


def test_attach_shows_what_the_program_prints(mesh: ImageMesh) -> None:
    command = ["kubectl", "attach", "-n", "shop", "deployment/back", "-c", "server"]
    with subprocess.Popen(
        command, env=mesh.lab.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        name = mesh.pod("back")["metadata"]["name"]
        eventually(lambda: process.poll() is None and bool(mesh.process("back")), "it is attached")
        time.sleep(2)
        mesh.lab.kubectl("delete", "pod", "-n", "shop", name)
        output, _ = process.communicate(timeout=60)
    assert "ending by quit" in output
    mesh.wait("back")
