"""One tab of a Chromium without a window, driven by the DevTools protocol over a pipe.

https://chromedevtools.github.io/devtools-protocol/
"""

import json
import os
import select
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

_LONGEST = 60.0
_READ, _WRITE = 3, 4
"""The descriptors at which Chromium reads commands and writes what happens, each message ended by a zero byte."""


class Tab:
    """A tab, with all that its network did."""

    def __init__(self, commands: int, messages: int) -> None:
        self._commands = commands
        self._messages = messages
        self._buffer = b""
        self._number = 0
        self._session: str | None = None
        self.responses: list[Mapping[str, Any]] = []
        """The responses for documents, as `Network.responseReceived` has them."""

    def open(self) -> None:
        """Open the tab."""
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Network"):
            self._call(f"{domain}.enable")

    def visit(self, url: str) -> str:
        """Go to a page, wait until it is loaded, and return its HTML."""
        self._call("Page.navigate", url=url)
        while self._message().get("method") != "Page.loadEventFired":
            pass
        shown = self._call("Runtime.evaluate", expression="document.documentElement.outerHTML")
        html: str = shown["result"]["value"]
        return html

    def _call(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._number += 1
        command: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            command["sessionId"] = self._session
        os.write(self._commands, json.dumps(command).encode() + b"\0")
        while (message := self._message()).get("id") != self._number:
            pass
        assert "error" not in message, (method, message)
        result: dict[str, Any] = message["result"]
        return result

    def _message(self) -> dict[str, Any]:
        deadline = time.monotonic() + _LONGEST
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._messages], [], [], max(0.0, deadline - time.monotonic()))
            assert ready, f"Chromium said nothing for {_LONGEST:.0f} s"
            part = os.read(self._messages, 65536)
            assert part, "Chromium ended"
            self._buffer += part
        first, _, self._buffer = self._buffer.partition(b"\0")
        message: dict[str, Any] = json.loads(first)
        if message.get("method") == "Network.responseReceived" and message["params"]["type"] == "Document":
            self.responses.append(message["params"]["response"])
        return message


@contextmanager
def tab(command: list[str], env: Mapping[str, str]) -> Iterator[Tab]:
    """Start Chromium and open a tab.

    Args:
        command: The browser with its options.
        env: Its environment.
    """
    (their_read, our_write), (our_read, their_write) = os.pipe(), os.pipe()
    # The shell gives the pipes the numbers that Chromium expects.
    script = f'exec "$@" {_READ}<&{their_read} {_WRITE}>&{their_write}'
    with subprocess.Popen(
        ["bash", "-c", script, "bash", *command, "--remote-debugging-pipe"],
        env=dict(env),
        pass_fds=(their_read, their_write),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as running:
        os.close(their_read)
        os.close(their_write)
        try:
            opened = Tab(our_write, our_read)
            opened.open()
            yield opened
        finally:
            running.terminate()
            os.close(our_write)
            os.close(our_read)
