"""A container is asked how it is for as long as it runs, whatever becomes of one question."""

import asyncio
import subprocess

import pytest

from lab.nodeagent import container_worker, probes
from lab.nodeagent.container_worker import ContainerWorker
from lab.nodeagent.pods import Container
from lab.nodeagent.probes import ContainerProbe
from lab.nodeagent.processes import PodProcess, identify


def test_a_container_is_asked_again_after_a_question_that_went_wrong(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    asked: list[ContainerProbe] = []

    async def ask(probe: ContainerProbe, _: str) -> bool:
        asked.append(probe)
        if len(asked) == 1:
            raise EOFError("half an answer")
        return True

    async def start() -> PodProcess:
        child = subprocess.Popen(["sleep", "60"], start_new_session=True)
        identity = identify(child.pid)
        assert identity
        return PodProcess(identity, child)

    async def live() -> None:
        ready = asyncio.Event()
        container = Container("server", "app", False, {"readinessProbe": {"tcpSocket": {"port": 1}}})
        kept = ContainerWorker(container, "127.0.0.1", start, lambda: ready.set() if kept.ready else None)
        keeping = asyncio.create_task(kept.keep())
        try:
            await asyncio.wait_for(ready.wait(), 20)
        finally:
            await kept.stop(0)
            await keeping

    monkeypatch.setattr(probes, "ask", ask)
    monkeypatch.setattr(container_worker, "_AGAIN", 0.01)
    asyncio.run(live())
    assert len(asked) == 2
    assert "half an answer" in caplog.text
