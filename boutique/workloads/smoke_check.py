"""Asks new pods whether they work, before anybody else does."""

import os
import subprocess
import time
import urllib.error
import urllib.request
from http import HTTPStatus
from http.client import HTTPException

from boutique.kubernetes.port_forward import PortForwardError, forwarded
from boutique.settings.rollout import SmokeCheck
from boutique.workloads.resolved_workload import ResolvedWorkload

ADDRESS = "BOUTIQUE_ADDRESS"
"""The environment variable that tells a command where the pod is."""

_OUTPUT_LENGTH = 2000
_PAUSE = 0.5


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
        pod = f"deployment/{deployed.name}"
        with forwarded(kubeconfig, namespace, pod, deployed.workload.port, deadline) as address:
            if check.path:
                _visit(address, check.path, deadline)
            if check.command:
                _execute(check.command, address, deadline)
    except (PortForwardError, _FailedError) as failure:
        raise SmokeCheckError(
            f"{name}: the smoke check of version {deployed.image.version} ({key}) failed: {failure}; all requests stay "
            f"with the pods that had them before; look at `kubectl -n {namespace} logs deployment/{deployed.name}`"
        ) from None


class _FailedError(Exception):
    """Why it failed."""


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
