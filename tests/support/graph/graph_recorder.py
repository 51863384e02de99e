"""Runs the program without an engine and keeps every registration with its options.

The monitor refuses two resources with one URN, as the engine does and Pulumi's own mocks do not.
"""

import asyncio
import logging
import runpy
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pulumi
from google.protobuf import json_format
from pulumi.runtime import mocks, rpc
from pulumi.runtime.settings import configure, reset_options
from pulumi.runtime.stack import run_in_stack

ROOT = Path(__file__).parents[3]
PROJECT = "boutique"


@dataclass(frozen=True)
class Registered:
    """One resource as the program asked for it: `inputs` in clear, `request` with every option and secret envelope."""

    type: str
    name: str
    urn: str
    inputs: Mapping[str, Any]
    request: Any

    @property
    def parent(self) -> str:
        return str(self.request.parent)

    @property
    def kind(self) -> str:
        """The last part of its type, such as `Deployment`."""
        return self.type.rsplit(":", 1)[-1]

    @property
    def object_name(self) -> tuple[str, str, str]:
        """Kind, namespace and name of a Kubernetes object."""
        metadata = self.inputs["metadata"]
        return self.kind, metadata.get("namespace") or "", metadata["name"]

    @property
    def is_object(self) -> bool:
        return self.type.startswith("kubernetes:") and "metadata" in self.inputs


@dataclass
class Graph:
    """Everything a program registered."""

    resources: list[Registered] = field(default_factory=list)
    sealed: dict[str, Any] = field(default_factory=dict)

    def of(self, kind: str) -> list[Registered]:
        """Return the resources whose type ends with a kind such as `Deployment`."""
        return [resource for resource in self.resources if resource.kind == kind]

    def one(self, kind: str, name: str) -> Registered:
        resources = [resource for resource in self.of(kind) if resource.name == name]
        assert len(resources) == 1, f"{len(resources)} resources {kind} {name!r}"
        return resources[0]

    def by_urn(self, urn: str) -> Registered:
        return next(resource for resource in self.resources if resource.urn == urn)

    def before(self, resource: Registered) -> set[str]:
        """Return the URNs of everything that has to be there before a resource is made."""
        urns: set[str] = set()
        waiting = list(resource.request.dependencies)
        while waiting:
            urn = waiting.pop()
            if urn not in urns:
                urns.add(urn)
                waiting += self.by_urn(urn).request.dependencies
        return urns

    @property
    def objects(self) -> list[Registered]:
        return [resource for resource in self.resources if resource.is_object]

    @property
    def state(self) -> dict[str, dict[str, Any]]:
        """The resources as the engine tells of them afterwards, by URN."""
        return {resource.urn: {"type": resource.type, "outputs": dict(resource.inputs)} for resource in self.resources}

    @property
    def outputs(self) -> dict[str, Any]:
        """The stack's outputs, with secret envelopes."""
        return next(outputs for urn, outputs in self.sealed.items() if "::pulumi:pulumi:Stack::" in urn)


class _Monitor(mocks.MockMonitor):
    def __init__(self, cloud: mocks.Mocks, graph: Graph) -> None:
        super().__init__(cloud)
        self.graph = graph

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 - the name of the RPC
        reply = super().RegisterResource(request)
        if request.type == "pulumi:pulumi:Stack":
            return reply
        if reply.urn in {resource.urn for resource in self.graph.resources}:
            raise AssertionError(f"duplicate URN {reply.urn}")
        inputs = rpc.deserialize_properties(request.object)
        self.graph.resources.append(Registered(request.type, request.name, reply.urn, clear(inputs), request))
        return reply

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802 - the name of the RPC
        self.graph.sealed[request.urn] = json_format.MessageToDict(request.outputs)
        return super().RegisterResourceOutputs(request)


def clear(value: Any) -> Any:
    """Take secret envelopes off, so that a test reads plain inputs."""
    if isinstance(value, dict):
        if rpc.is_rpc_secret(value):
            return clear(rpc.unwrap_rpc_secret(value))
        return {key: clear(item) for key, item in value.items()}
    if isinstance(value, list):
        return [clear(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def record(
    program: Callable[[], None],
    cloud: mocks.Mocks,
    *,
    stack: str,
    config: Mapping[str, str],
    secret_keys: Iterable[str] = (),
    preview: bool = False,
    project: str = PROJECT,
) -> Graph:
    """Run a program to its end and return what it registered.

    Args:
        program: What to run.
        cloud: Answers for the resources.
        stack: The stack's name.
        config: Values as the engine hands them over: text, or JSON for objects.
        secret_keys: Keys of `config` that are secret.
        preview: Whether outputs of resources are unknown.
        project: The name of the project.
    """
    graph = Graph()
    # As the language host does: a program that ends early leaves tasks whose exceptions are never retrieved.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    reset_options()
    pulumi.runtime.set_all_config(dict(config), list(secret_keys))

    with _executor() as executor:

        async def run() -> None:
            asyncio.get_running_loop().set_default_executor(executor)
            configure(_settings(_Monitor(cloud, graph), project, stack, preview))
            await run_in_stack(program)

        asyncio.run(run())
    return graph


@contextmanager
def _executor() -> Iterator[ThreadPoolExecutor]:
    """Yield threads whose event loops are closed in the end: the mocks make one in each thread and leave it open."""
    loops: list[asyncio.AbstractEventLoop] = []

    def give_loop() -> None:
        loops.append(asyncio.new_event_loop())
        asyncio.set_event_loop(loops[-1])

    try:
        with ThreadPoolExecutor(initializer=give_loop) as executor:
            yield executor
    finally:
        for loop in loops:
            loop.close()


def _settings(monitor: mocks.MockMonitor, project: str, stack: str, preview: bool) -> mocks.MockSettings:
    # What `mocks.set_mocks` does, less its root stack: the program is run in a real one, which exports outputs.
    return mocks.MockSettings(
        monitor=monitor,
        monitor_features=set(monitor.GetDeploymentInfo(None).supportedFeatures),
        engine=mocks.MockEngine(None),
        project=project,
        stack=stack,
        dry_run=preview,
        organization="organization",
    )


def main() -> None:
    """Run the project's entry point as the language host does."""
    runpy.run_path(str(ROOT / "__main__.py"), run_name="__main__")
