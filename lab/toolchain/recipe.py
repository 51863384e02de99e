"""The recipes of tools, as plain data; `lab.toolchain.tools` fills them in."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class ModuleFile:
    """A file or a folder used as a Go module ships it.

    Attributes:
        module: Path of the module; its version is the one that the family's go.mod selects.
        source: Path inside the module.
    """

    module: str
    source: str


@dataclass(frozen=True)
class EmbeddedDocument:
    """A JSON document that a main package of ours embeds.

    Attributes:
        name: Path below the module's folder, beside the main.go that embeds it.
        file: Where the document comes from.
        version: The value of its `version` field, if it has one.
    """

    name: str
    file: ModuleFile
    version: str | None = None


@dataclass(frozen=True)
class GoProgram:
    """A program compiled from a Go package.

    Attributes:
        package: Import path, or a path below the module's folder for a main package of ours.
        ldflags: The flags of the linker, versions included.
        tags: Build tags, comma-separated.
        embedded: The documents beside a main package of ours.
        not_inlined: Patterns of packages whose functions are not inlined: so large ones compile in half the time.
    """

    package: str
    ldflags: str = "-s -w"
    tags: str = ""
    embedded: tuple[EmbeddedDocument, ...] = ()
    not_inlined: tuple[str, ...] = ()

    def arguments(self, output: str) -> list[str]:
        """Return the arguments of `go` that build the program into the file `output`."""
        tags = ["-tags", self.tags] if self.tags else []
        # The build runs in the user's cache, and a cache inside a git checkout must not end up in the binary. Without
        # debug information the compiler takes 11 % less CPU.
        compiler = ["-gcflags=all=-dwarf=false", *(f"-gcflags={name}=-dwarf=false -l" for name in self.not_inlined)]
        flags = ["-trimpath", "-buildvcs=false", *compiler, *tags, "-ldflags", self.ldflags]
        return ["build", *flags, "-o", output, self.package]


@dataclass(frozen=True)
class VersionQuestion:
    """The command that prints a program's version.

    Attributes:
        arguments: Its arguments.
        answer: Regular expression whose first group is the version in its output.
    """

    arguments: tuple[str, ...]
    answer: str


@dataclass(frozen=True)
class Tool:
    """A program of the lab.

    Attributes:
        name: File name of the program.
        version: The only version that the lab takes.
        recipe: How it is made if no such version is installed.
        question: How an installed one is asked for its version; without it none is looked for on PATH.
        parts: Programs that must lie beside an installed one, and that then are taken from there too.
        plugin: Folder name among Pulumi's plugins, for a program that Pulumi looks for there and not on PATH.
        on_demand: Whether it is made when it is first run: the lab itself does without it.
    """

    name: str
    version: str
    recipe: GoProgram | ModuleFile
    question: VersionQuestion | None = None
    parts: tuple[str, ...] = ()
    plugin: str | None = None
    on_demand: bool = False


@dataclass(frozen=True)
class Family:
    """Tools and files that come out of one Go module of ours, so with one set of pinned dependencies.

    Attributes:
        module: The folder with go.mod and go.sum.
        tools: The tools built there.
        files: Path among the lab's files, and its source.
    """

    module: Path
    tools: tuple[Tool, ...]
    files: tuple[tuple[str, ModuleFile], ...] = ()

    @property
    def name(self) -> str:
        """The family's name, which is its folder's."""
        return self.module.name
