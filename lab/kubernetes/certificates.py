"""The lab's own certificate authority and everything it signs.

A certificate and its key share one PEM file: replacing it is one rename, so the two can never disagree.
What Kubernetes wants in them: https://kubernetes.io/docs/setup/best-practices/certificates/
"""

from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509

from lab.supervision import network
from support import certificate_issuing
from support.certificate_issuing import Leaf, split_pem
from support.files import replace_file

AUTHORITY_FILE = "ca.crt"
"""The authority's certificate alone, for clients that only have to trust it."""

SIGNER_FILE = "ca.pem"
"""The authority's certificate and key, for components that sign with it."""

SERVICE_ACCOUNTS_FILE = "service-accounts.key"
"""The key that signs the tokens of ServiceAccounts."""

KUBELET_FILE = "kubelet.pem"
KUBELET_CLIENT = "kube-apiserver-kubelet-client"
"""The only client of the kubelet's API: the API server, which has authorized the user."""

LEAVES = (
    Leaf(
        "kube-apiserver.pem",
        "kube-apiserver",
        names=(
            "localhost",
            "kubernetes",
            "kubernetes.default",
            "kubernetes.default.svc",
            "kubernetes.default.svc.cluster.local",
            network.LOOPBACK,
            network.KUBERNETES_SERVICE,
            network.LAB_ADDRESS,
        ),
    ),
    Leaf("admin.pem", "boutique-lab-admin", "system:masters"),
    Leaf("kube-controller-manager.pem", "system:kube-controller-manager"),
    Leaf("kube-scheduler.pem", "system:kube-scheduler"),
    # It plays every kubelet and every cloud controller at once, so no one role fits it.
    Leaf("kwok.pem", "kwok", "system:masters"),
    Leaf(KUBELET_FILE, "kubelet", names=(network.LAB_ADDRESS,)),
    Leaf(f"{KUBELET_CLIENT}.pem", KUBELET_CLIENT),
    # It asks for the tokens of every pod, as the kubelets of all nodes together could.
    Leaf("node-agent.pem", "node-agent", "system:masters"),
)


def ensure(folder: Path, now: datetime | None = None) -> None:
    """Issue missing, invalid and expiring certificates; leave all others as they are."""
    now = now or datetime.now(UTC)
    folder.mkdir(mode=0o700, exist_ok=True)
    # Tokens outlive the authority: their key is never made anew.
    if not (folder / SERVICE_ACCOUNTS_FILE).exists():
        replace_file(folder / SERVICE_ACCOUNTS_FILE, certificate_issuing.pem(certificate_issuing.new_key()))
    authority = folder / SIGNER_FILE
    if not authority.exists() or certificate_issuing.expires_soon(
        x509.load_pem_x509_certificate(authority.read_bytes()), now
    ):
        replace_file(authority, certificate_issuing.authority(now))
    replace_file(folder / AUTHORITY_FILE, split_pem(authority.read_text())[0])
    certificate = x509.load_pem_x509_certificate(authority.read_bytes())
    key = certificate_issuing.private_key(authority.read_bytes())
    for leaf in LEAVES:
        path = folder / leaf.file
        if not (path.exists() and certificate_issuing.is_valid(leaf, path.read_bytes(), certificate, now)):
            replace_file(path, certificate_issuing.issue(leaf, certificate, key, now))
