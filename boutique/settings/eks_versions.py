"""Which versions of Kubernetes EKS has, until when, and the add-ons that go with each.

Dates: https://docs.aws.amazon.com/eks/latest/userguide/kubernetes-versions.html, as of 22 August 2026.
Add-ons: what `aws eks describe-addon-versions --kubernetes-version VERSION` lists; a new cluster takes the newest.
Those of 1.32 and 1.33, which have only extended support, are of the same guide's tables in managing-kube-proxy.html and
managing-coredns.html, as they were when 1.35 was the newest.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

DEFAULT_VERSION = "1.36"

AddonName = Literal[
    "vpc-cni", "kube-proxy", "coredns", "eks-pod-identity-agent", "aws-ebs-csi-driver", "metrics-server"
]

ADDONS: Mapping[AddonName, str] = {
    "vpc-cni": "v1.22.4-eksbuild.3",
    "kube-proxy": "",
    "coredns": "v1.14.3-eksbuild.16",
    "eks-pod-identity-agent": "v1.3.10-eksbuild.3",
    "aws-ebs-csi-driver": "v1.63.1-eksbuild.1",
    "metrics-server": "v0.8.1-eksbuild.6",
}
"""The add-ons of every cluster with their versions; kube-proxy goes with the version of Kubernetes."""


@dataclass(frozen=True, kw_only=True)
class EksRelease:
    """One minor version of Kubernetes on EKS.

    Attributes:
        standard: The last day of standard support; on the next one AWS moves a cluster up, or charges for it.
        extended: The last day of extended support.
        kube_proxy: The version of that add-on.
        coredns: The same; None for the usual one.
    """

    standard: date
    extended: date
    kube_proxy: str
    coredns: str | None = None

    def end(self, support: str) -> date:
        """Return the last day of a kind of support."""
        return self.extended if support == "extended" else self.standard


RELEASES: Mapping[str, EksRelease] = {
    "1.32": EksRelease(
        standard=date(2026, 3, 23),
        extended=date(2027, 3, 23),
        kube_proxy="v1.32.13-eksbuild.5",
        coredns="v1.11.4-eksbuild.33",
    ),
    "1.33": EksRelease(
        standard=date(2026, 7, 29),
        extended=date(2027, 7, 29),
        kube_proxy="v1.33.10-eksbuild.2",
        coredns="v1.13.2-eksbuild.4",
    ),
    "1.34": EksRelease(
        standard=date(2026, 12, 2),
        extended=date(2027, 12, 2),
        kube_proxy="v1.34.6-eksbuild.2",
        coredns="v1.13.2-eksbuild.4",
    ),
    "1.35": EksRelease(
        standard=date(2027, 3, 27),
        extended=date(2028, 3, 27),
        kube_proxy="v1.35.3-eksbuild.5",
        coredns="v1.13.2-eksbuild.4",
    ),
    "1.36": EksRelease(standard=date(2027, 8, 2), extended=date(2028, 8, 2), kube_proxy="v1.36.0-eksbuild.21"),
}


def supported_versions(support: str, today: date) -> list[str]:
    """Return the versions that still have a kind of support."""
    return [version for version, release in RELEASES.items() if today <= release.end(support)]


def addons(version: str, chosen: Mapping[AddonName, str]) -> dict[AddonName, str]:
    """Return the version of every add-on of a cluster.

    Args:
        version: Of Kubernetes, a known one.
        chosen: Versions that the configuration names.
    """
    release = RELEASES[version]
    versions: dict[AddonName, str] = {**ADDONS, "kube-proxy": release.kube_proxy}
    if release.coredns:
        versions["coredns"] = release.coredns
    return {**versions, **chosen}
