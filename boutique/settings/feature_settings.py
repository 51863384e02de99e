"""The configuration of features: what an environment lets them do, and one feature of one environment."""

from datetime import datetime
from typing import Annotated

from pydantic import Field, PlainSerializer

from boutique.names.image_reference import check_tag
from boutique.names.semver import Version, VersionError
from boutique.settings.durations import Duration, moment, written
from boutique.settings.fields import Count, ImageReference, Number, Section, WorkloadName, parse_with


def _version(text: str) -> Version:
    check_tag(text)
    try:
        return Version.parse(text)
    except VersionError as error:
        raise ValueError(error.reason) from None


TimeToLive = Annotated[Duration, parse_with(Duration, Duration.parse), PlainSerializer(str)]
Moment = Annotated[datetime, parse_with(datetime, moment), PlainSerializer(written)]
Text = Annotated[str, Field(min_length=1)]
Sessions = Annotated[tuple[str, ...], Field(strict=False)]


class RoutedFeature(Section):
    """A feature whose routes the environment writes, since VirtualServices have one writer."""

    services: Annotated[tuple[WorkloadName, ...], Field(strict=False, min_length=1)]
    """The services that the feature's stack deploys."""
    sessions: Sessions = ()
    """The session ids of its testers."""
    header: bool = False
    """Whether requests may ask for it with the header `boutique-feature: <key>`."""


class Features(Section):
    """What feature stacks may do in an environment; `{}` allows them."""

    default_ttl: TimeToLive = Duration.parse("72h")
    """How long a feature lives from its last update, when its stack names no time."""
    maximum_ttl: TimeToLive = Duration.parse("14d")
    """How far ahead the end of a feature may be set."""
    require_expiry: bool = True
    """Refuse a feature without an end."""
    routes: dict[Text, RoutedFeature] = Field(default_factory=dict)
    """By key, the features that this environment routes; only with `virtual-service`, where no other stack can."""


class ChangedService(Section):
    """One service as a branch has it; all else is as in the environment."""

    version: Annotated[Version, parse_with(Version, _version), PlainSerializer(str)] | None = None
    """A pre-release of the branch, which is the tag of the image; required except in an audit."""
    image: ImageReference | None = None
    """The whole image instead of a version; in an audit only."""
    replicas: Count = 1
    """How many pods."""

    @property
    def version_name(self) -> str:
        """The version, or that of the image; empty without both."""
        return str(self.version or (self.image.version if self.image else ""))


class Feature(Section):
    """What one branch changed, in one environment, for its own testers."""

    enabled: bool = True
    """False is as if the section were not there."""

    environment: Text
    """The stack of the environment."""
    branch: Text | None = None
    """The branch; that of the versions if not given."""
    key: Text | None = None
    """The feature's key, in the names of its objects and of its preview host; made from the branch if not given."""
    services: dict[WorkloadName, ChangedService] = Field(default_factory=dict)
    """The services that the branch changed, by name; at least one."""
    sessions: Sessions = ()
    """The session ids of its testers: the values of the shop's session cookie in their browsers."""
    header: bool = False
    """Whether requests may ask for it with the header `boutique-feature: <key>`."""
    audit: bool = False
    """Whether it is deployed by `boutique audit`: with images of the environment, and without direct calls."""
    timeout_seconds: Annotated[Number, Field(ge=1, le=3600)] | None = None
    """How long an update waits for all pods to be available before it fails; as in the environment if not given."""
    expires: Moment | None = None
    """When it may be removed, such as `2026-01-31T18:00:00Z`."""
