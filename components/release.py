"""Charts of Istio as Helm releases."""

from collections.abc import Mapping
from typing import Any

import pulumi
from pulumi_kubernetes import helm

from boutique import istio
from boutique.mesh import ChartFolder, Charts

_TIMEOUT_SECONDS = 300
_KEPT_REVISIONS = 10


def release(
    name: str,
    called: str,
    chart: str,
    charts: Charts,
    version: str,
    values: Mapping[str, Any],
    namespace: pulumi.Input[str],
    opts: pulumi.ResourceOptions,
) -> helm.v3.Release:
    """Install a chart of Istio and wait until what it made is ready.

    Its name is fixed, since a reinstallation finds what the last one left (the definitions) only under the same name.

    Args:
        name: The resource's.
        called: The release's.
        chart: The chart's.
        charts: Where it comes from.
        version: Which one; a folder has only one.
        values: Of the chart.
        namespace: Where the release is installed.
        opts: Of the resource.
    """
    reference, repository = istio.chart(charts, chart)
    return helm.v3.Release(
        name,
        name=called,
        namespace=namespace,
        chart=reference,
        repository_opts=helm.v3.RepositoryOptsArgs(repo=repository) if repository else None,
        version=None if isinstance(charts, ChartFolder) else version,
        values=values,
        max_history=_KEPT_REVISIONS,
        timeout=_TIMEOUT_SECONDS,
        opts=opts,
    )
