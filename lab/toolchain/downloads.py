"""Downloads the Go modules of all families at once, while the first tools are compiled."""

import tempfile
from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from lab.toolchain.compiling import copy_module
from lab.toolchain.golang import start
from lab.toolchain.recipe import Family, GoProgram


@contextmanager
def download_modules(families: Sequence[Family], missing: Collection[str]) -> Iterator[None]:
    """Download the Go modules of the missing tools for as long as the context lasts.

    Nothing waits for it and nothing depends on it: a build downloads what it still lacks, and says what went wrong.
    """
    with ExitStack() as stack:
        for family in families:
            if packages := _packages(family, missing):
                folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="boutique-modules-")))
                copy_module(family, folder)
                for tags, paths in packages.items():
                    # Listing what a package depends on downloads exactly the modules that it is compiled from.
                    stack.enter_context(start(["list", "-e", "-deps", "-tags", tags, *paths], folder))
        yield


def _packages(family: Family, missing: Collection[str]) -> dict[str, list[str]]:
    packages: dict[str, list[str]] = {}
    for tool in family.tools:
        if tool.name in missing and isinstance(tool.recipe, GoProgram):
            packages.setdefault(tool.recipe.tags, []).append(tool.recipe.package)
    return packages
