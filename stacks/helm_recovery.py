"""Picks up the Helm releases of a stack that a killed update left in the middle of an operation."""

from collections.abc import Mapping, Sequence
from itertools import groupby

import pulumi

from boutique.helm import record_store, records, recovery
from boutique.helm.records import HelmRecord
from boutique.helm.recovery import Recovery
from boutique.helm.releases import Descriptions, HelmRelease
from boutique.kubernetes.client import KubernetesApi
from boutique.kubernetes.kubeconfig import KubeconfigError
from stacks import stack_outputs

_TYPE = "kubernetes:helm.sh/v3:Release"


def recover_releases(api: KubernetesApi, releases: Sequence[HelmRelease]) -> Descriptions:
    """Make way for the releases of a stack, in an update; in a preview only say what the update will do.

    An update holds the stack's lock, so no other one of this stack is at work on them.

    Raises:
        KubeconfigError: The cluster cannot be asked, or has a release that others have installed under such a name.
    """
    ordered = sorted(releases, key=lambda release: release.namespace)
    listed = {
        record
        for _, several in groupby(ordered, key=lambda release: release.namespace)
        for record in record_store.list_records(api, list(several))
    }
    if not listed:
        return {}
    descriptions = _recorded_descriptions()
    recoveries = [_recovery(api, release, listed, descriptions) for release in releases]
    for recovery_plan in recoveries:
        if recovery_plan.problem:
            pulumi.log.warn(recovery_plan.message("`pulumi up`" if pulumi.runtime.is_dry_run() else "this update"))
    if not pulumi.runtime.is_dry_run():
        for recovery_plan in recoveries:
            for record in recovery_plan.remove:
                record_store.remove(api, record)
            for record in recovery_plan.fail:
                record_store.mark_failed(api, record)
    pairs = zip(releases, recoveries, strict=True)
    return {release.key: recovery_plan.description for release, recovery_plan in pairs if recovery_plan.description}


def _recovery(
    api: KubernetesApi, release: HelmRelease, listed: set[HelmRecord], descriptions: Mapping[str, str | None]
) -> Recovery:
    own = [record for record in listed if (record.namespace, record.release) == (release.namespace, release.name)]
    if release.key in descriptions:
        return recovery.upgrade(release, own, descriptions[release.key])
    if own:
        last = max(own, key=lambda record: record.revision)
        content = records.content(record_store.read_secret(api, last))
        owner = record_store.namespace_owner(api, release.namespace)
        stack = pulumi.get_stack()
        if not recovery.is_own(release, last, content, owner=owner, stack=stack):
            raise KubeconfigError(recovery.foreign(release, last, content, owner=owner, stack=stack))
    return recovery.install(release, own)


def _recorded_descriptions() -> Mapping[str, str | None]:
    """Return the descriptions of the releases in the stack's state by the releases' keys."""
    releases = [resource["outputs"] for resource in stack_outputs.resources().values() if resource["type"] == _TYPE]
    return {f"{release['namespace']}/{release['name']}": release.get("description") or None for release in releases}
