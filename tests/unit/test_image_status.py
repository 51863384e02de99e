"""What the status of a pod says of containers that run images, and of init containers."""

import asyncio
import signal
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from lab.containers.start_errors import ContainerStartError
from lab.memory import uses
from lab.nodeagent import pods, status_report
from lab.nodeagent.container_observation import observe
from lab.nodeagent.container_status import ContainerStatus
from lab.nodeagent.container_worker import ContainerWorker
from lab.nodeagent.pod_events import event
from lab.nodeagent.pods import Container
from lab.nodeagent.processes import PodProcess, ProcessIdentity, identify
from lab.nodeagent.state import ContainerState
from lab.nodeagent.status_report import PodReport
from lab.nodeagent.summary import summarize

IMAGE = "registry.example:5000/shop/ads:1"
APP = Container("server", "app", False, {"name": "server", "image": IMAGE})
INIT = Container("prepare", "app", False, {"name": "prepare", "image": IMAGE}, init=True)
NOW = datetime(2026, 11, 30, tzinfo=UTC)


def status(*statuses: ContainerStatus) -> dict[str, Any]:
    spec = {"initContainers": [{"name": "istio-init", "image": "istio"}, {"name": "prepare", "image": IMAGE}]}
    return status_report.status(PodReport({"metadata": {}, "spec": spec, "status": {}}, statuses), NOW)


def seen(container: Container, **changes: Any) -> ContainerStatus:
    completed = bool(changes.pop("completed", False))
    words = {name: changes.pop(name) for name in ("trouble", "trouble_reason", "pausing", "message") if name in changes}
    base = ContainerStatus(container, ContainerState(**changes), False, False, "", completed=completed)
    return replace(base, **words)


@pytest.mark.parametrize(
    ("pausing", "reason", "message"),
    [
        (False, "ErrImagePull", "denied"),
        (True, "ImagePullBackOff", f'Back-off pulling image "{IMAGE}": ErrImagePull: denied'),
    ],
)
def test_an_image_that_cannot_be_pulled_says_so(pausing: bool, reason: str, message: str) -> None:
    container = seen(APP, trouble="denied", trouble_reason="ErrImagePull", pausing=pausing)
    waiting = status(container)["containerStatuses"][0]["state"]["waiting"]
    assert waiting == {"reason": reason, "message": message}


def test_the_status_names_the_digest_of_the_image() -> None:
    running = seen(APP, process=ProcessIdentity(1, 1), since=1.0, image="sha256:abc")
    assert status(running)["containerStatuses"][0]["imageID"] == "registry.example:5000/shop/ads@sha256:abc"
    standin = seen(APP, process=ProcessIdentity(1, 1), since=1.0, image="")
    assert status(standin)["containerStatuses"][0]["imageID"] == f"stand-in://{IMAGE}"


def test_what_a_container_wrote_for_its_status_is_its_last_word() -> None:
    ended = seen(APP, exit_code=3, since=1.0, image="sha256:abc", message="out of ideas")
    terminated = status(ended)["containerStatuses"][0]["lastState"]["terminated"]
    assert (terminated["exitCode"], terminated["message"]) == (3, "out of ideas")


def test_a_pod_waits_for_its_init_containers() -> None:
    waiting = status(seen(INIT, process=ProcessIdentity(1, 1), since=1.0, image="sha256:abc"), seen(APP))
    assert {one["type"]: one["status"] for one in waiting["conditions"]}["Initialized"] == "False"
    assert waiting["phase"] == "Pending"
    assert [one["name"] for one in waiting["containerStatuses"]] == ["server"]
    assert "running" in waiting["initContainerStatuses"][1]["state"]
    done = status(seen(INIT, since=1.0, exit_code=0, image="sha256:abc", completed=True), seen(APP))
    assert {one["type"]: one["status"] for one in done["conditions"]}["Initialized"] == "True"
    assert done["initContainerStatuses"][1]["state"]["terminated"]["exitCode"] == 0
    assert done["initContainerStatuses"][1]["ready"] is True


def test_an_init_container_without_an_image_counts_as_done() -> None:
    done = status(seen(INIT, image="", completed=True), seen(APP))
    terminated = [one["state"]["terminated"]["reason"] for one in done["initContainerStatuses"]]
    assert terminated == ["Completed", "Completed"]
    assert [one["imageID"] for one in done["initContainerStatuses"]] == ["istio", f"stand-in://{IMAGE}"]


def test_init_containers_are_run_in_their_order_and_istios_are_not() -> None:
    containers = [{"name": "server"}]
    inits = [{"name": "istio-init"}, {"name": "istio-proxy", "restartPolicy": "Always"}, {"name": "prepare"}]
    pod = {"metadata": {}, "spec": {"initContainers": inits, "containers": containers}}
    order = [(container.name, container.sidecar, container.init) for container in pods.containers(pod)]
    assert order == [("istio-proxy", True, False), ("prepare", False, True), ("server", False, False)]


