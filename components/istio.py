"""Istio's own resources, one function per kind."""

from collections.abc import Mapping
from typing import Any, Literal

import pulumi

from components.kubernetes_object import KubernetesObject
from components.metadata import ObjectScope, metadata

_SECURITY = "security.istio.io/v1"


def peer_authentication(
    name: str,
    mode: Literal["STRICT", "PERMISSIVE"],
    scope: ObjectScope,
    opts: pulumi.ResourceOptions,
) -> KubernetesObject:
    """Create the PeerAuthentication of a namespace; in the mesh's own it holds for all of them.

    https://istio.io/latest/docs/reference/config/security/peer_authentication/
    """
    return KubernetesObject(
        name,
        _SECURITY,
        "PeerAuthentication",
        opts,
        metadata=metadata("default", scope),
        spec={"mtls": {"mode": mode}},
    )


def authorization_policy(
    name: str,
    object_name: str,
    spec: Mapping[str, Any],
    scope: ObjectScope,
    opts: pulumi.ResourceOptions,
) -> KubernetesObject:
    """Create an AuthorizationPolicy.

    https://istio.io/latest/docs/reference/config/security/authorization-policy/
    """
    return KubernetesObject(
        name,
        _SECURITY,
        "AuthorizationPolicy",
        opts,
        metadata=metadata(object_name, scope),
        spec=spec,
    )
