"""Runs one stand-in: `python -m lab.standins --behaviour FILE --workload NAME …`, with the container's environment."""

import argparse
import asyncio
import logging
import os
import signal
import sys
from pathlib import Path

from lab.standins.answers import Pod
from lab.standins.behaviour import Behaviour, read
from lab.standins.directory import Directory
from lab.standins.setup import Setup
from lab.standins.standin import SetupError, run
from lab.standins.unknown_workload import port_behaviour


def main() -> int:
    """Run a stand-in until SIGTERM, and return its exit status."""
    options = _options()
    logging.basicConfig(
        filename=options.log, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", force=True
    )
    name = options.workload.rpartition("/")[2]
    try:
        setup = Setup(
            pod=Pod(workload=name or options.pod, version=options.version, pod=options.pod, image=options.image),
            behaviour=_behaviour(options),
            environment=dict(os.environ),
            directory=Directory(options.services),
            address=options.address,
        )
        return asyncio.run(_run(setup))
    except (OSError, ValueError, SetupError) as error:
        logging.getLogger(__name__).error("cannot start: %s", error)
        return 1


def _behaviour(options: argparse.Namespace) -> Behaviour:
    if behaviour := read(options.behaviour.read_text(), options.workload):
        return behaviour
    logging.getLogger(__name__).info("no application has the workload %s: its ports decide", options.workload)
    return port_behaviour(options.ports)


async def _run(setup: Setup) -> int:
    end = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, end.set)
    return await run(setup, end)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="lab.standins", description="Stands in for the container of a workload.")
    parser.add_argument("--behaviour", type=Path, required=True, help="JSON: what each workload does")
    parser.add_argument("--workload", required=True, help="which of them this is: APPLICATION/WORKLOAD")
    parser.add_argument("--ports", default="", help="NUMBER:NAME,… of the container's ports, for a workload unknown")
    parser.add_argument("--pod", required=True, help="the pod's name")
    parser.add_argument("--version", required=True, help="of the workload")
    parser.add_argument("--image", default="", help="the image that it takes the place of")
    parser.add_argument("--services", type=Path, required=True, help="JSON: the address behind each name; may change")
    parser.add_argument("--log", type=Path, help="where to write the log instead of stderr")
    parser.add_argument("--address", default="0.0.0.0", help="what to listen on")  # noqa: S104
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
