"""Makes the missing tools and files of one family."""

import json
import shutil
import time
from collections.abc import Collection
from pathlib import Path

from lab.toolchain import tool_cache
from lab.toolchain.build_report import BuildReport
from lab.toolchain.golang import BuildError, go
from lab.toolchain.recipe import Family, GoProgram, ModuleFile, Tool
from support.files import lock_folder


def files_item(family: Family) -> str:
    """Return the name under which progress is reported for the family's files."""
    return f"files of {family.name}"


def complete(family: Family, items: Collection[str], report: BuildReport, done: int, total: int) -> int:
    """Make those of a family's items that are still missing, once no other process builds the family.

    Args:
        family: The family.
        items: Names of tools and possibly `files_item(family)`; names of other families are ignored.
        report: Is called for each item.
        done: How many items of all families are finished.
        total: How many there are.

    Returns:
        How many items are finished now.
    """
    folder = tool_cache.folder(family)
    makers = {tool.name: tool for tool in family.tools if tool.name in items}
    wants_files = files_item(family) in items
    if not makers and not wants_files:
        return done
    with lock_folder(folder, lambda: report.on_waiting(family.name)):
        tool_cache.sweep(folder)
        try:
            for name, tool in makers.items():
                if not (folder / name).exists():
                    report.on_started(name, done, total)
                    start = time.monotonic()
                    _make_tool(family, tool, folder)
                    report.on_finished(name, time.monotonic() - start)
                done += 1
            if wants_files:
                if not (folder / tool_cache.FILES).exists():
                    report.on_started(files_item(family), done, total)
                    start = time.monotonic()
                    _make_files(family, folder)
                    report.on_finished(files_item(family), time.monotonic() - start)
                done += 1
        finally:
            tool_cache.sweep(folder)
    return done


def copy_module(family: Family, folder: Path) -> None:
    """Copy the family's module to where Go may write beside it: tracked files must not change."""
    for source in tool_cache.sources(family):
        copy = folder / source.relative_to(family.module)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, copy)


def _make_tool(family: Family, tool: Tool, folder: Path) -> None:
    work, log = _workplace(family, folder, tool.name)
    # Outside of the module's own files, so that no name collides.
    program = tool_cache.make_part(folder) / tool.name
    if isinstance(tool.recipe, GoProgram):
        for document in tool.recipe.embedded:
            content = json.loads(_source(document.file, tool.name, work, log).read_bytes())
            if document.version is not None:
                content["version"] = document.version
            (work / document.name).write_text(json.dumps(content, separators=(",", ":")))
        go(tool.name, tool.recipe.arguments(str(program)), work, log)
    else:
        shutil.copyfile(_source(tool.recipe, tool.name, work, log), program)
    program.chmod(0o755)
    tool_cache.publish(program, folder / tool.name)


def _make_files(family: Family, folder: Path) -> None:
    work, log = _workplace(family, folder, tool_cache.FILES)
    part = tool_cache.make_part(folder)
    for target, source_in_module in family.files:
        source = _source(source_in_module, files_item(family), work, log)
        for file in [source] if source.is_file() else sorted(source.rglob("*")):
            if file.is_file():
                copy = part / target / file.relative_to(source)
                copy.parent.mkdir(parents=True, exist_ok=True)
                # Content only: modules are kept read-only, and a read-only folder is hard to remove.
                shutil.copyfile(file, copy)
    part.chmod(0o755)
    tool_cache.publish(part, folder / tool_cache.FILES)


def _workplace(family: Family, folder: Path, item: str) -> tuple[Path, Path]:
    work = tool_cache.make_part(folder)
    copy_module(family, work)
    log = folder / f"{item}.log"
    log.write_bytes(b"")
    return work, log


def _source(file: ModuleFile, item: str, work: Path, log: Path) -> Path:
    go(item, ["mod", "download", file.module], work, log)
    source = Path(go(item, ["list", "-m", "-f", "{{.Dir}}", file.module], work, log).strip()) / file.source
    if not source.exists():
        raise BuildError(f"{item} could not be made: the selected version of {file.module} has no {file.source}.")
    return source
