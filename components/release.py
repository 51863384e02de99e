"""Charts as Helm releases."""

from typing import cast

import pulumi
from pulumi_kubernetes import helm

from boutique.helm.releases import Descriptions, HelmRelease
from boutique.mesh import istio
from boutique.settings.mesh_settings import ChartFolder, Charts

_TIMEOUT_SECONDS = 300
_KEPT_REVISIONS = 10


def release(
    name: str,
    planned: HelmRelease,
    charts: Charts,
    version: str,
    namespace: pulumi.Input[str],
    descriptions: pulumi.Input[Descriptions],
    opts: pulumi.ResourceOptions,
) -> helm.v3.Release:
    """Install a chart and wait until what it made is ready.

    Args:
        name: The resource's.
        planned: The release.
        charts: Where its chart comes from.
        version: Which one; a folder has only one.
        namespace: That of the release, known once it is there.
        descriptions: Those of `recover_releases`, known once the release is not stuck.
        opts: Of the resource.
    """
    reference, repository = istio.chart(charts, planned.chart)
    # Most have no description: the SDK leaves None out, but its types do not say so of an Output.
    description = pulumi.Output.from_input(descriptions).apply(lambda resolved: cast("str", resolved.get(planned.key)))
    return helm.v3.Release(
        name,
        name=planned.name,
        namespace=namespace,
        chart=reference,
        repository_opts=helm.v3.RepositoryOptsArgs(repo=repository) if repository else None,
        version=None if isinstance(charts, ChartFolder) else version,
        values=planned.values,
        description=description,
        max_history=_KEPT_REVISIONS,
        timeout=_TIMEOUT_SECONDS,
        opts=opts,
    )
