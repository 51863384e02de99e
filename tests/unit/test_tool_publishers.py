"""Everything that the lab needs comes from releases, where publishers lay it out as they do."""

import base64
import hashlib
import shutil
from pathlib import Path

import pytest

from lab.toolchain import tools
from lab.toolchain.build import ensure
from lab.toolchain.go_mod import required_version
from lab.toolchain.installed_tools import locate
from lab.toolchain.recipe import Family
from lab.toolchain.releases import mirror
from tests.support.unit.build_reports import RecordedReport
from tests.support.unit.release_programs import publish_programs
from tests.support.unit.release_publishers import Publishers, module_zip, run_publishers


def program(name: str) -> bytes:
    return f"#!/bin/sh\necho {name} of a release\n".encode()


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
    heard = RecordedReport()
    with run_publishers() as publishers:
        monkeypatch.setenv(mirror.VARIABLE, f"http://127.0.0.1:{publishers.port}")
        publish_programs(publishers, versions, program)
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
