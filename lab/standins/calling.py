"""Makes the downstream calls of a request, in order, and notes every hop."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from lab.standins.answers import CallError, StandinAnswer, Values, read_answer
from lab.standins.behaviour import StandinCall
from lab.standins.directory import Directory, Endpoint
from lab.standins.headers import Received
from lab.standins.resp import StoreClient
from lab.standins.store import MemoryStore, Reply, StoreError
from support.hops import Hop

Headers = tuple[tuple[str, str], ...]


class Sender(Protocol):
    """Sends a request to a path of an endpoint, and gives the answer's body; raises CallError."""

    async def send(
        self, endpoint: Endpoint, path: str, body: bytes, headers: Headers, timeout_seconds: float | None
    ) -> bytes:
        """Send a request."""


class Calls:
    """The downstream side of one workload."""

    def __init__(
        self,
        workload: str,
        environment: Mapping[str, str],
        directory: Directory,
        *,
        methods: Sender,
        paths: Sender,
        stores: StoreClient,
    ) -> None:
        self._workload = workload
        self._environment = environment
        self._directory = directory
        self._methods = methods
        self._paths = paths
        self._stores = stores
        self._memory = MemoryStore()

    async def run(self, calls: Sequence[StandinCall], values: Values, received: Received, hops: list[Hop]) -> None:
        """Make calls in order.

        Args:
            calls: What to call.
            values: What is known; what the callees give is added.
            received: The headers of the request that causes the calls.
            hops: Every hop is added, also that of a call that failed.

        Raises:
            CallError: A call failed that is not optional; the rest was not made.
        """
        for call in calls:
            try:
                for entry in _entries(call, values):
                    await self._make(call, values | entry, values, received, hops)
            except CallError as error:
                if not call.optional:
                    raise CallError(call.failure, str(error)) from error

    async def _make(
        self, call: StandinCall, request: Values, values: Values, received: Received, hops: list[Hop]
    ) -> None:
        name = call.method or call.path or call.command[0]
        authority = self._environment.get(call.variable, "")
        try:
            if call.command:
                values[call.gives or name] = _as_value(await self._store(call, authority, request))
                hops.append(self._hop(authority, name))
                return
            answer = await self._send(call, authority, request, received)
        except CallError as error:
            hops.append(replace(self._hop(authority, name), status=error.status))
            raise CallError(error.status, f"{name} of {authority}: {error}") from error
        values.update(answer.values)
        hops += [replace(answer.hops[0], caller=self._workload), *answer.hops[1:]]

    async def _send(self, call: StandinCall, authority: str, request: Values, received: Received) -> StandinAnswer:
        sender, path = (self._methods, call.method) if call.method else (self._paths, call.path)
        body = json.dumps({name: value for name, value in request.items() if isinstance(value, str)}).encode()
        headers = received.headers_to_pass_on(baggage=call.baggage, trace=call.trace)
        endpoint = self._directory.find(authority)
        return read_answer(await sender.send(endpoint, path or "/", body, headers, call.timeout_seconds))

    async def _store(self, call: StandinCall, authority: str, request: Values) -> Reply:
        texts = {name: value for name, value in request.items() if isinstance(value, str)}
        try:
            words = [word.format_map(texts) for word in call.command]
            if not authority:
                return self._memory.execute(words)
        except (KeyError, StoreError) as error:
            raise CallError("INVALID_ARGUMENT", f"{call.command[0]}: {error}") from error
        return await self._stores.execute(self._directory.find(authority), words)

    def _hop(self, authority: str, call: str) -> Hop:
        return Hop(caller=self._workload, workload=authority.rpartition(":")[0] or "memory", call=call)


def _entries(call: StandinCall, values: Values) -> list[Values]:
    if call.each is None:
        return [{}]
    entries = values.get(call.each, ())
    return [{call.bind: entry} for entry in entries] if isinstance(entries, list | tuple | dict) else []


def _as_value(reply: Reply) -> object:
    """A store's list is that of a hash: fields and contents in turn."""
    return dict(zip(reply[::2], reply[1::2], strict=True)) if isinstance(reply, list) else reply
