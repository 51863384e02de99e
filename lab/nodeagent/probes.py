"""The probes of containers: sends their requests, and counts successes and failures."""

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

_EAGER = 0.05
"""Seconds between the first questions of a probe that decides when a pod is of use."""

_EAGER_COMMAND = 0.5
"""The same for a probe that runs a command."""


@dataclass(frozen=True)
class ContainerProbe:
    """A probe.

    Attributes:
        kind: How to ask. An `exec` probe passes here: only an image has the command of one.
        port: The port of the pod.
        target: The path of an HTTP request, or the name of a gRPC service.
        tls: Whether HTTP is spoken over TLS.
        headers: Of the HTTP request.
        delay: Seconds before the first question.
        period: Seconds between two questions.
        timeout: Seconds an answer may take.
        successes: How many good answers in a row make it pass.
        failures: How many bad ones in a row make it fail.
        command: The command of an `exec` probe.
    """

    kind: Literal["http", "tcp", "grpc", "exec"]
    port: int = 0
    target: str = ""
    tls: bool = False
    headers: tuple[tuple[str, str], ...] = ()
    delay: float = 0.0
    period: float = 10.0
    timeout: float = 1.0
    successes: int = 1
    failures: int = 3
    command: tuple[str, ...] = ()


def parse(spec: Mapping[str, Any], ports: Mapping[str, int]) -> ContainerProbe:
    """Return a probe as a container describes it, with the defaults of Kubernetes.

    Args:
        spec: The description.
        ports: The named ports of the container.
    """
    return replace(
        _question(spec, ports),
        delay=float(spec.get("initialDelaySeconds") or 0),
        period=float(spec.get("periodSeconds") or 10),
        timeout=float(spec.get("timeoutSeconds") or 1),
        successes=int(spec.get("successThreshold") or 1),
        failures=int(spec.get("failureThreshold") or 3),
    )


def _question(spec: Mapping[str, Any], ports: Mapping[str, int]) -> ContainerProbe:
    if "httpGet" in spec:
        ask = spec["httpGet"]
        headers = tuple((header["name"], header["value"]) for header in ask.get("httpHeaders", []))
        path, tls = ask.get("path") or "/", ask.get("scheme") == "HTTPS"
        return ContainerProbe("http", _number(ask["port"], ports), path, tls, headers)
    if "grpc" in spec:
        return ContainerProbe("grpc", spec["grpc"]["port"], spec["grpc"].get("service") or "")
    if "tcpSocket" in spec:
        return ContainerProbe("tcp", _number(spec["tcpSocket"]["port"], ports))
    return ContainerProbe("exec", command=tuple(spec.get("exec", {}).get("command", ())))


def _number(port: int | str, ports: Mapping[str, int]) -> int:
    return port if isinstance(port, int) else ports[port] if port in ports else int(port)


class Verdict:
    """The result of a probe so far; None at first."""

    def __init__(self, probe: ContainerProbe, passing: bool | None = None) -> None:
        """Begin to listen, with the verdict that an earlier node agent came to, if it did."""
        self._probe = probe
        self._good = 0
        self._bad = 0
        self.passing = passing

    def hear(self, good: bool) -> bool:
        """Take an answer; say whether the verdict has changed."""
        before = self.passing
        self._good, self._bad = (self._good + 1, 0) if good else (0, self._bad + 1)
        if self._good >= self._probe.successes:
            self.passing = True
        elif self._bad >= self._probe.failures:
            self.passing = False
        return self.passing != before

    def pause(self, *, eager: bool) -> float:
        """Return the seconds until the next question.

        Args:
            eager: Whether clients wait for the first success. The lab then probes sooner than a kubelet, and skips
                the initial delay: the result is the same, and comes earlier.
        """
        if not eager or self.passing is True:
            return self._probe.period
        # To start a program takes more than to open a connection.
        return min(_EAGER_COMMAND, self._probe.period) if self._probe.kind == "exec" else _EAGER


async def ask(probe: ContainerProbe, address: str) -> bool:
    """Ask once; say whether the answer is good."""
    if probe.kind == "exec":
        return True
    try:
        async with asyncio.timeout(probe.timeout):
            if probe.kind == "grpc":
                return await _grpc(probe, address)
            return await _stream(probe, address)
    except (OSError, TimeoutError, ValueError, IndexError):
        return False


async def _stream(probe: ContainerProbe, address: str) -> bool:
    context = ssl._create_unverified_context() if probe.tls else None  # noqa: S323, SLF001 - a kubelet checks no name either
    reader, writer = await asyncio.open_connection(address, probe.port, ssl=context)
    try:
        if probe.kind == "tcp":
            return True
        headers = {"Host": f"{address}:{probe.port}", "User-Agent": "kube-probe/lab", "Connection": "close"}
        lines = [f"GET {probe.target} HTTP/1.1", *(f"{k}: {v}" for k, v in (headers | dict(probe.headers)).items())]
        writer.write("\r\n".join([*lines, "", ""]).encode())
        status = int((await reader.readline()).split()[1])
        return 200 <= status < 400
    finally:
        writer.close()


async def _grpc(probe: ContainerProbe, address: str) -> bool:
    import grpc.aio  # here, since only pods without a proxy need it: istiod turns such probes into HTTP

    name = probe.target.encode()
    question = b"\n" + bytes([len(name)]) + name if name else b""
    async with grpc.aio.insecure_channel(f"{address}:{probe.port}") as channel:
        try:
            answer = await channel.unary_unary("/grpc.health.v1.Health/Check")(question)
        except grpc.aio.AioRpcError:
            return False
    # grpc.health.v1.HealthCheckResponse{status: SERVING}
    return bool(answer == b"\x08\x01")
