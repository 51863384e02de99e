"""The schema of downstream calls: whom a workload calls, where it is, and what it is asked."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class StandinCall:
    """A downstream call: of a gRPC method, of a path by HTTP, a command for a store, or a line by TCP.

    Attributes:
        variable: The environment variable with the callee's address; without it the address is in the code.
        form: How the variable's value is written, with the names of Services in braces: `http://{reviews}:9080/x`.
            Without it the value is `name:port`.
        callee: The workload that is called: its name in `form`, and its Service where there is no variable.
        port: Of the callee's Service, with `form` or without a variable.
        tls: Whether the callee speaks TLS itself.
        method: `/package.Service/Method` of a gRPC call.
        path: Of an HTTP call.
        verb: The HTTP method; a GET has no body.
        command: Words for a store, with `{name}` for a value. Without an address the store is kept in memory.
        line: The text of a line that is sent by TCP, and comes back.
        gives: The name for a store's reply among the values.
        each: The name of a list among the values: the call is made once for each of its entries.
        bind: What an entry of `each` is called in the request.
        baggage: Whether the W3C `baggage` that was received is passed on.
        trace: Whether the W3C `traceparent` and `tracestate` that were received are passed on.
        timeout_seconds: How long the caller waits; without it as long as it takes.
        optional: Whether a failure is ignored.
        failure: The gRPC status that the caller answers with when this call fails.
    """

    variable: str | None = None
    form: str | None = None
    callee: str | None = None
    port: int | None = None
    tls: bool = False
    method: str | None = None
    path: str | None = None
    verb: str = "POST"
    command: tuple[str, ...] = ()
    line: str | None = None
    gives: str | None = None
    each: str | None = None
    bind: str = "entry"
    baggage: bool = True
    trace: bool = True
    timeout_seconds: float | None = None
    optional: bool = False
    failure: str = "INTERNAL"

    @property
    def subject(self) -> str:
        """The call in short, for the list of hops."""
        return self.method or self.path or (self.command[0] if self.command else "") or "TCP"


@dataclass(frozen=True, kw_only=True)
class Worker:
    """Calls that a workload makes by itself, since it has no callers.

    Attributes:
        calls: Made in order, again and again.
        period_seconds: The pause between two rounds.
    """

    calls: tuple[StandinCall, ...]
    period_seconds: float = 5.0
