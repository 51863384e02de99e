"""The Gateway API's definitions that are in a cluster already, and whether a stack may install its own over them.

They are the whole cluster's: every route of every controller is stored by them. The rules for installing them:
never over newer or unrecognized versions, never over another channel, and never remove them.

https://gateway-api.sigs.k8s.io/guides/crd-management/
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from semver import Version

from boutique.mesh.gateway_api import BUNDLE_VERSION, CHANNEL, KEY, STANDARD
from boutique.names import labels
from boutique.settings.errors import ErrorLine
from boutique.settings.mesh_settings import GATEWAY_API_OLDEST, GATEWAY_API_VERSION

DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
GROUP = "gateway.networking.k8s.io"
NEEDED = ("gatewayclasses", "gateways", "httproutes")
"""What this program and Istio store in the cluster, as `v1`."""


@dataclass(frozen=True, kw_only=True)
class InstalledDefinition:
    """One definition of the Gateway API in the cluster.

    Attributes:
        name: Such as `httproutes.gateway.networking.k8s.io`.
        version: Of the bundle it came with; empty if it does not say.
        channel: `standard` or `experimental`; empty if it does not say.
        owner: The stack that installed it; None for another tool.
        managers: Who has written it, by the names that the API server keeps.
        deleted: Since when it is being deleted; None if it is not.
    """

    name: str
    version: str
    channel: str
    owner: str | None
    managers: tuple[str, ...]
    deleted: str | None

    @property
    def bundle(self) -> str:
        """What it is of, for messages."""
        return f"{self.version or 'of an unknown version'}, {self.channel or 'unknown'} channel"

    @property
    def semver(self) -> Version | None:
        """The bundle's version; None if it is unknown."""
        text = self.version.removeprefix("v")
        return Version.parse(text) if Version.is_valid(text) else None


def installed_definitions(items: Collection[Mapping[str, Any]]) -> tuple[InstalledDefinition, ...]:
    """Return those of the Gateway API among all definitions of a cluster, from their metadata."""
    return tuple(_read(item) for item in items if str(item["name"]).endswith(f".{GROUP}"))


def _read(metadata: Mapping[str, Any]) -> InstalledDefinition:
    annotations = metadata.get("annotations") or {}
    managers = {
        str(entry["manager"]) for entry in metadata.get("managedFields") or () if entry.get("subresource") != "status"
    }
    return InstalledDefinition(
        name=str(metadata["name"]),
        version=annotations.get(BUNDLE_VERSION, ""),
        channel=annotations.get(CHANNEL, ""),
        owner=annotations.get(labels.OWNER),
        managers=tuple(sorted(managers)),
        deleted=metadata.get("deletionTimestamp"),
    )


def install_errors(
    definitions: Sequence[InstalledDefinition], names: Collection[str], *, stack: str, take_over: bool
) -> Iterator[ErrorLine]:
    """Return why a stack may not install its definitions: one line for each bundle and manager that is in the way.

    Args:
        definitions: Those in the cluster.
        names: Those that the stack installs.
        stack: The stack.
        take_over: Whether definitions of others become this stack's.
    """
    yield from _deletion_errors(definitions)
    present = [definition for definition in definitions if definition.name in names and not definition.deleted]
    for group in _group(definition for definition in present if definition.owner != stack or _is_ahead(definition)):
        first = group[0]
        counted = (
            "1 object of the Gateway API is" if len(group) == 1 else f"{len(group)} objects of the Gateway API are"
        )
        installed = f"{counted} in the cluster already ({_few(group)}): {first.bundle}, {_installer(first)}"
        ours = f"this stack would install v{GATEWAY_API_VERSION}, {STANDARD} channel"
        if _is_ahead(first):
            yield ErrorLine(
                "gateway-api-ahead",
                f"{KEY}: {installed}; {ours}, which never replaces a newer, experimental or unknown bundle, takeOver "
                f"or not; set {KEY}: {{kind: present}} to use what is there",
            )
        elif not take_over:
            yield ErrorLine(
                "gateway-api-installed",
                f"{KEY}: {installed}; {ours}; set {KEY}: {{kind: present}} to use what is there, which is right where "
                "another manager keeps it up to date (GKE's add-on manager, another stack), or takeOver: true beside "
                "kind to make them this stack's",
            )


def present_errors(definitions: Sequence[InstalledDefinition], served: Collection[str]) -> Iterator[ErrorLine]:
    """Return why the definitions in a cluster cannot be used as they are.

    Args:
        definitions: Those in the cluster.
        served: What the API server serves of the API's `v1`, such as `httproutes`.
    """
    yield from _deletion_errors(definitions)
    install = f"install v{GATEWAY_API_VERSION}, or set {KEY}: {{kind: release}} so that this stack does"
    if missing := [name for name in NEEDED if name not in served]:
        yield ErrorLine(
            "gateway-api-not-served",
            f"{KEY}: 'present': the cluster does not serve {', '.join(missing)} of {GROUP}/v1; it has "
            f"{_few(definitions) or 'no definitions of the Gateway API'}; {install}",
        )
    needed = {f"{name}.{GROUP}" for name in NEEDED}
    oldest = Version.parse(GATEWAY_API_OLDEST)
    for group in _group(
        definition for definition in definitions if definition.name in needed and not definition.deleted
    ):
        first = group[0]
        if first.semver is None:
            yield ErrorLine(
                "gateway-api-version-unknown",
                f"{KEY}: 'present': {_few(group)}: the annotation {BUNDLE_VERSION} is {first.version!r}, so the "
                f"version is unknown; v{GATEWAY_API_OLDEST} or later is needed: {install}",
            )
        elif first.semver < oldest:
            yield ErrorLine(
                "gateway-api-too-old",
                f"{KEY}: 'present': {_few(group)}: {first.bundle}, {_installer(first)}: too old; routes have timeouts, "
                f"which need v{GATEWAY_API_OLDEST} or later: {install} with takeOver: true",
            )


def _deletion_errors(definitions: Sequence[InstalledDefinition]) -> Iterator[ErrorLine]:
    for definition in definitions:
        if definition.deleted:
            plural = definition.name.partition(".")[0]
            yield ErrorLine(
                "gateway-api-deleting",
                f"{KEY}: {definition.name} is being deleted since {definition.deleted}, and with it every object "
                f"of its kind; wait until it is gone: `kubectl get {definition.name} --all-namespaces` shows the "
                f"{plural} whose finalizers it waits for",
            )


def _is_ahead(definition: InstalledDefinition) -> bool:
    """Say whether a definition must not be replaced by this program's: newer, of another channel, or unknown."""
    version = definition.semver
    return definition.channel != STANDARD or version is None or version > Version.parse(GATEWAY_API_VERSION)


def _group(definitions: Iterator[InstalledDefinition]) -> list[list[InstalledDefinition]]:
    groups: dict[object, list[InstalledDefinition]] = {}
    for definition in definitions:
        groups.setdefault((definition.version, definition.channel, definition.owner, definition.managers), []).append(
            definition
        )
    return list(groups.values())


def _installer(definition: InstalledDefinition) -> str:
    if definition.owner:
        return f"installed by stack {definition.owner!r}"
    return f"managed by {', '.join(map(repr, definition.managers)) or 'an unknown manager'}"


def _few(definitions: Sequence[InstalledDefinition]) -> str:
    # The admission policy and its binding have one name.
    names = list(dict.fromkeys(definition.name.partition(".")[0] for definition in definitions))
    return ", ".join(names) if len(names) <= 4 else f"{', '.join(names[:3])} and {len(names) - 3} more"
