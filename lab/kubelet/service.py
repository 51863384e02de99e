"""Answers the requests of the kubelet's API for the pods that run in the lab."""

import json
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

from lab.containers.container_stdin import stdin_path
from lab.kubelet import executing, image_exec, logs, mesh
from lab.kubelet.exchange import Exchange
from lab.kubelet.executing import Command
from lab.kubelet.forwarding import PROTOCOL, Forwarding
from lab.kubelet.refusal import Refusal
from lab.nodeagent import logfiles
from lab.nodeagent.container_worker import ContainerWorker
from lab.nodeagent.pod_worker import PodWorker


class KubeletService:
    """The kubelet's API over the pods of one node agent."""

    def __init__(self, pod_workers: Callable[[], Iterable[PodWorker]]) -> None:
        self._pod_workers = pod_workers

    async def handle(self, exchange: Exchange) -> None:
        """Answer a request.

        Raises:
            Refusal: It asks for an object that does not exist, or something that the lab does not do.
            ValueError: The other side did not keep to the protocol.
        """
        match exchange.path:
            case ("containerLogs", namespace, pod, container):
                await self._logs(exchange, self._find(namespace, pod), container)
            case ("portForward", namespace, pod):
                pod_worker = self._find(namespace, pod)
                connection = await exchange.upgrade(PROTOCOL)
                await Forwarding(connection, pod, lambda: pod_worker.sandbox.network).serve()
            case ("exec", namespace, pod, container):
                await self._exec(exchange, self._find(namespace, pod), container)
            case ("attach", namespace, pod, container):
                await self._attach(exchange, self._find(namespace, pod), container)
            case (mesh.PATH,):
                proxies = await mesh.proxies(tuple(self._pod_workers()))
                await exchange.answer(json.dumps({"proxies": proxies}), "application/json")
            case _:
                message = f"the lab's kubelet has nothing at /{'/'.join(exchange.path)}"
                raise Refusal(message, HTTPStatus.NOT_FOUND)

    def _find(self, namespace: str, name: str) -> PodWorker:
        """Return a pod that runs, by the names of its object."""
        for pod_worker in self._pod_workers():
            metadata: dict[str, Any] = pod_worker.pod["metadata"]
            if (metadata["namespace"], metadata["name"]) == (namespace, name):
                return pod_worker
        message = (
            f"nothing runs for pod {name}: it has no container istio-proxy, and either no image of it can be had or it "
            "needs its node; see docs/containers.md"
        )
        raise Refusal(message)

    async def _logs(self, exchange: Exchange, pod: PodWorker, container: str) -> None:
        try:
            options = logs.extract({name: values[-1] for name, values in exchange.query.items()})
        except ValueError as error:
            raise Refusal(str(error)) from error
        worker = _container(pod, container)
        state = worker.state
        if options.previous and state.exit_code is None:
            message = f"container {container} of pod {pod.pod['metadata']['name']} was not started again yet"
            raise Refusal(message)
        # The last process is also the previous one for as long as another is going to be started.
        older = options.previous and (worker.running or worker.terminated.is_set())
        path = (logfiles.previous if older else logfiles.current)(pod.logs, container)
        if not path.exists():
            message = f"container {container} of pod {pod.pod['metadata']['name']} has no such log, or none yet"
            raise Refusal(message)

        def has_ended() -> bool:
            return older or state.process is None or worker.state.process != state.process

        await exchange.stream(logs.read(path, options, has_ended))

    async def _exec(self, exchange: Exchange, pod: PodWorker, container: str) -> None:
        worker = _container(pod, container)
        command = exchange.query.get("command", [])
        terminal = exchange.flag("tty")
        if worker.state.image:
            try:
                program = image_exec.image_program(await pod.commands.plan(worker, command, terminal=terminal))
            except OSError as error:
                raise Refusal(str(error)) from error
        else:
            name = executing.program(worker.container.kind, command, terminal)
            arguments = (str(pod.tools / name), *command[1:])
            program = executing.istio_program(Command(arguments, pod.folder, pod.sandbox.network))
        flags = {"stdin": "input", "stdout": "output", "stderr": "error"}
        streams = {stream for stream, name in flags.items() if exchange.flag(name)}
        if terminal:
            # A terminal has one output; and the client says how large it is.
            streams = streams - {"stderr"} | {"resize"}
        await executing.serve(await exchange.upgrade(executing.PROTOCOL), frozenset(streams), program)

    async def _attach(self, exchange: Exchange, pod: PodWorker, container: str) -> None:
        """Send the output of a container from now on, and what the client writes to its stdin."""
        worker = _container(pod, container)
        process = worker.state.process
        path = logfiles.current(pod.logs, container)
        with_input = exchange.flag("input")
        if with_input and not (worker.state.image and worker.container.spec.get("stdin")):
            message = (
                f"container {container} has no stdin: leave -i out, or set `stdin: true` in a pod that runs an image"
            )
            raise Refusal(message)
        if process is None or not path.exists():
            message = f"container {container} of pod {pod.pod['metadata']['name']} does not run"
            raise Refusal(message)
        options = logs.Extract(follow=True, lines=0)
        program = image_exec.attachment(
            logs.read(path, options, lambda: worker.state.process != process),
            stdin_path(pod.folder, container) if with_input else None,
        )
        streams = frozenset({"stdout", "stdin"} if with_input else {"stdout"})
        await executing.serve(await exchange.upgrade(executing.PROTOCOL), streams, program)


def _container(pod: PodWorker, name: str) -> ContainerWorker:
    for worker in pod.workers:
        if worker.container.name == name:
            return worker
    message = (
        f"container {name} of pod {pod.pod['metadata']['name']} does not run: it is not needed in the lab, or not yet"
    )
    raise Refusal(message)
