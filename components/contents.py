"""The files and the secrets of a service, as objects that never change: other content is another object."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi

from boutique.workloads.blue_green import digest_of_files, digest_of_secrets
from boutique.workloads.pod_template import file_key
from boutique.workloads.resolved_workload import ResolvedWorkload
from components.kubernetes_object import Fields, KubernetesObject
from components.metadata import ObjectScope, metadata, name_of


@dataclass(frozen=True, kw_only=True)
class Contents:
    """The names of what a pod gets, known once it is there; None for what it has none of.

    Attributes:
        files: Of the ConfigMap.
        secrets: Of the Secret.
    """

    files: pulumi.Input[str] | None = None
    secrets: pulumi.Input[str] | None = None


def contents(
    name: str,
    variants: Sequence[ResolvedWorkload],
    scope: ObjectScope,
    opts: pulumi.ResourceOptions,
    annotations: Mapping[str, str] | None = None,
) -> list[Contents]:
    """Create the ConfigMaps and Secrets of one service, and return those of each of its variants.

    Pods that are on their way out still find theirs: what is not wanted any more is deleted after all else.

    Args:
        name: Of the service's component.
        variants: The service as it runs at once; some of them may have the same content.
        scope: Where they go, and the stack that owns them.
        opts: Of the resources.
        annotations: Beside the owner's.
    """

    def object_metadata(workload: ResolvedWorkload, digest: str) -> Fields:
        return metadata(
            f"{workload.service_name}-{digest}",
            scope,
            labels=workload.service_labels,
            annotations=annotations,
        )

    files: dict[str, pulumi.Input[str]] = {}
    secrets: dict[str, pulumi.Input[str]] = {}
    objects = []
    for variant in variants:
        ours, theirs = digest_of_files(variant.files), digest_of_secrets(variant.secrets, variant.workload.name)
        if variant.files and ours not in files:
            config_map = KubernetesObject(
                f"{name}-files-{ours}",
                "v1",
                "ConfigMap",
                opts,
                metadata=object_metadata(variant, ours),
                immutable=True,
                data={file_key(path): text for path, text in variant.files.items()},
            )
            files[ours] = name_of(config_map.metadata)
        if variant.secrets and theirs not in secrets:
            secret = KubernetesObject(
                f"{name}-secrets-{theirs}",
                "v1",
                "Secret",
                opts,
                metadata=object_metadata(variant, theirs),
                immutable=True,
                stringData=pulumi.Output.secret(dict(variant.secrets)),
            )
            secrets[theirs] = name_of(secret.metadata)
        objects.append(
            Contents(
                files=files[ours] if variant.files else None,
                secrets=secrets[theirs] if variant.secrets else None,
            )
        )
    return objects
