"""Makes the lab's tools available: takes installed ones, fetches or builds the rest, and links all in a folder."""

import errno
import hashlib
import json
import os
import shutil
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from lab.errors import LabError
from lab.toolchain import tool_cache
from lab.toolchain.build_report import BuildReport
from lab.toolchain.compiling import complete, files_item
from lab.toolchain.downloads import download_modules
from lab.toolchain.golang import BuildError, free_space, unwind_on_termination
from lab.toolchain.installed_tools import ToolLocation, locate
from lab.toolchain.recipe import Family
from lab.toolchain.releases.catalogue import catalogue
from lab.toolchain.tools import PROVIDER, families, families_of_tests
from support.files import lock_folder

Origin = Literal["auto", "release", "source"]
"""The origin of missing tools: releases if they can be fetched and otherwise source, or one of both alone."""

_ON_DEMAND = """#!/bin/sh
program=$(boutique lab tools --build --path {0}) && exec "$program" "$@"
"""


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


def locate_all() -> list[ToolLocation]:
    """Say where each tool is, those of tests included, without building any."""
    return locate((*families(), *families_of_tests()))


def ensure(
    report: BuildReport,
    only: Collection[str] | None = None,
    choice: Sequence[Family] | None = None,
    origin: Origin = "auto",
) -> Toolchain:
    """Make tools available, fetching or building those that are neither installed nor in the cache.

    Args:
        report: Is called with the progress; not called if nothing is missing.
        only: Names of the tools that are needed; by default all but those made on demand. Files come with their
            family's tools.
        choice: The families to take them from; by default those of the lab, without those that only tests need.
        origin: Where missing tools come from.

    Raises:
        BuildError: A tool could not be built. Those finished before are kept.
        ReleaseError: With `release`, a tool could not be fetched. Those finished before are kept.
        LabError: `only` names a tool that does not exist.
    """
    all_families = families() if choice is None else choice
    names = _names(all_families, only)
    selected = [family for family in all_families if any(tool.name in names for tool in family.tools)]
    try:
        places = _places(all_families, selected)
        missing = _find_missing(all_families, selected, names, places)
        if missing and origin != "source":
            # A command that finds its tools has no use for an HTTP client.
            from lab.toolchain.releases.fetching import fetch

            with unwind_on_termination():
                fetch(all_families, missing, report, required=origin == "release")
            places = _places(all_families, selected)
            missing = _find_missing(all_families, selected, names, places)
        if missing:
            total = len(names) + sum(bool(family.files) for family in selected)
            report.on_missing(missing, total, tool_cache.root())
            done = 0
            with unwind_on_termination(), download_modules(selected, missing):
                for family in selected:
                    done = complete(family, missing, report, done, len(missing))
            places = _places(all_families, selected)
        return _gather(selected, places, _files(all_families))
    except OSError as error:
        free = f" Free: {free_space()}." if error.errno in (errno.ENOSPC, errno.EDQUOT) else ""
        raise BuildError(f"The lab's tools cannot be kept in {tool_cache.root()}: {error}.{free}") from error


def _names(all_families: Sequence[Family], only: Collection[str] | None) -> list[str]:
    tools = [tool for family in all_families for tool in family.tools]
    if only is None:
        return [tool.name for tool in tools if not tool.on_demand]
    names = [tool.name for tool in tools]
    if unknown := sorted(set(only) - set(names)):
        raise LabError(f"No such tool: {', '.join(unknown)}. There are {', '.join(sorted(names))}.")
    return [name for name in names if name in only]


def _places(all_families: Sequence[Family], selected: Sequence[Family]) -> dict[str, ToolLocation]:
    names = {tool.name for family in selected for tool in family.tools}
    return {place.name: place for place in locate(all_families) if place.name in names}


def _find_missing(
    all_families: Sequence[Family],
    selected: Sequence[Family],
    names: Collection[str],
    places: Mapping[str, ToolLocation],
) -> list[str]:
    files = _files(all_families)
    missing = [name for name in names if places[name].path is None]
    return missing + [files_item(family) for family in selected if family.files and not files[family.name].exists()]


def _files(all_families: Sequence[Family]) -> Mapping[str, Path]:
    """Return where the files of each family are: built ones, or fetched ones if there are no built ones."""
    releases = catalogue(all_families)
    folders = {}
    for family in all_families:
        built, fetched = tool_cache.folder(family) / tool_cache.FILES, releases[family.name].files
        folders[family.name] = fetched if fetched.exists() and not built.exists() else built
    return folders


def _gather(selected: Sequence[Family], places: Mapping[str, ToolLocation], folders: Mapping[str, Path]) -> Toolchain:
    """Link the tools in a folder named after its content, so that it never changes while it is in use."""
    plugins = {tool.name for family in selected for tool in family.tools if tool.plugin}
    sources = {name: (place.path, place.origin) for name, place in places.items() if place.path}
    files = {
        target.split("/")[0]: folders[family.name] / target.split("/")[0]
        for family in selected
        for target, _ in family.files
    }
    later = sorted(
        tool.name for family in selected for tool in family.tools if tool.on_demand and tool.name not in sources
    )
    content = json.dumps(
        [sorted((name, str(path)) for name, (path, _) in sources.items()), sorted(map(str, files.values())), later]
    )
    final = tool_cache.root() / f"all-{hashlib.sha256(content.encode()).hexdigest()[:12]}"
    if not final.exists():
        with lock_folder(tool_cache.root(), lambda: None):
            tool_cache.sweep(tool_cache.root())
            part = tool_cache.make_part(tool_cache.root())
            (part / "bin").mkdir()
            (part / "files").mkdir()
            for name, (path, origin) in sources.items():
                if name not in plugins:
                    _place(path, part / "bin" / name, linked=origin == "path")
            for name in later:
                script = part / "bin" / name
                script.write_text(_ON_DEMAND.format(name))
                script.chmod(0o755)
            for name, path in files.items():
                (part / "files" / name).symlink_to(path)
            part.chmod(0o755)
            if not final.exists():
                tool_cache.publish(part, final)
    programs = {name: path if name in plugins else final / "bin" / name for name, (path, _) in sources.items()}
    programs |= {name: final / "bin" / name for name in later}
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
