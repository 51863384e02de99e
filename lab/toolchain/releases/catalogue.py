"""The releases of the lab's tools and files, and the folders of fetched ones."""

import hashlib
import json
import platform
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from lab.toolchain import tool_cache
from lab.toolchain.go_mod import required_version
from lab.toolchain.recipe import Family, ModuleFile
from lab.toolchain.releases import lock, publishers
from lab.toolchain.releases.artifacts import Artifact, ModuleZip


@dataclass(frozen=True)
class FamilyRelease:
    """The releases of a family.

    Attributes:
        folder: Where it is kept, whether that exists or not; only what is whole and checked has its final name there.
        programs: The artifact that has a tool, by tool.
        modules: The Go modules that have the family's files; none if no tool of the family is released.
    """

    folder: Path
    programs: Mapping[str, Artifact]
    modules: tuple[ModuleZip, ...]

    @property
    def files(self) -> Path:
        """The folder of the family's files."""
        return self.folder / tool_cache.FILES


def catalogue(families: Sequence[Family]) -> Mapping[str, FamilyRelease]:
    """Return the releases of each family, by its name.

    Args:
        families: All that belong together: one artifact may have programs of several.
    """
    # Publishers also release for others, but the lab runs on nothing else.
    supported = (sys.platform, platform.machine()) == ("linux", "x86_64")
    versions = {tool.name: tool.version for family in families for tool in family.tools}
    released = {
        name: artifact
        for artifact in (publishers.artifacts(versions) if supported else ())
        for name, _ in artifact.programs
    }
    return {family.name: _release(family, released) for family in families}


def _release(family: Family, released: Mapping[str, Artifact]) -> FamilyRelease:
    programs = {tool.name: released[tool.name] for tool in family.tools if tool.name in released}
    modules = _modules(family) if programs else ()
    pins = lock.committed_digests()
    content = {
        "programs": {name: [asdict(artifact), pins.get(artifact.source.key)] for name, artifact in programs.items()},
        "modules": [asdict(module) for module in modules],
    }
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    return FamilyRelease(tool_cache.root() / f"release-{family.name}-{digest[:12]}", programs, modules)


def _modules(family: Family) -> tuple[ModuleZip, ...]:
    files: dict[str, list[tuple[str, ModuleFile]]] = {}
    for target, file in family.files:
        files.setdefault(file.module, []).append((target, file))
    return tuple(_module(family, module, content) for module, content in files.items())


def _module(family: Family, module: str, content: Sequence[tuple[str, ModuleFile]]) -> ModuleZip:
    version = required_version(family.module, module)
    line = re.search(
        rf"^{re.escape(module)} {re.escape(version)} h1:(\S+)$", (family.module / "go.sum").read_text(), re.MULTILINE
    )
    # Without a line in go.sum nothing that is fetched can match, which says so.
    h1 = line[1] if line else ""
    return ModuleZip(module, version, h1, tuple((target, file.source) for target, file in content))
