"""Helm's record of a release: one Secret for each revision.

Format: pkg/storage/driver/secrets.go and util.go of helm/helm 3.18.
"""

import base64
import binascii
import gzip
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from boutique.kubernetes.kubeconfig import KubeconfigError

TYPE = "helm.sh/release.v1"
DEPLOYED = "deployed"
FAILED = "failed"
STUCK = frozenset({"pending-install", "pending-upgrade", "pending-rollback", "uninstalling", "uninstalled"})
"""Statuses of a last revision that Helm neither upgrades nor installs over."""


@dataclass(frozen=True, kw_only=True)
class HelmRecord:
    """The record of one revision, as the labels of its Secret tell it.

    Attributes:
        namespace: Of the Secret.
        secret: The name of the Secret.
        uid: Of the Secret.
        version: The resource version of the Secret.
        created: When Helm wrote it first, as Kubernetes writes moments.
        release: The release's name.
        revision: Counts from 1.
        status: In Helm's words.
    """

    namespace: str
    secret: str
    uid: str
    version: str
    created: str
    release: str
    revision: int
    status: str

    @classmethod
    def of(cls, metadata: Mapping[str, Any]) -> "HelmRecord":
        """Read the metadata of a Secret.

        Raises:
            KubeconfigError: They are not Helm's.
        """
        labels = metadata.get("labels") or {}
        try:
            return cls(
                namespace=metadata["namespace"],
                secret=metadata["name"],
                uid=metadata["uid"],
                version=metadata["resourceVersion"],
                created=metadata["creationTimestamp"],
                release=labels["name"],
                revision=int(labels["version"]),
                status=labels["status"],
            )
        except (KeyError, ValueError):
            raise KubeconfigError(
                f"Secret {metadata.get('namespace')}/{metadata.get('name')}: has the label owner=helm, but its labels "
                "'name', 'version' and 'status' are not Helm's; correct them, or delete the Secret"
            ) from None


@dataclass(frozen=True, kw_only=True)
class HelmContent:
    """What a record says of the release.

    Attributes:
        chart: The name of the chart.
        values: Those that were given.
    """

    chart: str
    values: Mapping[str, Any]


def content(secret: Mapping[str, Any]) -> HelmContent:
    """Read a Secret of Helm's.

    Raises:
        KubeconfigError: Helm could not read it either.
    """
    release = _decode(secret)
    try:
        return HelmContent(chart=release["chart"]["metadata"]["name"], values=release.get("config") or {})
    except (LookupError, TypeError):
        raise _unreadable(secret) from None


def failure_patch(secret: Mapping[str, Any], description: str) -> dict[str, Any]:
    """Return the patch by which a revision has failed: what Helm writes itself when an operation is not killed.

    Raises:
        KubeconfigError: Helm could not read the Secret either.
    """
    release = _decode(secret)
    release["info"] = {**(release.get("info") or {}), "status": FAILED, "description": description}
    packed = base64.b64encode(gzip.compress(json.dumps(release).encode()))
    identity = {key: secret["metadata"][key] for key in ("uid", "resourceVersion")}
    return {
        "metadata": {**identity, "labels": {"status": FAILED}},
        "data": {"release": base64.b64encode(packed).decode()},
    }


def _decode(secret: Mapping[str, Any]) -> dict[str, Any]:
    try:
        packed = base64.b64decode(base64.b64decode(secret["data"]["release"], validate=True), validate=True)
        release: dict[str, Any] = json.loads(gzip.decompress(packed))
        release["name"]
    except (LookupError, TypeError, ValueError, OSError, EOFError, binascii.Error):
        raise _unreadable(secret) from None
    return release


def _unreadable(secret: Mapping[str, Any]) -> KubeconfigError:
    name = f"{secret['metadata']['namespace']}/{secret['metadata']['name']}"
    return KubeconfigError(
        f"Secret {name}: is not a record that Helm can read; delete it if the release is not needed: "
        f"kubectl delete secret -n {secret['metadata']['namespace']} {secret['metadata']['name']}"
    )
