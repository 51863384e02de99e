"""Objects that are in the cluster: which belong to another stack, and which others have changed.

Asked before anything is planned: server-side apply takes fields back from others by force, so who owns an object has to
be known before (docs/adr/0019).
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from boutique.kubernetes import client, listing
from boutique.kubernetes.field_managers import REPLICAS, changes_by_others
from boutique.kubernetes.ownership import Owned
from boutique.names import labels
from boutique.settings.errors import ErrorLine

_PARALLEL = 4
_MOST_FIELDS = 5
_MOST_LINES = 20
DEPLOYMENT = "Deployment"

Name = tuple[str, str, str]
"""Kind, namespace (empty for an object of the whole cluster) and name."""


@dataclass(frozen=True, kw_only=True)
class LiveObject:
    """The metadata of one object in the cluster."""

    kind: str
    metadata: Mapping[str, Any]

    @property
    def key(self) -> Name:
        """Which object it is."""
        return self.kind, str(self.metadata.get("namespace") or ""), str(self.metadata["name"])

    @property
    def owned(self) -> Owned:
        """Whose it is."""
        return Owned.of(self.metadata)


DEPLOYER_KINDS: Mapping[str, str] = {
    DEPLOYMENT: listing.DEPLOYMENTS,
    "Service": listing.SERVICES,
    "ServiceAccount": listing.SERVICE_ACCOUNTS,
    "ConfigMap": listing.CONFIG_MAPS,
    "Secret": listing.SECRETS,
    "PodDisruptionBudget": listing.DISRUPTION_BUDGETS,
    "HTTPRoute": listing.HTTP_ROUTES,
    "VirtualService": listing.VIRTUAL_SERVICES,
}
"""What an environment's deployer writes, by kind."""

FEATURE_KINDS = {
    kind: collection
    for kind, collection in DEPLOYER_KINDS.items()
    if kind not in ("ServiceAccount", "PodDisruptionBudget", "VirtualService")
}
"""What the deployer of feature stacks writes."""


def in_namespace(content: str, namespace: str, kinds: Mapping[str, str]) -> tuple[LiveObject, ...]:
    """Return the metadata of all objects of some kinds in a namespace, as its deployer sees them.

    Args:
        content: A kubeconfig that `kubeconfig.for_token` wrote.
        namespace: Where they are.
        kinds: Collections by kind, such as `DEPLOYER_KINDS`.

    Raises:
        KubeconfigError: See `KubernetesApi.list_objects`.
    """

    def list_metadata(collection: str) -> tuple[Mapping[str, Any], ...]:
        return listing.list_objects(content, namespace, collection, accept=client.METADATA_LIST)

    with ThreadPoolExecutor(_PARALLEL) as pool:
        lists = zip(kinds, pool.map(list_metadata, kinds.values()), strict=True)
        return tuple(
            LiveObject(kind=kind, metadata={**item["metadata"], "namespace": namespace})
            for kind, items in lists
            for item in items
        )


def ownership_errors(
    objects: Iterable[LiveObject], planned: Collection[Name], *, stack: str, key: str
) -> Iterator[ErrorLine]:
    """Return a line for each other stack that owns what a stack is about to write.

    Args:
        objects: Those in the cluster.
        planned: What the stack will write.
        stack: The stack.
        key: Where the configuration says where that goes, with the value.
    """
    taken: dict[str, list[str]] = {}
    for item in objects:
        if item.owned.owner not in (None, stack) and item.key in planned:
            taken.setdefault(str(item.owned.owner), []).append(_display_name(item))
    for owner, names in sorted(taken.items()):
        yield ErrorLine(
            "owned-by-stack",
            f"{key}: {_several(names)} {'belong' if len(names) > 1 else 'belongs'} to stack {owner!r}, and an object "
            f"has one owning stack; go elsewhere, or destroy stack {owner!r} first (if it is gone already, remove the "
            f"annotation: `kubectl annotate {_argument(taken[owner][0])} {labels.OWNER}-`)",
        )


def changes(
    objects: Iterable[LiveObject], planned: Collection[Name], *, stack: str, autoscaled: Collection[Name] = ()
) -> str:
    """Return one message about what others have changed of a stack's objects; empty if nothing was.

    Args:
        objects: Those in the cluster.
        planned: What the stack will write; the stack takes over those without an owner.
        stack: The stack.
        autoscaled: Deployments whose replicas are left to an autoscaler.
    """
    lines: list[str] = []
    scaled = False
    for item in objects:
        if item.owned.owner == stack:
            for change in changes_by_others(item.metadata, stack):
                fields = [entry for entry in change.fields if not (entry == REPLICAS and item.key in autoscaled)]
                scaled |= item.kind == DEPLOYMENT and REPLICAS in fields
                if fields:
                    lines.append(f"{_display_name(item)}: {change.manager} has set {_several(fields)}")
        elif item.owned.owner is None and item.key in planned:
            managers = sorted({str(entry["manager"]) for entry in item.metadata.get("managedFields") or ()})
            lines.append(
                f"{_display_name(item)}: belongs to no stack (made by {_several(managers)}); this stack takes it over"
            )
    if not lines:
        return ""
    left = len(lines) - _MOST_LINES
    if left > 0:
        lines = [*lines[:_MOST_LINES], f"and {left} more"]
    hint = (
        "\n  replicas that an autoscaler sets are left to it by boutique:environment.services.<name>.autoscaled: true"
        if scaled
        else ""
    )
    return (
        "objects of this stack were changed by others. What the stack sets is put back as the configuration has it: "
        "by `pulumi up --refresh`, or by the next update that changes the object\n  " + "\n  ".join(lines) + hint
    )


def _display_name(item: LiveObject) -> str:
    kind, namespace, name = item.key
    return f"{kind} {f'{namespace}/' if namespace else ''}{name}"


def _argument(named: str) -> str:
    kind, _, name = named.partition(" ")
    namespace, slash, rest = name.rpartition("/")
    return f"-n {namespace} {kind.lower()} {rest}" if slash else f"{kind.lower()} {name}"


def _several(names: Sequence[str]) -> str:
    if len(names) <= _MOST_FIELDS:
        return ", ".join(names) or "an unknown manager"
    return f"{', '.join(names[:_MOST_FIELDS])} and {len(names) - _MOST_FIELDS} more"
