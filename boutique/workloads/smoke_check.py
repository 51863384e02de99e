"""Asks new pods whether they work, before anybody else does."""

import os
import re
import selectors
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.client import HTTPException
from pathlib import Path

from boutique.settings.rollout import SmokeCheck
from boutique.workloads.resolved_workload import ResolvedWorkload

ADDRESS = "BOUTIQUE_ADDRESS"
"""The environment variable that tells a command where the pod is."""

_OUTPUT_LENGTH = 2000
_PAUSE = 0.5
_FORWARDED = re.compile(r"Forwarding from (127\.0\.0\.1:\d+)")


class SmokeCheckError(Exception):
    """A smoke check has failed, or could not be made; the text says what stays as it was."""


def run(deployed: ResolvedWorkload, check: SmokeCheck, kubeconfig: str, namespace: str) -> None:
    """Check one pod of a Deployment.

    Args:
        deployed: The service as it shall get requests.
        check: What has to succeed.
        kubeconfig: Of the namespace's deployer, as JSON. Secret.
        namespace: Where it is.

    Raises:
        SmokeCheckError: It does not.
    """
    name, key = (
        deployed.workload.name,
        f"boutique:environment.services.{deployed.workload.name}.rollout.prePromotionCheck",
    )
    deadline = time.monotonic() + check.timeout_seconds
    try:
        with _forward_port(deployed, kubeconfig, namespace, deadline) as address:
            if check.path:
                _visit(address, check.path, deadline)
            if check.command:
                _execute(check.command, address, deadline)
    except _FailedError as failure:
        raise SmokeCheckError(
            f"{name}: the smoke check of version {deployed.image.version} ({key}) failed: {failure}; all requests stay "
            f"with the pods that had them before; look at `kubectl -n {namespace} logs deployment/{deployed.name}`"
        ) from None


class _FailedError(Exception):
    """Why it failed."""


@contextmanager
def _forward_port(deployed: ResolvedWorkload, kubeconfig: str, namespace: str, deadline: float) -> Iterator[str]:
    """Yield `host:port` of a pod for a while."""
    with tempfile.TemporaryDirectory(prefix="boutique-") as folder:
        path = Path(folder, "kubeconfig")
        path.touch(mode=0o600)
        path.write_text(kubeconfig)
        command = ["kubectl", "--kubeconfig", str(path), "--namespace", namespace, "port-forward"]
        command += ["--address=127.0.0.1", f"deployment/{deployed.name}", f":{deployed.workload.port}"]
        try:
            forwarding = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
            )
        except FileNotFoundError:
            raise _FailedError("the program 'kubectl' is missing, by which a pod is reached; install it") from None
        with forwarding:
            try:
                yield _address(forwarding, deadline)
            finally:
                forwarding.kill()


def _address(forwarding: "subprocess.Popen[str]", deadline: float) -> str:
    with selectors.DefaultSelector() as selector:
        selector.register(forwarding.stdout or 0, selectors.EVENT_READ)
        if not selector.select(max(0.0, deadline - time.monotonic())):
            raise _FailedError("kubectl did not reach the pod in time")
    line = forwarding.stdout.readline() if forwarding.stdout else ""
    if match := _FORWARDED.search(line):
        return match[1]
    output = forwarding.stderr.read().strip() if forwarding.stderr and forwarding.wait(5) else line
    raise _FailedError(f"kubectl cannot reach the pod: {output}")


def _visit(address: str, path: str, deadline: float) -> None:
    while True:
        wrong = _request_error(f"http://{address}{path}", max(0.1, deadline - time.monotonic()))
        if not wrong:
            return
        if time.monotonic() + _PAUSE >= deadline:
            raise _FailedError(f"{path} {wrong}")
        time.sleep(_PAUSE)


def _request_error(url: str, seconds: float) -> str:
    """Return what is wrong with the answer."""
    # Never through a proxy of the environment: the address is this machine's own.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=seconds) as answer:
            return "" if answer.status == HTTPStatus.OK else f"answers {answer.status}"
    except urllib.error.HTTPError as refusal:
        refusal.close()
        return f"answers {refusal.code}"
    except (OSError, HTTPException) as error:
        return f"does not answer: {error}"


def _execute(command: tuple[str, ...], address: str, deadline: float) -> None:
    try:
        done = subprocess.run(
            command,
            env={**os.environ, ADDRESS: address},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=max(0.1, deadline - time.monotonic()),
        )
    except subprocess.TimeoutExpired:
        raise _FailedError(f"{command[0]!r} did not end in time") from None
    except OSError as error:
        raise _FailedError(f"{command[0]!r} cannot be started: {error.strerror}") from None
    if done.returncode:
        output = f"{done.stdout}{done.stderr}".strip()[-_OUTPUT_LENGTH:]
        raise _FailedError(f"{command[0]!r} ended with {done.returncode}: {output}")
