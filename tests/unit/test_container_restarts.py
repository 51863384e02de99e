"""A container that has ended is started again, or not, by its restart policy; its pod then ends as a kubelet says."""

import asyncio
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from lab.containers.start_errors import ContainerStartError
from lab.nodeagent import logfiles, status_report
from lab.nodeagent.adopted_ends import AdoptedEnds
from lab.nodeagent.container_status import ContainerStatus
from lab.nodeagent.container_worker import ContainerWorker
from lab.nodeagent.ending import active_seconds
from lab.nodeagent.pods import Container
from lab.nodeagent.processes import LOST, PodProcess, ProcessIdentity, identify
from lab.nodeagent.restart_policy import RestartPolicy, restart_policy, states_without_network
from lab.nodeagent.state import ContainerState
from lab.nodeagent.status_report import PodReport
from support.orphan_ends import write_orphan_end

APP = Container("server", "app", False, {"name": "server", "image": "x"})
INIT = Container("prepare", "app", False, {"name": "prepare", "image": "x"}, init=True)
PROXY = Container("istio-proxy", "proxy", True, {"name": "istio-proxy", "restartPolicy": "Always"})
NOW = datetime(2026, 11, 30, tzinfo=UTC)
DIGEST = "sha256:abc"


def keep(
    container: Container,
    policy: RestartPolicy,
    *commands: list[str],
    past: ContainerState | None = None,
    image: str = DIGEST,
) -> ContainerWorker:
    """Keep a container whose starts are these commands, until it has ended for good; an empty one fails to start."""
    remaining = list(commands)
    workers: list[ContainerWorker] = []

    async def start() -> PodProcess:
        if not remaining:
            raise ContainerStartError("ErrImagePull", "it was started once too often")
        command = remaining.pop(0)
        if not command:
            raise ContainerStartError("RunContainerError", "no such file")
        child = subprocess.Popen(command, start_new_session=True)
        workers[0].decide(image)
        return PodProcess(identify(child.pid) or ProcessIdentity(child.pid, 0), child)

    async def live() -> ContainerWorker:
        worker = ContainerWorker(container, "127.0.0.1", start, lambda: None, past, policy=policy)
        workers.append(worker)
        keeping = asyncio.create_task(worker.keep())
        while not keeping.done() and not worker.trouble.endswith("too often"):
            await asyncio.sleep(0.01)
        keeping.cancel()
        return worker

    return asyncio.run(live())


@pytest.mark.parametrize(
    ("policy", "code", "is_last"),
    [
        ("Never", 0, True),
        ("Never", 3, True),
        ("OnFailure", 0, True),
        ("OnFailure", 3, False),
        ("Always", 0, False),
        ("Always", 3, False),
    ],
)
def test_the_policy_decides_whether_an_end_is_the_last(policy: RestartPolicy, code: int, is_last: bool) -> None:
    worker = keep(APP, policy, ["sh", "-c", f"exit {code}"])
    assert worker.terminated.is_set() is is_last
    assert worker.state.exit_code == code
    assert worker.trouble == ("" if is_last else "it was started once too often")
    assert worker.state.began <= worker.state.ended


def test_a_failed_container_is_run_until_it_succeeds() -> None:
    worker = keep(APP, "OnFailure", ["false"], ["true"])
    assert (worker.terminated.is_set(), worker.state.exit_code, worker.state.restarts) == (True, 0, 1)


def test_a_stand_in_is_always_started_again() -> None:
    assert not keep(APP, "Never", ["true"], image="").terminated.is_set()


def test_a_program_that_cannot_be_started_is_an_end_too() -> None:
    worker = keep(APP, "Never", [])
    assert (worker.terminated.is_set(), worker.state.exit_code) == (True, 128)
    assert not keep(APP, "OnFailure", []).terminated.is_set()
    assert not keep(APP, "Never").terminated.is_set(), "an image that cannot be pulled yet is pulled later"


@pytest.mark.parametrize(
    ("policy", "past", "code"),
    [
        ("Never", ContainerState(exit_code=0, since=1.0, image=DIGEST), 0),
        ("Never", ContainerState(exit_code=7, since=1.0, image=DIGEST), 7),
        ("Never", ContainerState(ProcessIdentity(2**22 + 1, 1), since=1.0, image=DIGEST), LOST),
        ("OnFailure", ContainerState(exit_code=0, since=1.0, image=DIGEST), 0),
    ],
)
def test_the_next_node_agent_does_not_start_it_again(policy: RestartPolicy, past: ContainerState, code: int) -> None:
    worker = keep(APP, policy, past=past)
    assert (worker.terminated.is_set(), worker.trouble, worker.state.exit_code) == (True, "", code)


