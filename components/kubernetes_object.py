"""Kubernetes objects as plain manifests, in the API's own fields."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

Fields = Mapping[str, Any]
"""Part of a manifest: fields in camelCase, whose values may arrive late. A field that is None is left out."""

_SECRET_OUTPUTS = {"v1/Secret": ["data", "stringData"]}


class KubernetesObject(pulumi.CustomResource):
    """One object of any kind, registered by its type token.

    The typed classes of pulumi_kubernetes register the same, but import a class for each part of each kind, which took
    half the time of a preview (docs/adr/0023).

    Attributes:
        metadata: That of the object, known once it is there.
        status: As the API server has it when the object is ready; None before, and of kinds without one.
        data: Of a ConfigMap or a Secret.
    """

    metadata: pulumi.Output[Mapping[str, Any]]
    status: pulumi.Output[Mapping[str, Any] | None]
    data: pulumi.Output[Mapping[str, str]]

    def __init__(
        self,
        resource_name: str,
        api_version: str,
        kind: str,
        opts: pulumi.ResourceOptions,
        /,
        **fields: Any,  # noqa: ANN401 - of any kind
    ) -> None:
        """Register an object.

        Args:
            resource_name: Its logical name.
            api_version: Such as `apps/v1`.
            kind: Such as `Deployment`.
            opts: Of the resource.
            fields: Those of the manifest.
        """
        group, _, version = api_version.rpartition("/")
        token = f"kubernetes:{group or 'core'}/{version}:{kind}"
        secret = pulumi.ResourceOptions(additional_secret_outputs=_SECRET_OUTPUTS.get(f"{api_version}/{kind}"))
        manifest = {"apiVersion": api_version, "kind": kind, **without_none(fields)}
        # Named here, so that they are outputs.
        outputs = {"status": None, "data": None}
        super().__init__(token, resource_name, {**outputs, **manifest}, pulumi.ResourceOptions.merge(opts, secret))


def without_none(value: Any) -> Any:  # noqa: ANN401 - any part of a manifest
    """Return part of a manifest without the fields that are None."""
    if isinstance(value, Mapping):
        return {key: without_none(item) for key, item in value.items() if item is not None}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [without_none(item) for item in value]
    return value
