"""The components of the cluster, as data: their commands, health checks and order.

Flags: https://kubernetes.io/docs/reference/command-line-tools-reference/ and https://etcd.io/docs/v3.6/op-guide/configuration/
"""

import sys
from dataclasses import dataclass
from pathlib import Path

from lab.folder import Folder
from lab.kubernetes import certificates, kwok
from lab.kubernetes.nodes import KUBELET_PORT
from lab.supervision import network

API_PORT = 6443
NODE_AGENT_PORT = 10249

_ETCD_PORT = 2379
_ETCD_PEER_PORT = 2380
_CONTROLLER_MANAGER_PORT = 10257
_SCHEDULER_PORT = 10259
_ISSUER = "https://kubernetes.default.svc.cluster.local"


@dataclass(frozen=True)
class Component:
    """A process to keep alive.

    Attributes:
        name: Its name, also of its log.
        command: The program and its arguments.
        health: The URL that answers 200 once it is ready.
        ports: Where it listens inside the lab's network.
        after: The component that has to be ready before it is started.
        renewed_by: The component after whose restart it is restarted too, since it would not repeat failed requests.
    """

    name: str
    command: tuple[str, ...]
    health: str
    ports: tuple[int, ...]
    after: str = ""
    renewed_by: str = ""


def components(folder: Folder, tools: Path, images: Path) -> tuple[Component, ...]:
    """Return the components in the order of their start.

    Args:
        folder: The lab's folder.
        tools: The folder of the programs.
        images: The folder of the images.
    """
    server = Component(
        "kube-apiserver",
        (str(tools / "kube-apiserver"), *_api_server(folder)),
        f"https://{network.LOOPBACK}:{API_PORT}/readyz",
        (API_PORT,),
        after="etcd",
    )
    return (
        Component(
            "etcd",
            (str(tools / "etcd"), *_etcd(folder)),
            f"http://{network.LOOPBACK}:{_ETCD_PORT}/health",
            (_ETCD_PORT, _ETCD_PEER_PORT),
        ),
        server,
        Component(
            "kube-controller-manager",
            (str(tools / "kube-controller-manager"), *_controller_manager(folder)),
            f"https://{network.LOOPBACK}:{_CONTROLLER_MANAGER_PORT}/healthz",
            (_CONTROLLER_MANAGER_PORT,),
            after=server.name,
        ),
        Component(
            "kube-scheduler",
            (str(tools / "kube-scheduler"), *_scheduler(folder)),
            f"https://{network.LOOPBACK}:{_SCHEDULER_PORT}/readyz",
            (_SCHEDULER_PORT,),
            after=server.name,
        ),
        Component(
            "kwok",
            (
                str(tools / "kwok"),
                f"--kubeconfig={folder.kubeconfig_inside('kwok')}",
                f"--config={folder.kwok}",
            ),
            f"http://{network.LOOPBACK}:{kwok.PORT}/healthz",
            (kwok.PORT,),
            after=server.name,
            # kwok drops a pod whose status the API server could not store (HTTP 500): shouldRetry in its
            # pkg/kwok/controllers/utils.go. It lists all pods when it starts.
            renewed_by="etcd",
        ),
        Component(
            "node-agent",
            # -P: nothing in the folder where the lab was started must be mistaken for a package.
            (
                *(sys.executable, "-P", "-m", "lab.nodeagent.main"),
                *(f"--folder={folder.root}", f"--tools={tools}", f"--images={images}"),
            ),
            f"http://{network.LOOPBACK}:{NODE_AGENT_PORT}/healthz",
            (NODE_AGENT_PORT, KUBELET_PORT),
            after=server.name,
        ),
    )