def test_a_container_that_was_stopped_has_ended_for_good() -> None:
    async def stop() -> ContainerWorker:
        async def start() -> PodProcess:
            child = subprocess.Popen(["sleep", "60"], start_new_session=True)
            return PodProcess(identify(child.pid) or ProcessIdentity(child.pid, 0), child)

        worker = ContainerWorker(PROXY, "127.0.0.1", start, lambda: None)
        keeping = asyncio.create_task(worker.keep())
        while not worker.running:
            await asyncio.sleep(0.01)
        await worker.stop(5)
        await keeping
        return worker

    worker = asyncio.run(stop())
    assert (worker.terminated.is_set(), worker.state.exit_code) == (True, -15)


@pytest.mark.parametrize(("age", "code"), [(-5, 4), (5, LOST)])
def test_the_next_node_agent_learns_how_a_container_ended(tmp_path: Path, age: float, code: int) -> None:
    """The process was started before its end was written down, or after: then that was another process."""
    ends = AdoptedEnds(tmp_path)
    write_orphan_end(tmp_path, 2**22 + 1, 4)
    past = ContainerState(ProcessIdentity(2**22 + 1, 1), since=time.time() + age, image=DIGEST)

    async def adopt() -> ContainerWorker:
        async def start() -> PodProcess:
            raise AssertionError("it has ended")

        return ContainerWorker(APP, "127.0.0.1", start, lambda: None, past, policy="Never", ends=ends)

    worker = asyncio.run(adopt())
    assert (worker.terminated.is_set(), worker.state.exit_code) == (True, code)


def test_a_container_that_was_adopted_ends_with_its_own_exit_code(tmp_path: Path) -> None:
    with subprocess.Popen(["sleep", "60"], start_new_session=True) as child:
        identity = identify(child.pid)
        past = ContainerState(identity, since=time.time(), image=DIGEST)

        async def adopt() -> ContainerWorker:
            async def start() -> PodProcess:
                raise AssertionError("it runs already")

            worker = ContainerWorker(APP, "", start, lambda: None, past, policy="Never", ends=AdoptedEnds(tmp_path))
            keeping = asyncio.create_task(worker.keep())
            child.terminate()
            await asyncio.to_thread(child.wait)
            # The node agent learns of the end first.
            await asyncio.sleep(0.1)
            write_orphan_end(tmp_path, child.pid, 6)
            await keeping
            return worker

        assert asyncio.run(adopt()).state.exit_code == 6


def test_a_failed_init_container_ends_the_pod_that_is_never_restarted() -> None:
    worker = keep(INIT, "Never", ["false"])
    assert (worker.terminated.is_set(), worker.completed.is_set()) == (True, False)


@pytest.mark.parametrize(
    ("pod", "container", "expected"),
    [
        (None, APP, "Always"),
        ("Never", APP, "Never"),
        ("OnFailure", APP, "OnFailure"),
        (None, INIT, "OnFailure"),
        ("Never", INIT, "Never"),
        ("Never", PROXY, "Always"),
    ],
)
def test_containers_have_the_policy_of_their_pod(pod: str | None, container: Container, expected: str) -> None:
    spec = {"restartPolicy": pod} if pod else {}
    assert restart_policy({"spec": spec}, container) == expected


def test_what_counts_after_the_network_is_lost() -> None:
    done = ContainerState(exit_code=0, since=1.0, image=DIGEST)
    running = ContainerState(ProcessIdentity(1, 1), since=2.0, image=DIGEST)
    past = {"done": done, "running": running, "prepare": done, "new": ContainerState()}

    def states(policy: str) -> dict[str, int | None]:
        containers = [{"name": name} for name in ("done", "running", "new")]
        kept = states_without_network({"spec": {"restartPolicy": policy, "containers": containers}}, past, lambda _: 5)
        return {name: state.exit_code for name, state in kept.items()}

    assert states("Never") == {"done": 0, "running": 5, "prepare": 0}
    assert states("OnFailure") == {"done": 0}
    assert states("Always") == {}


def test_the_logs_of_a_pod_survive_a_restart_of_the_lab(tmp_path: Path) -> None:
    logs = tmp_path / "pods/shop/job-1"
    earlier = tmp_path / "pods.1/shop/job-1"
    logfiles.bring_back(logs)
    assert not logs.exists()
    earlier.mkdir(parents=True)
    (earlier / "server.log").write_text("done")
    logfiles.bring_back(logs)
    assert (logs / "server.log").read_text() == "done"
    earlier.mkdir()
    logfiles.bring_back(logs)
    assert (logs / "server.log").read_text() == "done", "the pod has logs of this run"


