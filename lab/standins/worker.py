"""Makes the calls of a workload without callers, such as one that works off a queue."""

import asyncio
import logging

from lab.standins.answers import CallError, Values
from lab.standins.calling import Calls
from lab.standins.headers import Received
from lab.standins.standin_call import Worker
from support.hops import Hop

log = logging.getLogger(__name__)


async def work(worker: Worker, calls: Calls) -> None:
    """Make the calls again and again until cancelled; failures are logged."""
    while True:
        hops: list[Hop] = []
        values: Values = {}
        try:
            await calls.run(worker.calls, values, Received(headers={}), hops)
            log.info("called %s", ", ".join(hop.workload for hop in hops) or "nobody")
        except CallError as error:
            log.warning("%s", error)
        await asyncio.sleep(worker.period_seconds)
