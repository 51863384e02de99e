"""Everything that the lab needs comes from releases, where publishers lay it out as they do."""

import base64
import hashlib
import json
import shutil
from pathlib import Path

import pytest

from lab.toolchain import tools
from lab.toolchain.build import ensure
from lab.toolchain.found import locate
from lab.toolchain.gomod import required_version
from lab.toolchain.recipe import Family
from lab.toolchain.releases import mirror
from tests.support.unit.build_reports import Heard
from tests.support.unit.release_publishers import Publishers, module_zip, publishing, tar

GITHUB = "github.com/{}/releases/download/{}/{}"
# The release and the paths in it are facts of the publishers; see lab/toolchain/releases/publishers.py.
KUBERNETES = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl")
PULUMI = ("pulumi", "pulumi-language-python", "pulumi-language-python-exec")


def program(name: str) -> bytes:
    return f"#!/bin/sh\necho {name} of a release\n".encode()


def publish_programs(publishers: Publishers, versions: dict[str, str]) -> None:
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


def publish_files(publishers: Publishers, family: Family) -> None:
    """Publish stand-ins for the modules that a family's files are of, and pin them in its go.sum."""
    sums = family.module / "go.sum"
    for module in {taken.module for _, taken in family.files}:
        version = required_version(family.module, module)
        sources = [taken.source for _, taken in family.files if taken.module == module]
        names = [name if "." in name.rpartition("/")[2] else f"{name}/content.yaml" for name in sources]
        files = {name: f"{module} {name}".encode() for name in names}
        prefix = f"{module}@{version}"
        publishers.publish(f"proxy.golang.org/{module}/@v/{version}.zip", module_zip(prefix, files))
        whole = {f"{prefix}/{name}": content for name, content in files.items()}
        lines = "".join(f"{hashlib.sha256(whole[name]).hexdigest()}  {name}\n" for name in sorted(whole))
        h1 = base64.b64encode(hashlib.sha256(lines.encode()).digest()).decode()
        kept = [line for line in sums.read_text().splitlines() if not line.startswith(f"{module} {version} ")]
        sums.write_text("\n".join([*kept, f"{module} {version} h1:{h1}"]) + "\n")


def test_the_whole_toolchain_comes_from_releases(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    modules = tmp_path / "modules"
    shutil.copytree(tools.MODULES, modules)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path / "pulumi"))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    # Neither Go nor an installed tool helps.
    monkeypatch.setenv("PATH", str(tmp_path))
    families = (*tools.families(modules), *tools.families_of_tests(modules))
    versions = {tool.name: tool.version for family in families for tool in family.tools}
    names = sorted(versions.keys() - {"kwokctl"})
    heard = Heard()
    with publishing() as publishers:
        monkeypatch.setenv(mirror.VARIABLE, f"http://127.0.0.1:{publishers.port}")
        publish_programs(publishers, versions)
        for family in families:
            publish_files(publishers, family)
        toolchain = ensure(heard, only=names, choice=families, origin="release")
        tree = {str(path) for path in modules.rglob("*")}
    assert {event[0] for event in heard.events} == {"fetching", "fetched"}
    assert sorted(toolchain.programs) == names
    for name, path in toolchain.programs.items():
        assert path.read_bytes() == program(name)
        assert path.stat().st_mode & 0o111 == 0o111
    assert sorted(path.name for path in toolchain.bin.iterdir()) == sorted(set(names) - {tools.PROVIDER})
    for family in families:
        for target, taken in family.files:
            path = toolchain.files / target
            file = path if path.is_file() else path / "content.yaml"
            assert file.read_text().startswith(f"{taken.module} {taken.source}")
    places = {place.name: place for place in locate(families) if place.name in names}
    assert {place.origin for place in places.values()} == {"release"}
    # The language host comes with the engine, and has its version.
    assert places["pulumi-language-python"].version == versions["pulumi"]
    assert tree == {str(path) for path in modules.rglob("*")}