def status(*containers: ContainerStatus, ended: bool) -> dict[str, Any]:
    spec = {"initContainers": [{"name": "istio-proxy"}, {"name": "prepare"}], "containers": [{"name": "server"}]}
    return status_report.status(PodReport({"spec": spec, "status": {}}, containers, ended), NOW)


def end(container: Container, code: int, **changes: Any) -> ContainerStatus:
    state = ContainerState(exit_code=code, since=60.0, began=60.0, ended=65.0, image=DIGEST)
    settings = {"terminated": True, "completed": container.init and code == 0, **changes}
    return ContainerStatus(
        container, state, ready=False, pausing=False, trouble=settings.pop("trouble", ""), **settings
    )


@pytest.mark.parametrize(("code", "phase", "reason"), [(0, "Succeeded", "PodCompleted"), (2, "Failed", "PodFailed")])
def test_a_pod_ends_as_its_containers(code: int, phase: str, reason: str) -> None:
    report = status(end(PROXY, 0), end(INIT, 0), end(APP, code), ended=True)
    assert report["phase"] == phase
    conditions = {one["type"]: (one["status"], one["reason"]) for one in report["conditions"]}
    assert conditions == {
        "PodReadyToStartContainers": ("False", None),
        "Initialized": ("True", "PodCompleted"),
        "ContainersReady": ("False", reason),
        "Ready": ("False", reason),
    }


def test_a_pod_that_took_too_long_has_failed() -> None:
    report = status_report.status(PodReport({"spec": {}, "status": {}}, [end(APP, 0)], ended=True, expired=True), NOW)
    assert (report["phase"], report["reason"]) == ("Failed", "DeadlineExceeded")
    ready = next(one for one in report["conditions"] if one["type"] == "Ready")
    assert ready["reason"] == "PodFailed"


@pytest.mark.parametrize(
    ("spec", "status", "expected"),
    [
        ({}, {"startTime": "2026-11-30T00:00:00Z"}, None),
        ({"activeDeadlineSeconds": 30}, {}, 30),
        ({"activeDeadlineSeconds": 30}, {"startTime": "2026-11-30T00:00:00Z"}, 20),
        ({"activeDeadlineSeconds": 5}, {"startTime": "2026-11-30T00:00:00Z"}, -5),
    ],
)
def test_the_deadline_of_a_pod_counts_from_its_start(
    spec: dict[str, Any], status: dict[str, Any], expected: float | None
) -> None:
    assert active_seconds({"spec": spec, "status": status}, NOW.timestamp() + 10) == expected


def test_a_pod_has_not_ended_before_its_sidecars_have() -> None:
    proxy = ContainerStatus(PROXY, ContainerState(ProcessIdentity(1, 1), since=1.0, started=True), True, False, "")
    assert status(proxy, end(APP, 0), ended=False)["phase"] == "Running"


def test_a_pod_whose_init_container_failed_has_failed() -> None:
    report = status(end(PROXY, 0), end(INIT, 1), ContainerStatus(APP, ContainerState(), False, False, ""), ended=True)
    assert report["phase"] == "Failed"
    initialized = next(one for one in report["conditions"] if one["type"] == "Initialized")
    assert (initialized["status"], initialized["reason"]) == ("False", "ContainersNotInitialized")
    assert "[prepare]" in initialized["message"]


@pytest.mark.parametrize(
    ("observed", "expected"),
    [
        (end(APP, 0, message="done", last_line="x"), {"exitCode": 0, "reason": "Completed", "message": "done"}),
        (end(APP, 0, last_line="x"), {"exitCode": 0, "reason": "Completed"}),
        (end(APP, 3, last_line="no space"), {"exitCode": 3, "reason": "Error", "message": "no space"}),
        (end(APP, -9), {"exitCode": 137, "reason": "Error", "signal": 9}),
        (end(APP, 128, trouble="no such file"), {"exitCode": 128, "reason": "StartError", "message": "no such file"}),
    ],
)
def test_the_last_end_of_a_container_is_its_state(observed: ContainerStatus, expected: dict[str, Any]) -> None:
    entry = status(observed, ended=True)["containerStatuses"][0]
    times = {"startedAt": "1970-01-01T00:01:00Z", "finishedAt": "1970-01-01T00:01:05Z"}
    assert entry["state"] == {"terminated": {**expected, **times}}
    assert entry["lastState"] == {}
    assert entry["ready"] is False
