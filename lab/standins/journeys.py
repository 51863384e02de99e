"""The schema of load: the journeys of simulated users on a site."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Visit:
    """A request of a load generator; `{name}` stands for one of the choices of that name.

    Attributes:
        path: Of the request.
        form: Fields to send by POST; without it the request is a GET.
    """

    path: str
    form: Mapping[str, str] | None = None


@dataclass(frozen=True, kw_only=True)
class Journey:
    """The visits of a user in a row.

    Attributes:
        name: Of the journey.
        weight: How often it is taken, relative to the others; 0 for never at random.
        visits: In order.
    """

    name: str
    weight: int
    visits: tuple[Visit, ...]


@dataclass(frozen=True, kw_only=True)
class Load:
    """Simulated users of a site, each with cookies of its own.

    Attributes:
        target_variable: The environment variable with the site's address.
        users_variable: The one with the number of users.
        rate_variable: The one with how many users start in a second.
        wait_seconds: The shortest and the longest pause between two journeys.
        choices: Values to choose from at random, by name; one choice holds for a whole journey.
        first: The name of the journey that each user begins with.
        journeys: What users do.
    """

    target_variable: str
    users_variable: str
    rate_variable: str
    wait_seconds: tuple[float, ...]
    choices: Mapping[str, tuple[str, ...]]
    first: str
    journeys: tuple[Journey, ...]
