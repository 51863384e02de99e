"""Makes the downstream calls of a request, in order, and notes every hop."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from lab.standins.answers import CallError, StandinAnswer, Values, read_answer
from lab.standins.call_address import call_address
from lab.standins.directory import Directory, Endpoint
from lab.standins.headers import Received
from lab.standins.resp import StoreClient
from lab.standins.standin_call import StandinCall
from lab.standins.store import MemoryStore, Reply, StoreError
from support.hops import Hop

Headers = tuple[tuple[str, str], ...]


class Sender(Protocol):
    """Sends the request of a call to an endpoint, and gives the answer's body; raises CallError."""

    async def send(self, endpoint: Endpoint, call: StandinCall, body: bytes, headers: Headers) -> bytes:
        """Send a request."""


@dataclass(frozen=True, kw_only=True)
class Clients:
    """The clients of a workload, one for each protocol that it speaks to callees."""

    methods: Sender | None = None
    paths: Sender | None = None
    lines: Sender | None = None
    stores: StoreClient | None = None

    def sender(self, call: StandinCall) -> Sender:
        """Return the client for a call."""
        client = self.methods if call.method else self.paths if call.path else self.lines
        assert client  # noqa: S101 - made for the calls of the same behaviour
        return client


class Calls:
    """The downstream side of one workload."""

    def __init__(self, workload: str, environment: Mapping[str, str], directory: Directory, clients: Clients) -> None:
        self._workload = workload
        self._environment = environment
        self._directory = directory
        self._clients = clients
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
            if call.callee in received.path:
                # Workloads that call each other in a circle would never come to an end.
                continue
            try:
                for entry in _entries(call, values):
                    await self._make(call, values | entry, values, received, hops)
            except CallError as error:
                if not call.optional:
                    raise CallError(call.failure, str(error)) from error

    async def _make(
        self, call: StandinCall, request: Values, values: Values, received: Received, hops: list[Hop]
    ) -> None:
        authority = ""
        try:
            authority = call_address(call, self._environment)
            if call.command:
                values[call.gives or call.subject] = _as_value(await self._store(call, authority, request))
                hops.append(self._hop(authority, call))
                return
            answer = await self._send(call, authority, request, received)
        except CallError as error:
            hops.append(replace(self._hop(authority, call), status=error.status))
            raise CallError(error.status, f"{call.subject} of {authority or call.callee}: {error}") from error
        if answer is None:
            hops.append(self._hop(authority, call))
            return
        values.update(answer.values)
        hops += [replace(answer.hops[0], caller=self._workload), *answer.hops[1:]]

    async def _send(
        self, call: StandinCall, authority: str, request: Values, received: Received
    ) -> StandinAnswer | None:
        texts = {name: value for name, value in request.items() if isinstance(value, str)}
        body = b"" if call.verb == "GET" else json.dumps(texts).encode()
        headers = received.headers_to_pass_on(baggage=call.baggage, trace=call.trace)
        headers += received.path_to_pass_on(self._workload)
        endpoint = self._directory.find(authority)
        answer = await self._clients.sender(call).send(endpoint, call, body, headers)
        if not (call.method or call.path):
            return None
        try:
            return read_answer(answer)
        except CallError:
            # A GET may reach a real image, whose pages say nothing of hops.
            if call.verb == "GET":
                return None
            raise

    async def _store(self, call: StandinCall, authority: str, request: Values) -> Reply:
        texts = {name: value for name, value in request.items() if isinstance(value, str)}
        try:
            words = [word.format_map(texts) for word in call.command]
            if not authority:
                return self._memory.execute(words)
        except (KeyError, StoreError) as error:
            raise CallError("INVALID_ARGUMENT", f"{call.command[0]}: {error}") from error
        assert self._clients.stores  # noqa: S101 - made for the calls of the same behaviour
        return await self._clients.stores.execute(self._directory.find(authority), words)

    def _hop(self, authority: str, call: StandinCall) -> Hop:
        callee = call.callee or authority.rpartition(":")[0] or "memory"
        return Hop(caller=self._workload, workload=callee, call=call.subject)


def _entries(call: StandinCall, values: Values) -> list[Values]:
    if call.each is None:
        return [{}]
    entries = values.get(call.each, ())
    return [{call.bind: entry} for entry in entries] if isinstance(entries, list | tuple | dict) else []


def _as_value(reply: Reply) -> object:
    """A store's list is that of a hash: fields and contents in turn."""
    return dict(zip(reply[::2], reply[1::2], strict=True)) if isinstance(reply, list) else reply
