"""Makes load: simulated users, each with a connection and cookies of its own, on journeys chosen at random."""

import asyncio
import logging
import random
from collections.abc import Mapping
from http import HTTPStatus
from urllib.parse import urlencode, urlsplit

import h11

from lab.http import HttpRequest, Response
from lab.standins.answers import CallError
from lab.standins.directory import Directory
from lab.standins.http_client import HttpConnection
from lab.standins.journeys import Journey, Load, Visit

_REPORT_SECONDS = 10.0
_REDIRECTS = 5

log = logging.getLogger(__name__)


class Counts:
    """The number of requests, and of those that failed."""

    def __init__(self) -> None:
        self.requests = 0
        self.errors = 0


class Users:
    """The users of one load generator."""

    def __init__(self, load: Load, environment: Mapping[str, str], directory: Directory) -> None:
        self._load = load
        self._target = environment[load.target_variable]
        self._number = int(environment[load.users_variable])
        self._rate = float(environment[load.rate_variable])
        self._directory = directory
        self.counts = Counts()

    async def run(self) -> None:
        """Make load until cancelled, and log a line every ten seconds."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._report())
            for _ in range(self._number):
                tasks.create_task(self._use())
                await asyncio.sleep(1 / self._rate)

    async def _report(self) -> None:
        while True:
            await asyncio.sleep(_REPORT_SECONDS)
            log.info("%s", self)

    def __str__(self) -> str:
        return f"{self.counts.requests} requests, {self.counts.errors} errors, to {self._target}"

    async def _use(self) -> None:
        user = User(self._target, self._directory, self.counts)
        journeys = self._load.journeys
        journey = next(candidate for candidate in journeys if candidate.name == self._load.first)
        try:
            while True:
                await user.travel(journey, self._load.choices)
                await asyncio.sleep(random.uniform(*self._load.wait_seconds))  # noqa: S311
                (journey,) = random.choices(journeys, [candidate.weight for candidate in journeys])  # noqa: S311
        finally:
            user.close()


class User:
    """A browser, as much of one as load needs."""

    def __init__(self, target: str, directory: Directory, counts: Counts) -> None:
        self._target = target
        self._directory = directory
        self._counts = counts
        self._connection = HttpConnection()
        self.cookies: dict[str, str] = {}

    async def travel(self, journey: Journey, choices: Mapping[str, tuple[str, ...]]) -> None:
        """Make the visits of a journey."""
        selection = {name: random.choice(values) for name, values in choices.items()}  # noqa: S311
        for visit in journey.visits:
            await self._visit(visit, selection)

    async def _visit(self, visit: Visit, selection: Mapping[str, str]) -> None:
        form = visit.form
        body = urlencode({name: text.format_map(selection) for name, text in form.items()}) if form is not None else ""
        path, verb = visit.path.format_map(selection), "GET" if form is None else "POST"
        for _ in range(_REDIRECTS):
            location = await self._request(verb, path, body)
            if location is None:
                return
            path, verb, body = urlsplit(location).path, "GET", ""

    async def _request(self, verb: str, path: str, body: str) -> str | None:
        headers = [("cookie", "; ".join(f"{name}={value}" for name, value in self.cookies.items()))]
        headers += [("content-type", "application/x-www-form-urlencoded")] if body else []
        try:
            request = HttpRequest(verb=verb, target=path, headers=tuple(headers), body=body.encode())
            response = await self._connection.send(self._directory.find(self._target), request)
        except (OSError, h11.ProtocolError, CallError) as error:
            self._counts.requests += 1
            self._counts.errors += 1
            log.warning("%s %s: %s", verb, path, error)
            return None
        # Only now: requests that are under way when the load ends are not counted.
        self._counts.requests += 1
        if response.status >= HTTPStatus.BAD_REQUEST:
            self._counts.errors += 1
            log.warning("%s %s: HTTP status %s", verb, path, response.status)
        return self._learn(response)

    def _learn(self, response: Response) -> str | None:
        location = None
        for name, line in response.headers:
            if name == "location":
                location = line
            elif name == "set-cookie":
                pair, *attributes = line.split("; ")
                key, _, value = pair.partition("=")
                if "Max-Age=0" in attributes:
                    self.cookies.pop(key, None)
                else:
                    self.cookies[key] = value
        return location

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()
