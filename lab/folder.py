"""The files of one lab, all in one folder, so that a cluster is deleted together with its Pulumi state."""

import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path

from lab.container_mode import DEFAULT_MODE, ContainerMode, parse_mode
from lab.errors import LabError
from support import paths
from support.files import replace_file

_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,28}[a-z0-9])?")


@dataclass(frozen=True)
class Folder:
    """The paths of one lab; making one touches nothing on disk."""

    name: str
    root: Path

    @property
    def lock(self) -> Path:
        """The file whose lock is held for as long as any process of the lab lives."""
        return self.root / "lock"

    @property
    def record(self) -> Path:
        """The supervisor's record of itself and its components."""
        return self.root / "record.json"

    @property
    def settings(self) -> Path:
        """The settings that stay the same from one start to the next."""
        return self.root / "settings.json"

    @property
    def logs(self) -> Path:
        """One log per component, and the supervisor's own."""
        return self.root / "logs"

    @property
    def etcd(self) -> Path:
        """The cluster's data."""
        return self.root / "etcd"

    @property
    def pki(self) -> Path:
        """The certificate authority, the certificates and the key that signs service-account tokens."""
        return self.root / "pki"

    @property
    def kwok(self) -> Path:
        """The configuration of the nodes."""
        return self.root / "kwok.yaml"

    @property
    def standin(self) -> Path:
        """The command of a stand-in instead of the usual one: a JSON list, see lab.nodeagent.commands.standin."""
        return self.root / "standin.json"

    @property
    def behaviour(self) -> Path:
        """The behaviour of the stand-ins of all applications, as data: see lab.standins.behaviour."""
        return self.root / "behaviour.json"

    @property
    def application(self) -> Path:
        """The name or the path of the application that stack `local` deploys."""
        return self.root / "application"

    @property
    def certificate(self) -> Path:
        """The certificate of the gateway: `tls.crt`, `tls.key`, and `ca.crt` to trust."""
        return self.root / "certificate"

    @property
    def pods(self) -> Path:
        """One folder per pod that the node agent runs, by uid."""
        return self.root / "pods"

    @property
    def orphans(self) -> Path:
        """How containers ended that an earlier node agent had started: see support.orphan_ends."""
        return self.root / "orphans"

    @property
    def pod_summary(self) -> Path:
        """The node agent's summary of its pods."""
        return self.root / "pods.json"

    @property
    def claims(self) -> Path:
        """One folder per persistent volume claim, by uid."""
        return self.root / "claims"

    @property
    def pulls(self) -> Path:
        """The socket of the process that pulls images: see lab.containers.pull_server."""
        return self.root / "pulls.sock"

    @property
    def limits(self) -> Path:
        """Where the cgroups of containers are, or why there are none: see lab.containers.resource_limits."""
        return self.root / "limits.json"

    @property
    def services(self) -> Path:
        """The addresses of the Services by name, one file per namespace."""
        return self.root / "services"

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig for the host."""
        return self.root / "kubeconfig"

    def kubeconfig_inside(self, user: str) -> Path:
        """Return the kubeconfig of a user inside the lab's network."""
        return self.root / "inside" / f"{user}.kubeconfig"

    @property
    def files(self) -> Path:
        """Links to the files that a stack may name: those of the tools, such as Istio's charts, and the certificate."""
        return self.root / "files"

    @property
    def pulumi_state(self) -> Path:
        """The Pulumi backend."""
        return self.root / "pulumi" / "state"

    @property
    def pulumi_home(self) -> Path:
        """Pulumi's plugins and credentials for this lab, apart from the user's own."""
        return self.root / "pulumi" / "home"

    @property
    def python(self) -> Path:
        """The command by which Pulumi's language host calls Python."""
        return self.root / "python"

    def create(self) -> None:
        """Make the folder; only its owner may look inside, since it holds the cluster's keys."""
        for path in (self.root, self.logs, self.root / "inside", self.pulumi_state, self.pulumi_home):
            path.mkdir(mode=0o700, parents=True, exist_ok=True)


def folder(name: str) -> Folder:
    """Return the folder of the lab of that name.

    Raises:
        LabError: The name is invalid.
    """
    if not _NAME.fullmatch(name):
        message = (
            f"{name!r} cannot name a lab: use at most 30 of a-z, 0-9 and '-', "
            "starting and ending with a letter or a digit, for example 'default' or 'trial-2'"
        )
        raise LabError(message)
    return Folder(name, paths.labs() / name)


def folders() -> list[Folder]:
    """Return the folders of all existing labs, by name."""
    root = paths.labs()
    if not root.is_dir():
        return []
    return [Folder(path.name, path) for path in sorted(root.iterdir()) if _NAME.fullmatch(path.name) and path.is_dir()]


@dataclass(frozen=True)
class LabSettings:
    """The settings that stay the same from one start to the next: the kubeconfig of the host names the port."""

    ports: dict[str, int]
    tools: str
    containers: ContainerMode = DEFAULT_MODE

    def write(self, folder: Folder) -> None:
        """Keep the settings in the lab's folder."""
        replace_file(folder.settings, json.dumps(asdict(self), indent=2))


def settings(folder: Folder) -> LabSettings:
    """Return the settings of a lab, empty ones before its first start."""
    try:
        content = json.loads(folder.settings.read_text())
        return LabSettings(dict(content["ports"]), str(content["tools"]), parse_mode(content.get("containers")))
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        # A file cut short by a power failure must not keep this lab, or its neighbours, from starting.
        return LabSettings({}, "")
