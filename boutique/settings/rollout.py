"""How new pods of a service take over from old ones."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, PlainSerializer

from boutique.settings.durations import Duration
from boutique.settings.fields import Number, Seconds, Section, Surge, parse_with

ROLLING, BLUE_GREEN, RECREATE = "rolling", "blueGreen", "recreate"


def _check_path(path: str) -> str:
    if not path.startswith("/") or any(character.isspace() for character in path):
        raise ValueError("must be the path of a page, such as /_healthz")
    return path


class SmokeCheck(Section):
    """What has to succeed before requests go to new pods of a blue/green release; both are asked for if both are given.

    Whoever runs `pulumi up` reaches one of those pods by `kubectl port-forward`, past every Service and route.
    """

    path: Annotated[str, AfterValidator(_check_path)] | None = None
    """A page that has to answer with status 200; only for a service that speaks HTTP."""
    command: Annotated[tuple[str, ...], Field(strict=False, min_length=1)] | None = None
    """A program with its arguments that has to end with 0; it finds `host:port` of the pod in `BOUTIQUE_ADDRESS`."""
    timeout_seconds: Annotated[Number, Field(ge=1, le=3600)] = 30
    """How long it may take as a whole; a page is asked for again until then."""


class Rollout(Section):
    """How new pods take over from old ones."""

    strategy: Literal["rolling", "blueGreen", "recreate"] = "rolling"
    """`rolling`: pod by pod; `blueGreen`: all at once, when all new ones are ready, and back at once; `recreate`: the
    old ones go first, so that the service is unavailable for a while. A store is always recreated."""
    max_surge: Surge = "25%"
    """Pods, or the share of the replicas, that may run on top during a rolling update; none is ever missing."""
    min_ready_seconds: Seconds = 10
    """How long a new pod has to be ready before an old one goes."""
    pre_stop_seconds: Annotated[Number, Field(ge=0, le=300)] = 10
    """How long a pod that is being deleted keeps serving; comes on top of what the image needs to end."""
    timeout_seconds: Annotated[Number, Field(ge=1, le=3600)] = 300
    """How long an update waits for all pods to be available before it fails."""
    scale_down_delay: Annotated[Duration, parse_with(Duration, Duration.parse), PlainSerializer(str)] | None = None
    """How long the pods of the last blue/green release are kept for the way back, such as `2h`; the first update after
    that removes them. Until the next release if not given."""
    pre_promotion_check: SmokeCheck | None = None
    """What has to succeed before a blue/green release switches to new pods; not before it goes back to kept ones."""

    @property
    def surge(self) -> int | str:
        """`max_surge` as Kubernetes takes it: a number of pods, or a percentage."""
        return self.max_surge if self.max_surge.endswith("%") else int(self.max_surge)
