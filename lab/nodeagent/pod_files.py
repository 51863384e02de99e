"""The files that a kubelet puts into every container: the names of the pod and its way to DNS."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lab.containers.launch_plan import MountPlan
from lab.supervision import network
from support.files import replace_file

_TERMINATION_LOG = "/dev/termination-log"
_DOMAIN = "cluster.local"
_LONGEST_NAME = 63


def write(pod: Mapping[str, Any], container: Mapping[str, Any], folder: Path) -> tuple[MountPlan, ...]:
    """Write the files of a container and return their mounts.

    Args:
        pod: The pod.
        container: The container in its spec.
        folder: A folder of the pod's own.
    """
    folder.mkdir(mode=0o700, exist_ok=True)
    contents = {"hostname": f"{host_name(pod)}\n", "hosts": hosts(pod), "resolv.conf": resolver_configuration(pod)}
    for name, content in contents.items():
        path = folder / name
        if not path.exists() or path.read_text() != content:
            replace_file(path, content, mode=0o644)
    log = termination_log(folder, container["name"])
    log.write_text("")
    mounts = [MountPlan(str(folder / name), f"/etc/{name}", read_only=False) for name in contents]
    target = container.get("terminationMessagePath") or _TERMINATION_LOG
    return (*mounts, MountPlan(str(log), target, read_only=False))


def termination_log(folder: Path, container: str) -> Path:
    """Return the file into which a container may write why it ended."""
    return folder / f"{container}.termination-log"


def host_name(pod: Mapping[str, Any]) -> str:
    """Return the host name of a pod."""
    name = pod["spec"].get("hostname") or pod["metadata"]["name"]
    return str(name[:_LONGEST_NAME].rstrip("-."))


def hosts(pod: Mapping[str, Any]) -> str:
    """Return the content of /etc/hosts, as a kubelet writes it."""
    lines = ["# Kubernetes-managed hosts file.", "127.0.0.1\tlocalhost", "::1\tlocalhost ip6-localhost ip6-loopback"]
    names = [host_name(pod)]
    if subdomain := pod["spec"].get("subdomain"):
        names.insert(0, f"{names[0]}.{subdomain}.{pod['metadata']['namespace']}.svc.{_DOMAIN}")
    lines.append("\t".join([pod["status"].get("podIP", ""), *names]))
    lines += ["\t".join([alias["ip"], *alias.get("hostnames", [])]) for alias in pod["spec"].get("hostAliases") or []]
    return "".join(f"{line}\n" for line in lines)


def resolver_configuration(pod: Mapping[str, Any]) -> str:
    """Return the content of /etc/resolv.conf, by the pod's `dnsPolicy` and `dnsConfig`."""
    spec = pod["spec"]
    settings = spec.get("dnsConfig") or {}
    servers: list[str] = []
    searches: list[str] = []
    options: dict[str, str] = {}
    if spec.get("dnsPolicy", "ClusterFirst") != "None":
        servers = [network.LAB_ADDRESS]
        searches = [f"{pod['metadata']['namespace']}.svc.{_DOMAIN}", f"svc.{_DOMAIN}", _DOMAIN]
        options = {"ndots": "5"}
    servers += settings.get("nameservers") or []
    searches += settings.get("searches") or []
    options |= {option["name"]: option.get("value", "") for option in settings.get("options") or []}
    lines = [f"nameserver {server}" for server in dict.fromkeys(servers)]
    lines += _line("search", list(dict.fromkeys(searches)))
    lines += _line("options", [f"{name}:{value}" if value else name for name, value in options.items()])
    return "".join(f"{line}\n" for line in lines)


def _line(keyword: str, values: Sequence[str]) -> list[str]:
    return [" ".join([keyword, *values])] if values else []
