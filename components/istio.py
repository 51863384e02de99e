"""Istio's own resources, one function per kind."""

from collections.abc import Mapping
from typing import Any, Literal

import pulumi
from pulumi_kubernetes import apiextensions

from components.metadata import metadata

_SECURITY = "security.istio.io/v1"


def peer_authentication(
    name: str,
    mode: Literal["STRICT", "PERMISSIVE"],
    namespace: pulumi.Input[str],
    owner: str,
    opts: pulumi.ResourceOptions,
) -> apiextensions.CustomResource:
    """Create the PeerAuthentication of a namespace; in the mesh's own it holds for all of them.

    https://istio.io/latest/docs/reference/config/security/peer_authentication/
    """
    return apiextensions.CustomResource(
        name,
        api_version=_SECURITY,
        kind="PeerAuthentication",
        metadata=metadata("default", namespace=namespace, owner=owner),
        spec={"mtls": {"mode": mode}},
        opts=opts,
    )


def authorization_policy(
    name: str,
    called: str,
    spec: Mapping[str, Any],
    namespace: pulumi.Input[str],
    owner: str,
    opts: pulumi.ResourceOptions,
) -> apiextensions.CustomResource:
    """Create an AuthorizationPolicy.

    https://istio.io/latest/docs/reference/config/security/authorization-policy/
    """
    return apiextensions.CustomResource(
        name,
        api_version=_SECURITY,
        kind="AuthorizationPolicy",
        metadata=metadata(called, namespace=namespace, owner=owner),
        spec=spec,
        opts=opts,
    )
