"""Whether the pods of an environment or a feature fit the quotas of their namespace."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from boutique.application.application import Application
from boutique.checks.quota_cause import cause
from boutique.settings.errors import ErrorLine, enumerate_names
from boutique.settings.stack import Environment
from boutique.targets.namespace_quota import NAME, Quota
from boutique.targets.quota import format_amount, hard_limits
from boutique.workloads.pod_demand import Amounts
from boutique.workloads.resolved_workload import ResolvedWorkload

_MOST_REPLICAS = 100


@dataclass(frozen=True, kw_only=True)
class Room:
    """Where pods have to fit, as messages say it.

    Attributes:
        subject: Such as `target 'dev'`.
        replicas: What says how much the target's quota gives, such as `boutique:platform.targets.dev.replicas`.
        elsewhere: Where that is, and what to do there; empty for the stack itself.
        meshed: Whether each pod has a proxy.
        is_read: Whether the quotas are those that the API server has, which may have been changed by hand.
        others: Deployments in the namespace that the stack does not plan, such as those of features.
    """

    subject: str
    replicas: str
    elsewhere: str = ""
    meshed: bool
    is_read: bool = False
    others: Sequence[str] = ()


def target_room(
    target: str, *, owner: str | None = None, meshed: bool, is_read: bool = False, others: Sequence[str] = ()
) -> Room:
    """Return the room of an environment.

    Args:
        target: Where it goes.
        owner: The stack that has the target; None for the stack itself.
        meshed: See `Room`.
        is_read: See `Room`.
        others: See `Room`.
    """
    return Room(
        subject=f"target {target!r}",
        replicas=f"boutique:platform.targets.{target}.replicas",
        elsewhere=f" in the stack {owner!r} and run `pulumi up` there" if owner else "",
        meshed=meshed,
        is_read=is_read,
        others=others,
    )


def feature_room(namespace: str, *, meshed: bool, others: Sequence[str] = ()) -> Room:
    """Return the room of a feature, which does not know which stack has the target."""
    return Room(
        subject=f"namespace {namespace!r}",
        replicas="the replicas of its target in boutique:platform.targets",
        elsewhere=" in the stack that owns the cluster and run `pulumi up` there",
        meshed=meshed,
        is_read=True,
        others=others,
    )


def environment_refusals(
    application: Application, environment: Environment, quotas: Iterable[Quota], need: Amounts, room: Room
) -> Iterator[ErrorLine]:
    """Return a line for each quota that an update of an environment does not fit.

    Args:
        application: What it runs.
        environment: Its settings.
        quotas: Those of the namespace.
        need: What the namespace holds at most during the update.
        room: Where that is.
    """
    for quota in quotas:
        if exceeded := _exceeded_resources(quota, need):
            key = cause(application, environment, exceeded[0], room.meshed)
            lower = "lower it, or " if key else ""
            setting = room.replicas if quota.name == NAME else "boutique:environment"
            remedy = f"{lower}{_raise(application, quota, need, room)}"
            yield ErrorLine("quota-exceeded", f"{key or setting}: {_gap(quota, need, exceeded, room)}; {remedy}")


def feature_refusals(
    application: Application,
    services: Iterable[ResolvedWorkload],
    quotas: Iterable[Quota],
    need: Amounts,
    room: Room,
) -> Iterator[ErrorLine]:
    """Return a line for each quota that an update of a feature does not fit; see `environment_refusals`."""
    largest = max(services, key=lambda service: service.replicas)
    key = f"boutique:feature.services.{largest.workload.name}"
    if largest.replicas > 1:
        key = f"{key}.replicas: {largest.replicas}"
    for quota in quotas:
        if exceeded := _exceeded_resources(quota, need):
            yield ErrorLine(
                "quota-exceeded",
                f"{key}: {_gap(quota, need, exceeded, room)}; destroy a feature that is no longer needed, deploy fewer "
                f"pods, or {_raise(application, quota, need, room)}",
            )


def _exceeded_resources(quota: Quota, need: Amounts) -> list[str]:
    return [name for name in sorted(quota.hard) if need.get(name, Decimal(0)) > quota.hard[name]]


def _gap(quota: Quota, need: Amounts, exceeded: Sequence[str], room: Room) -> str:
    gaps = []
    for name in exceeded:
        needed, given = (format_amount(name, amount) for amount in (need[name], quota.hard[name]))
        if needed == given:
            needed, given = f"{need[name]:f}", f"{quota.hard[name]:f}"
        gaps.append(f"{needed} of {name}, it gives {given}")
    others = (
        f", with {enumerate_names(room.others, 'Deployments')} that this stack does not plan" if room.others else ""
    )
    return f"{room.subject}: the update does not fit its quota {quota.name!r}: it needs {', '.join(gaps)}{others}"


def _raise(application: Application, quota: Quota, need: Amounts, room: Room) -> str:
    if quota.name != NAME:
        return f"raise the ResourceQuota {quota.name!r} of the namespace"
    for replicas in range(1, _MOST_REPLICAS + 1):
        if not _exceeded_resources(Quota.of(NAME, hard_limits(application.workloads, replicas)), need):
            by_hand = ", or the quota itself if it was changed by hand" if room.is_read else ""
            return f"raise {room.replicas} to {replicas}{room.elsewhere}{by_hand}"
    return "take fewer or smaller pods: no number of replicas gives as much"
