"""Locates the tools: built or fetched earlier, on PATH, or among Pulumi's plugins."""

import json
import os
import re
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from lab.toolchain import tool_cache
from lab.toolchain.recipe import Family, Tool, VersionQuestion
from lab.toolchain.releases.catalogue import FamilyRelease, catalogue
from support.files import replace_file

_PATIENCE = 10.0


@dataclass(frozen=True)
class ToolLocation:
    """The location of a tool.

    Attributes:
        name: The tool's name.
        version: Its version there, or the one that would be built.
        origin: `cache` was built by the lab, `release` was fetched from its publisher, `path` is installed on PATH,
            `plugin` is among Pulumi's plugins.
        path: The program, or None if it is missing.
    """

    name: str
    version: str
    origin: Literal["cache", "release", "path", "plugin", "missing"]
    path: Path | None


def locate(families: Sequence[Family]) -> list[ToolLocation]:
    """Say where each tool is, building nothing.

    A tool that the lab has built or fetched comes first: it is looked up without starting a program, which keeps every
    command of the lab quick, and it does not depend on the user's PATH. PATH is searched only for the rest.
    """
    owners = {part: tool.name for family in families for tool in family.tools for part in tool.parts}
    tools: dict[str, ToolLocation] = {}
    releases = catalogue(families)
    for family in families:
        folder = tool_cache.folder(family)
        for tool in family.tools:
            owner = tools.get(owners.get(tool.name, ""))
            if owner and owner.path and owner.origin == "path":
                tools[tool.name] = ToolLocation(tool.name, owner.version, "path", owner.path.parent / tool.name)
            else:
                tools[tool.name] = _locate(tool, folder / tool.name, releases[family.name])
    return list(tools.values())


def _locate(tool: Tool, built: Path, release: FamilyRelease) -> ToolLocation:
    if built.exists():
        return ToolLocation(tool.name, tool.version, "cache", built)
    if tool.name in release.programs and (fetched := release.folder / tool.name).exists():
        return ToolLocation(tool.name, release.programs[tool.name].version, "release", fetched)
    if plugin := _find_plugin(tool):
        return ToolLocation(tool.name, tool.version, "plugin", plugin)
    if installed := _find_installed(tool):
        return ToolLocation(tool.name, tool.version, "path", installed)
    return ToolLocation(tool.name, tool.version, "missing", None)


def _find_plugin(tool: Tool) -> Path | None:
    if tool.plugin is None:
        return None
    folder = Path(os.environ.get("PULUMI_HOME") or Path.home() / ".pulumi") / "plugins"
    program = folder / tool.plugin / tool.name
    # Pulumi keeps this file beside the plugin's folder for as long as it unpacks the plugin.
    unfinished = (folder / f"{tool.plugin}.partial").exists()
    return program if _runnable(program) and not unfinished else None


def _find_installed(tool: Tool) -> Path | None:
    if tool.question is None:
        return None
    for folder in _path():
        program = folder / tool.name
        if all(_runnable(folder / name) for name in (tool.name, *tool.parts)) and (
            _version(program, tool.question).removeprefix("v") == tool.version.removeprefix("v")
        ):
            return program
    return None


def _path() -> Iterator[Path]:
    cache = tool_cache.root().resolve()
    for folder in map(Path, os.environ.get("PATH", "").split(os.pathsep)):
        # An empty or relative entry means another folder with every `cd`.
        if folder.is_absolute() and not folder.resolve().is_relative_to(cache):
            yield folder


def _runnable(program: Path) -> bool:
    return program.is_file() and os.access(program, os.X_OK)


def _version(program: Path, question: VersionQuestion) -> str:
    """Ask a program for its version, or remember its answer if the file has not changed; empty if it has none."""
    status = program.stat()
    identity = [status.st_ino, status.st_size, status.st_mtime_ns, *question.arguments, question.answer]
    answers = _answers()
    remembered = answers.get(str(program))
    if isinstance(remembered, dict) and remembered.get("identity") == identity:
        return str(remembered.get("version", ""))
    # A program that does not answer is asked again: it may only have been slow.
    if version := _ask(program, question):
        # A cache that cannot be written costs time and nothing else.
        with suppress(OSError):
            _remember({**answers, str(program): {"identity": identity, "version": version}})
    return version


def _ask(program: Path, question: VersionQuestion) -> str:
    environment = {**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true"}
    try:
        answer = subprocess.run(
            [program, *question.arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_PATIENCE,
            check=True,
            env=environment,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    match = re.search(question.answer, answer.stdout.decode(errors="replace"), re.MULTILINE)
    return match[1] if match else ""


def _answers() -> dict[str, object]:
    try:
        answers = json.loads((tool_cache.root() / "answers.json").read_text())
    except (OSError, ValueError):
        return {}
    return answers if isinstance(answers, dict) else {}


def _remember(answers: dict[str, object]) -> None:
    folder = tool_cache.root()
    folder.mkdir(parents=True, exist_ok=True)
    replace_file(folder / "answers.json", json.dumps(answers))
