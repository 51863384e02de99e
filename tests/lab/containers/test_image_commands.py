"""kubectl's commands in a container that runs an image, as on any cluster."""

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time
from contextlib import suppress
from pathlib import Path

from tests.support.lab.image_workloads import ImageMesh
from tests.support.lab.lab_commands import eventually

READING = """
apiVersion: v1
kind: Pod
metadata: {name: reading, namespace: shop}
spec:
  terminationGracePeriodSeconds: 0
  containers:
  - {name: server, image: IMAGE, command: [cat], stdin: true}
  - {name: once, image: IMAGE, command: [cat], stdin: true, stdinOnce: true}
"""


def test_exec_passes_streams_and_exit_codes_on(mesh: ImageMesh) -> None:
    done = mesh.exec("front", "cat", "/text")
    assert (done.returncode, done.stdout) == (0, "of the image")
    done = mesh.exec("front", "fail", "7")
    assert (done.returncode, "failing as asked" in done.stderr) == (7, True)
    text = "line\n" * 50_000
    assert mesh.exec("front", "cat", stdin=text).stdout == text
    assert "executable file not found in $PATH" in mesh.exec("front", "none").stderr


class Terminal:
    """A program on a terminal, as a person has it: its output so far, and its keys."""

    def __init__(self, mesh: ImageMesh, *command: str) -> None:
        self.output = b""
        self._keys, there = pty.openpty()
        self.resize(24, 80)
        # The terminal sends it SIGWINCH and what Ctrl-C sends only as that of its session.
        start = ["setsid", "--ctty", "--wait", "kubectl", "exec", "-n", "shop", "-it", "deployment/front"]
        self.process = subprocess.Popen(
            [*start, "-c", "server", "--", *command], env=mesh.lab.env, stdin=there, stdout=there, stderr=there
        )
        os.close(there)

    def resize(self, rows: int, columns: int) -> None:
        fcntl.ioctl(self._keys, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def press(self, keys: bytes) -> None:
        os.write(self._keys, keys)

    def shows(self, text: bytes) -> bool:
        while text not in self.output and select.select([self._keys], [], [], 0)[0]:
            self.output += os.read(self._keys, 1000)
        return text in self.output

    def end(self) -> int:
        """Wait for the end of the program, and return its exit code."""
        with suppress(OSError):
            while part := os.read(self._keys, 1000):
                self.output += part
        os.close(self._keys)
        return self.process.wait(timeout=60)


def test_exec_gives_a_terminal_of_the_containers_own(mesh: ImageMesh) -> None:
    terminal = Terminal(mesh, "terminal")
    assert terminal.end() == 0
    assert b"terminal /dev/pts/0" in terminal.output
    terminal = Terminal(mesh, "fail", "9")
    assert terminal.end() == 9


def test_a_terminal_changes_its_size_and_control_c_interrupts(mesh: ImageMesh) -> None:
    terminal = Terminal(mesh, "size")
    eventually(lambda: terminal.shows(b"size 24 80"), "it has the size of the client's")
    terminal.resize(50, 132)
    eventually(lambda: terminal.shows(b"size 50 132"), "it follows the client's")
    terminal.press(b"\x03")
    assert terminal.end() == 128 + signal.SIGINT


def test_what_is_typed_is_read_until_control_d(mesh: ImageMesh) -> None:
    terminal = Terminal(mesh, "cat")
    terminal.press(b"typed\n")
    eventually(lambda: terminal.shows(b"typed\r\ntyped\r\n"), "it is shown and read")
    terminal.press(b"\x04")
    assert terminal.end() == 0


def test_cp_copies_both_ways(mesh: ImageMesh, tmp_path: Path) -> None:
    source, back = tmp_path / "source", tmp_path / "back"
    (source / "deep").mkdir(parents=True)
    (source / "deep/large").write_bytes(os.urandom(3_000_000))
    (source / "small").write_text("text")
    pod = f"shop/{mesh.pod('front')['metadata']['name']}"
    mesh.lab.kubectl("cp", str(source), f"{pod}:/srv/copied", "-c", "server")
    mesh.lab.kubectl("cp", f"{pod}:/srv/copied", str(back), "-c", "server")
    copied = {path.relative_to(back): path.read_bytes() for path in back.rglob("*") if path.is_file()}
    assert copied == {path.relative_to(source): path.read_bytes() for path in source.rglob("*") if path.is_file()}
    assert "exit code 1" in mesh.lab.refusal("cp", f"{pod}:/none", str(back), "-c", "server")


def test_attach_writes_to_the_program(mesh: ImageMesh) -> None:
    mesh.apply(READING)
    try:
        eventually(lambda: "running" in mesh.status("reading", "once").get("state", {}), "they run")
        for text in ("first", "second"):
            assert attach(mesh, "reading", "server", text) == f"{text}\n"
        assert mesh.lab.kubectl("logs", "-n", "shop", "reading", "-c", "server") == "first\nsecond\n"
        # Its input ends with that of the client, and so does the program.
        assert attach(mesh, "reading", "once", "only") == "only\n"
        eventually(lambda: mesh.status("reading", "once")["restartCount"] > 0, "it ends")
    finally:
        mesh.lab.kubectl("delete", "pod", "-n", "shop", "reading", "--ignore-not-found")


def attach(mesh: ImageMesh, pod: str, container: str, text: str) -> str:
    """Type a line into a program and return the first line that it prints."""
    command = ["kubectl", "attach", "-n", "shop", "-i", pod, "-c", container]
    with subprocess.Popen(
        command, env=mesh.lab.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(f"{text}\n")
        process.stdin.close()
        line = process.stdout.readline()
        process.kill()
    return line


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
