"""Publishes every program of the lab as its publisher does; `lab.toolchain.releases.publishers` says whose facts."""

import json
from collections.abc import Callable

from lab.toolchain import tools
from tests.support.unit.release_publishers import Publishers, tar

GITHUB = "github.com/{}/releases/download/{}/{}"
KUBERNETES = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl")
PULUMI = ("pulumi", "pulumi-language-python", "pulumi-language-python-exec")


def publish_programs(publishers: Publishers, versions: dict[str, str], program: Callable[[str], bytes]) -> None:
    """Publish all programs.

    Args:
        publishers: Where.
        versions: Of each program.
        program: Returns the content of one.
    """
    etcd = f"etcd-v{versions['etcd']}-linux-amd64"
    folder = GITHUB.format("etcd-io/etcd", f"v{versions['etcd']}", "")
    digest = publishers.publish(
        f"{folder}{etcd}.tar.gz", tar({f"{etcd}/README.md": b"", f"{etcd}/etcd": program("etcd")})
    )
    publishers.publish(f"{folder}SHA256SUMS", f"{'0' * 64}  other\n{digest}  {etcd}.tar.gz\n".encode())

    for name in KUBERNETES:
        path = f"dl.k8s.io/{versions[name]}/bin/linux/amd64/{name}"
        publishers.publish(f"{path}.sha256", publishers.publish(path, program(name)).encode())

    folder, version = "get.pulumi.com/releases/sdk", versions["pulumi"]
    archive = f"pulumi-{version}-linux-x64.tar.gz"
    digest = publishers.publish(f"{folder}/{archive}", tar({f"pulumi/{name}": program(name) for name in PULUMI}))
    publishers.publish(f"{folder}/pulumi-{version[1:]}-checksums.txt", f"{digest}  {archive}\n".encode())

    version = versions["istioctl"]
    path = GITHUB.format("istio/istio", version, f"istioctl-{version}-linux-amd64.tar.gz")
    digest = publishers.publish(path, tar({"istioctl": program("istioctl")}))
    publishers.publish(f"{path}.sha256", f"{digest} {path.rpartition('/')[2]}\n".encode())
    for tool, image in (("pilot-discovery", "pilot"), ("pilot-agent", "proxyv2")):
        layers = ({"bin/sh": b""}, {"usr/local/bin/envoy": b"", f"usr/local/bin/{tool}": program(tool)})
        publishers.publish_image(f"docker.io/istio/{image}", version, *layers)

    of_github(publishers, "kubernetes-sigs/kwok", versions["kwok"], "kwok-linux-amd64", program("kwok"))
    provider, version = tools.PROVIDER, f"v{versions[tools.PROVIDER]}"
    name = f"{provider}-{version}-linux-amd64.tar.gz"
    of_github(publishers, "pulumi/pulumi-kubernetes", version, name, tar({provider: program(provider)}))
    name = f"registry_{versions['registry'][1:]}_linux_amd64.tar.gz"
    archive_of_registry = tar({"LICENSE": b"", "registry": program("registry")})
    of_github(publishers, "distribution/distribution", versions["registry"], name, archive_of_registry)


def of_github(publishers: Publishers, repository: str, tag: str, name: str, content: bytes) -> None:
    digest = publishers.publish(GITHUB.format(repository, tag, name), content)
    assets = [{"name": "other", "digest": None}, {"name": name, "digest": f"sha256:{digest}"}]
    publishers.publish(
        f"api.github.com/repos/{repository}/releases/tags/{tag}", json.dumps({"assets": assets}).encode()
    )
