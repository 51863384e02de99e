"""Makes the lab's tools available: takes what is there, builds what is missing, once, and gathers all in one folder."""

import errno
import hashlib
import json
import os
import shutil
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lab.errors import LabError
from lab.toolchain import toolcache
from lab.toolchain.compiling import complete, files_item
from lab.toolchain.found import Located, locate
from lab.toolchain.golang import BuildError, free_space, terminable
from lab.toolchain.recipe import Family
from lab.toolchain.report import Report
from lab.toolchain.tools import PROVIDER, families, families_of_tests


@dataclass(frozen=True)
class Toolchain:
    """The tools, ready to be used.

    Attributes:
        bin: A folder for PATH with exactly the tools, except Pulumi's plugins.
        files: The folder of the files that come with the tools: `kwok/`, `istio/`, `gateway-api/`.
        programs: Every tool by its name, plugins included.
    """

    bin: Path
    files: Path
    programs: Mapping[str, Path]

    def path(self, name: str) -> Path:
        """Return the program of a tool."""
        return self.programs[name]

    @property
    def provider(self) -> Path:
        """The Kubernetes provider, which belongs among Pulumi's plugins: Pulumi warns of one that it finds on PATH."""
        return self.programs[PROVIDER]


def located() -> list[Located]:
    """Say where each tool is, those of tests included, without building any."""
    return locate((*families(), *families_of_tests()))


def ensure(report: Report, only: Collection[str] | None = None, choice: Sequence[Family] | None = None) -> Toolchain:
    """Make tools available, building those that are neither installed nor built yet.

    Args:
        report: Hears how a build goes on; not called if there is nothing to build.
        only: Names of the tools that are needed; all of them by default. Files come with their family's tools.
        choice: The families to take them from; by default those of the lab, without those that only tests need.

    Raises:
        BuildError: A tool could not be built. Those finished before are kept.
        LabError: `only` names a tool that does not exist.
    """
    every = families() if choice is None else choice
    names = _names(every, only)
    chosen = [family for family in every if any(tool.name in names for tool in family.tools)]
    try:
        places = _places(every, names)
        missing = [name for name, place in places.items() if place.path is None]
        missing += [files_item(family) for family in chosen if family.files and not _files(family).exists()]
        if missing:
            total = len(names) + sum(bool(family.files) for family in chosen)
            report.missing(missing, total, toolcache.root())
            done = 0
            with terminable():
                for family in chosen:
                    done = complete(family, missing, report, done, len(missing))
            places = _places(every, names)
        return _gather(chosen, places)
    except OSError as error:
        free = f" Free: {free_space()}." if error.errno in (errno.ENOSPC, errno.EDQUOT) else ""
        raise BuildError(f"The lab's tools cannot be kept in {toolcache.root()}: {error}.{free}") from error


def _names(every: Sequence[Family], only: Collection[str] | None) -> list[str]:
    names = [tool.name for family in every for tool in family.tools]
    if only is None:
        return names
    if unknown := sorted(set(only) - set(names)):
        raise LabError(f"No such tool: {', '.join(unknown)}. There are {', '.join(sorted(names))}.")
    return [name for name in names if name in only]


def _places(every: Sequence[Family], names: Collection[str]) -> dict[str, Located]:
    return {place.name: place for place in locate(every) if place.name in names}


def _files(family: Family) -> Path:
    return toolcache.folder(family) / toolcache.FILES


def _gather(chosen: Sequence[Family], places: Mapping[str, Located]) -> Toolchain:
    """Collect the tools in a folder named after what is in it, so that it never changes under who uses it."""
    plugins = {tool.name for family in chosen for tool in family.tools if tool.plugin}
    sources = {name: (place.path, place.origin) for name, place in places.items() if place.path}
    files = {
        target.split("/")[0]: _files(family) / target.split("/")[0] for family in chosen for target, _ in family.files
    }
    content = json.dumps(
        [sorted((name, str(path)) for name, (path, _) in sources.items()), sorted(map(str, files.values()))]
    )
    final = toolcache.root() / f"all-{hashlib.sha256(content.encode()).hexdigest()[:12]}"
    if not final.exists():
        with toolcache.locked(toolcache.root(), lambda: None):
            toolcache.sweep(toolcache.root())
            part = toolcache.make_part(toolcache.root())
            (part / "bin").mkdir()
            (part / "files").mkdir()
            for name, (path, origin) in sources.items():
                if name not in plugins:
                    _place(path, part / "bin" / name, linked=origin == "path")
            for name, path in files.items():
                (part / "files" / name).symlink_to(path)
            part.chmod(0o755)
            if not final.exists():
                toolcache.publish(part, final)
    programs = {name: path if name in plugins else final / "bin" / name for name, (path, _) in sources.items()}
    return Toolchain(final / "bin", final / "files", programs)


def _place(source: Path, entry: Path, *, linked: bool) -> None:
    # Pulumi's engine and language host look for their parts beside the file they run from, symbolic links resolved: the
    # built ones must really lie here, while an installed one has its parts beside it at home.
    if linked:
        entry.symlink_to(source)
        return
    try:
        os.link(source, entry)
    except OSError:
        shutil.copy2(source, entry)
