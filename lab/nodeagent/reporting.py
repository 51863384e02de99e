"""Reports the status of a pod to the API server, and writes down what the next node agent has to know."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from http.client import HTTPException
from typing import Any

from lab.kubernetes.api import Api
from lab.nodeagent import status_report
from lab.nodeagent.pod_phase import PHASES_OF_ENDED
from lab.nodeagent.status_report import PodReport

_COALESCE = 0.02
_PAUSE = 0.5
_LOG = logging.getLogger(__name__)


def path(pod: Mapping[str, Any]) -> str:
    """Return where the API server has a pod."""
    metadata = pod["metadata"]
    return f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}"


async def keep(
    api: Api,
    news: asyncio.Event,
    account: Callable[[], PodReport],
    answered: Callable[[Mapping[str, Any]], None],
) -> None:
    """Report every change, until cancelled.

    Args:
        api: The API server.
        news: Is set when there is a change to report.
        account: Returns the pod as it is.
        answered: Is called with the pod as the API server has it then.
    """
    while True:
        await news.wait()
        await asyncio.sleep(_COALESCE)
        news.clear()
        report = account()
        pod, uid = report.pod, report.pod["metadata"]["uid"]
        if report.ended and pod["status"].get("phase") in PHASES_OF_ENDED:
            continue
        change = {"metadata": {"uid": uid}, "status": status_report.status(report, datetime.now(UTC))}
        try:
            answer = await asyncio.to_thread(api.patch, f"{path(pod)}/status", change)
        except (OSError, HTTPException) as error:
            _LOG.warning("status of pod %s: %s", pod["metadata"]["name"], error)
            news.set()
            await asyncio.sleep(_PAUSE)
            continue
        if answer is not None and answer["metadata"]["uid"] == uid:
            answered(answer)


async def delete(api: Api, pod: Mapping[str, Any], is_gone: Callable[[], bool]) -> None:
    """Delete the object of a pod that has ended.

    Args:
        api: The API server.
        pod: The pod.
        is_gone: Says whether it has forgotten it already.
    """
    while not is_gone():
        try:
            options = {"gracePeriodSeconds": 0, "preconditions": {"uid": pod["metadata"]["uid"]}}
            await asyncio.to_thread(api.delete, path(pod), options)
        except (OSError, HTTPException):
            await asyncio.sleep(_PAUSE)
        else:
            return
