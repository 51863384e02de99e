"""A container reaches nothing of the machine and of other containers, and leaves nothing behind."""

import os
import signal
import socket
from pathlib import Path
from urllib.parse import urlsplit

from tests.support.lab.image_workloads import ImageMesh
from tests.support.lab.lab_commands import eventually
from tests.support.lab.lab_remains import descendants, find_remains, listening_sockets


def test_no_file_of_the_machine_is_seen(mesh: ImageMesh) -> None:
    for path in (mesh.lab.folder / "kubeconfig", mesh.lab.folder / "settings.json", Path(__file__)):
        assert path.exists()
        for prefix in ("", "/proc/1/root", "/proc/self/cwd/../../../..", "/proc/self/root"):
            assert "error" in mesh.ask("front", "/read", path=f"{prefix}{path}"), f"{prefix}{path}"
    names = mesh.ask("front", "/list", path="/")
    assert set(names) == {"app", "bin", "changeable", "dev", "etc", "proc", "srv", "text", "var"}


def test_no_file_of_the_machine_is_written(mesh: ImageMesh, tmp_path: Path) -> None:
    target = tmp_path / "escaped"
    assert "error" in mesh.ask("front", "/write", path=str(target), text="x")
    for path in ("/proc/sys/kernel/hostname", "/proc/sys/kernel/core_pattern", "/proc/sysrq-trigger"):
        assert "error" in mesh.ask("front", "/write", path=path, text="x"), path
    assert mesh.ask("front", "/write", path="/changeable", text="changed") == "written"
    assert mesh.ask("back", "/read", path="/changeable") == "of the image", "the layer is shared"
    assert not target.exists()


def test_a_program_has_no_privileges(mesh: ImageMesh) -> None:
    status = dict(
        line.split(":\t", 1)
        for line in mesh.ask("front", "/read", path="/proc/self/status").splitlines()
        if ":\t" in line
    )
    assert {status[name] for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {"0" * 16}
    assert status["NoNewPrivs"] == "1"
    done = mesh.exec("front", "cat", "/proc/self/status")
    assert "CapBnd:\t0000000000000000" in done.stdout
    assert "NoNewPrivs:\t1" in done.stdout
    assert mesh.ask("front", "/read", path="/proc/sys/user/max_user_namespaces") == "0\n"


def test_no_signal_and_no_tracer_reaches_another_container(mesh: ImageMesh) -> None:
    others = {mesh.process("back"), mesh.process("front")}
    done = mesh.exec("front", "kill", "70000")
    assert done.stdout == "signalled 0 traced 0\n"
    assert {mesh.process("back"), mesh.process("front")} == others
    numbers = [name for name in mesh.ask("front", "/list", path="/proc") if name.isdigit()]
    assert numbers == ["1"], "it sees other processes"


def test_nothing_listens_on_the_machine_but_what_is_published(mesh: ImageMesh) -> None:
    status = mesh.lab.status()
    ports = {urlsplit(str(status[name])).port for name in ("api", "https", "http")}
    listening = listening_sockets(descendants(int(str(status["pid"]))))
    assert listening == {f"tcp 0100007F {port}" for port in ports}
    with socket.socket() as client:
        client.settimeout(2)
        assert client.connect_ex(("127.0.0.1", 80)) != 0, "the program's port"


def test_no_unix_socket_of_the_machine_is_reached(mesh: ImageMesh, tmp_path: Path) -> None:
    abstract = f"boutique-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX) as first, socket.socket(socket.AF_UNIX) as second:
        for server, address in ((first, f"\0{abstract}"), (second, str(tmp_path / "socket"))):
            server.bind(address)
            server.listen()
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(f"\0{abstract}")
        for name in (f"@{abstract}", str(tmp_path / "socket"), str(mesh.lab.folder / "pulls.sock")):
            done = mesh.exec("front", "connect", name)
            assert done.returncode == 1, f"{name}: {done.stdout}"
            assert "connect: " in done.stderr


def test_a_container_outlives_the_node_agent(mesh: ImageMesh) -> None:
    before = mesh.process("front")
    agent = mesh.lab.component("node-agent")
    mesh.lab.kill(int(str(agent["pid"])))
    eventually(
        lambda: bool(mesh.lab.status()["ready"]) and mesh.lab.component("node-agent")["restarts"] != 0, "it is back"
    )
    eventually(lambda: mesh.exec("front", "cat", "/text").stdout == "of the image", "commands run in it again")
    assert mesh.process("front") == before
    assert mesh.container("front")["source"] == "image"


def test_nothing_is_left_of_a_killed_lab(mesh: ImageMesh) -> None:
    assert mesh.exec("back", "dig", "/srv/closed").returncode == 0
    pid = int(str(mesh.lab.status()["pid"]))
    before = descendants(pid)
    assert {mesh.process("front"), mesh.process("back")} <= {process.pid for process in before.processes}
    assert find_remains(before, mesh.lab.folder) != []
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: find_remains(before, mesh.lab.folder) == [], "all of it is gone")
    left = containers(mesh)
    assert left, "folders stay until the next start"
    mesh.lab.boutique("up")
    for name in ("front", "back"):
        eventually(lambda name=name: mesh.container(name)["ready"] is True, f"{name} runs again")  # type: ignore[misc]
    assert mesh.container("front")["source"] == "image"
    assert left & containers(mesh) == set(), "of the containers before"


def containers(mesh: ImageMesh) -> set[Path]:
    """Return the folders of containers, of those that have ended too."""
    return set(mesh.lab.folder.glob("pods/*/containers/*"))