def _etcd(folder: Folder) -> tuple[str, ...]:
    client = f"http://{network.LOOPBACK}:{_ETCD_PORT}"
    peer = f"http://{network.LOOPBACK}:{_ETCD_PEER_PORT}"
    return (
        "--name=lab",
        f"--data-dir={folder.etcd}",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=lab={peer}",
        # Every write still reaches the kernel before it is acknowledged (etcd's WAL flushes, then skips fdatasync), so
        # a killed process loses nothing. Only a power cut can, and then the lab is made anew.
        "--unsafe-no-fsync",
        # A single member need not wait for rivals before it leads.
        "--heartbeat-interval=20",
        "--election-timeout=200",
        "--auto-compaction-retention=1h",
    )


def _api_server(folder: Folder) -> tuple[str, ...]:
    pki = folder.pki
    tokens = pki / certificates.SERVICE_ACCOUNTS_FILE
    kubelet_client = pki / f"{certificates.KUBELET_CLIENT}.pem"
    return (
        f"--etcd-servers=http://{network.LOOPBACK}:{_ETCD_PORT}",
        # Every interface of a namespace that has no way out: pods find the server at the lab's address.
        "--bind-address=0.0.0.0",
        f"--secure-port={API_PORT}",
        f"--advertise-address={network.LAB_ADDRESS}",
        f"--service-cluster-ip-range={network.SERVICES}",
        "--authorization-mode=Node,RBAC",
        "--allow-privileged=true",
        # Nothing routes Service addresses for the server itself: webhooks are called at their endpoints.
        "--enable-aggregator-routing=true",
        f"--client-ca-file={pki / certificates.AUTHORITY_FILE}",
        f"--tls-cert-file={pki / 'kube-apiserver.pem'}",
        f"--tls-private-key-file={pki / 'kube-apiserver.pem'}",
        f"--service-account-issuer={_ISSUER}",
        f"--service-account-key-file={tokens}",
        f"--service-account-signing-key-file={tokens}",
        # The names of the nodes lead nowhere.
        "--kubelet-preferred-address-types=InternalIP",
        f"--kubelet-certificate-authority={pki / certificates.AUTHORITY_FILE}",
        f"--kubelet-client-certificate={kubelet_client}",
        f"--kubelet-client-key={kubelet_client}",
        # Otherwise it waits for clients that still watch, such as istiod, until it is killed.
        "--shutdown-watch-termination-grace-period=1s",
        "--profiling=false",
    )


def _controller_manager(folder: Folder) -> tuple[str, ...]:
    pki = folder.pki
    return (
        *_client(folder, "kube-controller-manager", _CONTROLLER_MANAGER_PORT),
        f"--cluster-cidr={network.PODS}",
        f"--service-cluster-ip-range={network.SERVICES}",
        # The nodes bring their ranges with them, and no cloud is there to be asked.
        "--allocate-node-cidrs=false",
        f"--root-ca-file={pki / certificates.AUTHORITY_FILE}",
        f"--service-account-private-key-file={pki / certificates.SERVICE_ACCOUNTS_FILE}",
        f"--cluster-signing-cert-file={pki / certificates.SIGNER_FILE}",
        f"--cluster-signing-key-file={pki / certificates.SIGNER_FILE}",
        "--use-service-account-credentials=true",
        # The defaults are meant to spare a server that many share; here they only make every change slower.
        "--kube-api-qps=200",
        "--kube-api-burst=400",
        # The nodes report every 10 minutes (Stage node-heartbeat-with-lease), without leases: see lab.kubernetes.kwok.
        "--node-monitor-grace-period=30m",
    )


def _scheduler(folder: Folder) -> tuple[str, ...]:
    return _client(folder, "kube-scheduler", _SCHEDULER_PORT)


def _client(folder: Folder, name: str, port: int) -> tuple[str, ...]:
    return (
        f"--kubeconfig={folder.kubeconfig_inside(name)}",
        f"--bind-address={network.LOOPBACK}",
        f"--secure-port={port}",
        # There is only ever one: waiting for a dead leader's lease would cost 15 s at every restart.
        "--leader-elect=false",
        "--profiling=false",
    )