def keep(container: Container, *commands: list[str]) -> ContainerWorker:
    """Keep a container whose starts are these commands; an empty one fails to start. Return its worker at the end."""
    remaining = list(commands)

    async def start() -> PodProcess:
        command = remaining.pop(0)
        if not command:
            raise ContainerStartError("ErrImagePull", "denied")
        child = subprocess.Popen(command, start_new_session=True)
        return PodProcess(identify(child.pid) or ProcessIdentity(child.pid, 0), child, signal.SIGQUIT)

    async def live() -> ContainerWorker:
        worker = ContainerWorker(container, "127.0.0.1", start, lambda: None)
        keeping = asyncio.create_task(worker.keep())
        while remaining:
            await asyncio.sleep(0.01)
        await asyncio.wait([keeping], timeout=0.3)
        await worker.stop(0)
        keeping.cancel()
        return worker

    return asyncio.run(live())


def test_an_init_container_is_run_until_it_succeeds() -> None:
    worker = keep(INIT, ["false"], ["true"])
    assert worker.completed.is_set()
    assert (worker.state.exit_code, worker.state.restarts) == (0, 1)
    assert not keep(INIT, ["false"]).completed.is_set()


def test_an_init_container_that_has_succeeded_is_not_run_again() -> None:
    async def adopt() -> ContainerWorker:
        async def start() -> PodProcess:
            raise AssertionError("it ran already")

        worker = ContainerWorker(INIT, "127.0.0.1", start, lambda: None, ContainerState(exit_code=0, since=1.0))
        await asyncio.wait_for(worker.keep(), 5)
        return worker

    assert asyncio.run(adopt()).completed.is_set()


def test_the_reason_of_a_failed_start_is_kept() -> None:
    worker = keep(APP, [])
    assert (worker.trouble_reason, worker.trouble) == ("ErrImagePull", "denied")


def test_the_stop_signal_outlives_the_node_agent() -> None:
    with subprocess.Popen(["sleep", "60"], start_new_session=True) as child:
        identity = identify(child.pid)

        async def adopt() -> None:
            async def start() -> PodProcess:
                raise AssertionError("it runs already")

            past = ContainerState(process=identity, since=1.0, stop_signal=signal.SIGUSR1)
            worker = ContainerWorker(APP, "127.0.0.1", start, lambda: None, past)
            await worker.stop(10)

        asyncio.run(adopt())
        assert child.wait() == -signal.SIGUSR1


def test_the_summary_says_what_runs(tmp_path: Path) -> None:
    async def workers() -> list[ContainerWorker]:
        async def start() -> PodProcess:
            raise AssertionError

        names = {"a": "sha256:abc", "b": "", "c": None}
        states = {name: ContainerState(image=image) for name, image in names.items()}
        built = [
            ContainerWorker(replace(APP, name=name), "", start, lambda: None, state) for name, state in states.items()
        ]
        built.append(ContainerWorker(Container("istio-proxy", "proxy", True, {}), "", start, lambda: None))
        return [*built, ContainerWorker(INIT, "", start, lambda: None)]

    pod = {"metadata": {"namespace": "shop", "name": "ads-1"}, "status": {}}
    built = asyncio.run(workers())
    containers = summarize(pod, built).containers
    assert [(container.name, container.source, container.image) for container in containers] == [
        ("a", "image", "sha256:abc"),
        ("b", "stand-in", ""),
        ("c", "", ""),
        ("istio-proxy", "tool", ""),
    ]
    (tmp_path / "files").mkdir()
    (tmp_path / "files/a.termination-log").write_text("bye")
    built[0].state = replace(built[0].state, exit_code=1)
    assert observe(built[0], tmp_path, tmp_path).message == "bye"


def test_the_memory_of_a_container_counts_as_the_labs(tmp_path: Path) -> None:
    namespaces = {1: "host", 10: "lab", 11: "lab", 20: "own", 21: "own", 30: "foreign"}
    parents = {1: 0, 10: 1, 11: 10, 20: 11, 21: 20, 30: 1}
    numbers = {1: "1", 10: "10 1", 11: "11 2", 20: "20 3 1", 21: "21 4 2", 30: "30 1"}
    for pid, namespace in namespaces.items():
        folder = tmp_path / str(pid)
        (folder / "ns").mkdir(parents=True)
        (folder / "ns/pid").symlink_to(namespace)
        fields = ["S", str(parents[pid]), "0", str(pid), *["0"] * 15, "7"]
        (folder / "stat").write_text(f"{pid} (x) {' '.join(fields)}")
        (folder / "status").write_text(f"Name:\tx\nNSpid:\t{numbers[pid]}\n")
        (folder / "smaps_rollup").write_text("Pss: 4 kB\n")
    assert {pid: use.session for pid, use in uses(10, tmp_path).items()} == {10: 10, 11: 11, 20: 20, 21: 20}


def test_the_same_words_are_the_same_event() -> None:
    pod = {"metadata": {"namespace": "shop", "name": "ads-1", "uid": "7"}, "spec": {"nodeName": "lab-a"}}
    first, second = (event(pod, "Warning", "Failed", text, NOW) for text in ("denied", "denied"))
    assert first == second
    assert first["involvedObject"]["uid"] == "7"
    assert event(pod, "Warning", "Failed", "other", NOW)["metadata"]["name"] != first["metadata"]["name"]
    assert len(event(pod, "Warning", "Failed", "x" * 5000, NOW)["message"]) == 1024
