"""The releases of the lab's tools at their publishers, for Linux on x86-64.

Sources: scripts and documentation of the publishers, named beside each.
"""

from collections.abc import Callable, Mapping

from lab.toolchain.releases.artifacts import Artifact, Download, Image

_GITHUB = "https://github.com/{}/releases/download/{}/{}"
_GITHUB_RELEASE = "https://api.github.com/repos/{}/releases/tags/{}"
_KUBERNETES = "https://dl.k8s.io/{}/bin/linux/amd64/{}"
_PULUMI = "https://get.pulumi.com/releases/sdk"


def artifacts(versions: Mapping[str, str]) -> tuple[Artifact, ...]:
    """Return the releases of the tools.

    Args:
        versions: Tools, and the only version of each that the lab takes.
    """
    return tuple(_PUBLISHERS[tool](version) for tool, version in versions.items() if tool in _PUBLISHERS)


def _etcd(version: str) -> Artifact:
    # scripts/release.sh of etcd-io/etcd makes SHA256SUMS, which lies beside the archives.
    tag, name = f"v{version}", f"etcd-v{version}-linux-amd64"
    source = Download(_GITHUB.format("etcd-io/etcd", tag, f"{name}.tar.gz"), _sums("etcd-io/etcd", tag, "SHA256SUMS"))
    return Artifact(source, version, (("etcd", f"{name}/etcd"),))


def _kwok(version: str) -> Artifact:
    # hack/releases.sh of kubernetes-sigs/kwok uploads the programs alone, and no checksums.
    return Artifact(_of_github("kubernetes-sigs/kwok", version, "kwok-linux-amd64"), version, (("kwok", ""),))


def _kubernetes(tool: str) -> Callable[[str], Artifact]:
    # https://kubernetes.io/docs/tasks/tools/install-kubectl-linux/: the checksum alone, in <program>.sha256.
    def artifact(version: str) -> Artifact:
        url = _KUBERNETES.format(version, tool)
        return Artifact(Download(url, f"{url}.sha256"), version, ((tool, ""),))

    return artifact


def _pulumi(version: str) -> Artifact:
    # .github/workflows/ci-prepare-release.yml of pulumi/pulumi makes the checksums; its archive has one folder.
    url = f"{_PULUMI}/pulumi-{version}-linux-x64.tar.gz"
    programs = ("pulumi", "pulumi-language-python", "pulumi-language-python-exec")
    source = Download(url, f"{_PULUMI}/pulumi-{version.removeprefix('v')}-checksums.txt")
    return Artifact(source, version, tuple((name, f"pulumi/{name}") for name in programs))


def _provider(version: str) -> Artifact:
    # .goreleaser.yml of pulumi/pulumi-kubernetes names the archives.
    tool = "pulumi-resource-kubernetes"
    source = _of_github("pulumi/pulumi-kubernetes", f"v{version}", f"{tool}-v{version}-linux-amd64.tar.gz")
    return Artifact(source, version, ((tool, tool),))


def _istioctl(version: str) -> Artifact:
    # createStandaloneIstioctl in pkg/build/archive.go of istio/release-builder.
    name = f"istioctl-{version}-linux-amd64.tar.gz"
    source = Download(_GITHUB.format("istio/istio", version, name), _sums("istio/istio", version, f"{name}.sha256"))
    return Artifact(source, version, (("istioctl", "istioctl"),))


def _istio(tool: str, image: str) -> Callable[[str], Artifact]:
    # pilot/docker/Dockerfile.pilot and Dockerfile.proxyv2 of istio/istio.
    def artifact(version: str) -> Artifact:
        return Artifact(Image(f"docker.io/istio/{image}", version), version, ((tool, f"usr/local/bin/{tool}"),))

    return artifact


def _registry(version: str) -> Artifact:
    # https://github.com/distribution/distribution/releases: the archive has the program at its top.
    name = f"registry_{version.removeprefix('v')}_linux_amd64.tar.gz"
    return Artifact(_of_github("distribution/distribution", version, name), version, (("registry", "registry"),))


def _of_github(repository: str, tag: str, name: str) -> Download:
    return Download(_GITHUB.format(repository, tag, name), _GITHUB_RELEASE.format(repository, tag), stated="github")


def _sums(repository: str, tag: str, name: str) -> str:
    return _GITHUB.format(repository, tag, name)


_PUBLISHERS: Mapping[str, Callable[[str], Artifact]] = {
    "etcd": _etcd,
    "kwok": _kwok,
    "kubectl": _kubernetes("kubectl"),
    "kube-scheduler": _kubernetes("kube-scheduler"),
    "kube-apiserver": _kubernetes("kube-apiserver"),
    "kube-controller-manager": _kubernetes("kube-controller-manager"),
    "pulumi": _pulumi,
    "pulumi-resource-kubernetes": _provider,
    "istioctl": _istioctl,
    "pilot-discovery": _istio("pilot-discovery", "pilot"),
    "pilot-agent": _istio("pilot-agent", "proxyv2"),
    "registry": _registry,
}
