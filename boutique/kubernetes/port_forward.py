"""`kubectl port-forward`: reaches a port of a pod with the rights of its namespace's deployer."""

import re
import selectors
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_FORWARDED = re.compile(r"Forwarding from (127\.0\.0\.1:\d+)")


class PortForwardError(Exception):
    """The port of a pod cannot be reached; the text says why."""


@contextmanager
def forwarded(kubeconfig: str, namespace: str, target: str, port: int | None, deadline: float) -> Iterator[str]:
    """Yield `host:port` of this machine that leads to a port of one pod.

    Args:
        kubeconfig: That of the namespace's deployer, as JSON. Secret.
        namespace: The namespace of the pod.
        target: The pod, as `pod/NAME`, or `deployment/NAME` for one of its pods.
        port: The port of the pod.
        deadline: When to give up, by `time.monotonic`.

    Raises:
        PortForwardError: `kubectl` is missing, or does not reach the pod in time.
    """
    command = ["kubectl", "--namespace", namespace, "port-forward", "--address=127.0.0.1", target, f":{port}"]
    # The kubeconfig has been read when the port is forwarded: nothing of it stays in a file if this process is killed.
    with tempfile.TemporaryDirectory(prefix="boutique-") as folder:
        path = Path(folder, "kubeconfig")
        path.touch(mode=0o600)
        path.write_text(kubeconfig)
        forwarding = _start([*command, "--kubeconfig", str(path)])
        try:
            address = _address(forwarding, deadline)
        except BaseException:
            _end(forwarding)
            raise
    try:
        yield address
    finally:
        _end(forwarding)


def _start(command: list[str]) -> "subprocess.Popen[str]":
    try:
        return subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
    except FileNotFoundError:
        raise PortForwardError("the program 'kubectl' is missing, by which a pod is reached; install it") from None


def _end(forwarding: "subprocess.Popen[str]") -> None:
    with forwarding:
        forwarding.kill()


def _address(forwarding: "subprocess.Popen[str]", deadline: float) -> str:
    with selectors.DefaultSelector() as selector:
        selector.register(forwarding.stdout or 0, selectors.EVENT_READ)
        if not selector.select(max(0.0, deadline - time.monotonic())):
            raise PortForwardError("kubectl did not reach the pod in time")
    line = forwarding.stdout.readline() if forwarding.stdout else ""
    if match := _FORWARDED.search(line):
        return match[1]
    output = forwarding.stderr.read().strip() if forwarding.stderr and forwarding.wait(5) else line
    raise PortForwardError(f"kubectl cannot reach the pod: {output}")
