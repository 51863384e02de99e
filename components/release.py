"""Charts as Helm releases."""

import pulumi

from boutique.helm.releases import Descriptions, HelmRelease
from boutique.mesh import istio
from boutique.settings.mesh_settings import ChartFolder, Charts
from components.kubernetes_object import without_none

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
) -> pulumi.CustomResource:
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
    return pulumi.CustomResource(
        "kubernetes:helm.sh/v3:Release",
        name,
        without_none(
            {
                # Tells the provider that this is the resource and not the older one of the same name.
                "compat": "true",
                "name": planned.name,
                "namespace": namespace,
                "chart": reference,
                "repositoryOpts": {"repo": repository} if repository else None,
                "version": None if isinstance(charts, ChartFolder) else version,
                "values": planned.values,
                "description": pulumi.Output.from_input(descriptions).apply(lambda them: them.get(planned.key)),
                "maxHistory": _KEPT_REVISIONS,
                "timeout": _TIMEOUT_SECONDS,
            }
        ),
        opts,
    )
