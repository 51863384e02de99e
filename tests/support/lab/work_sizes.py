"""How much work a test does: a small amount in `make test`, the full one in `make soak`."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Size:
    """An amount of work.

    Attributes:
        requests: How many requests at least while an update runs.
        pause: Seconds between two requests of one client; without any, the load takes all of the processor.
        seconds: How long shoppers shop.
        features: How many features come and go at once.
        kills: How many commands are killed.
        deployments: How often `make up` is killed, of a first deployment and of an upgrade of the mesh in turn.
        releases: How many releases are rolled back at once.
        spoofs: How many requests pretend to be a tester's.
        sets: How many sets of features are drawn for each routing API.
        drawn: How many requests are drawn for each set, to the gateway and in the mesh.
    """

    requests: int
    pause: float
    seconds: int
    features: int
    kills: int
    deployments: int
    releases: int
    spoofs: int
    sets: int
    drawn: int


SMALL = Size(
    requests=400, pause=0.1, seconds=20, features=4, kills=2, deployments=2, releases=3, spoofs=200, sets=1, drawn=300
)
FULL = Size(
    requests=5000,
    pause=0.0,
    seconds=60,
    features=20,
    kills=6,
    deployments=20,
    releases=10,
    spoofs=1000,
    sets=3,
    drawn=1800,
)
