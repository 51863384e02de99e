"""The units of fetching: the programs of one artifact, or the files of one family."""

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lab.toolchain import tool_cache
from lab.toolchain.releases import archives, checksums, images, lock, mirror
from lab.toolchain.releases.artifacts import Artifact, Download, Image
from lab.toolchain.releases.catalogue import FamilyRelease
from lab.toolchain.releases.download_network import DownloadNetwork
from lab.toolchain.releases.release_errors import ReleaseError

_DOWNLOAD = ".download"


@dataclass(frozen=True)
class ReleasePrograms:
    """Programs of one artifact.

    Attributes:
        artifact: The artifact.
        targets: The tools that are wanted of it, and where each is put.
    """

    artifact: Artifact
    targets: Mapping[str, Path]

    @property
    def name(self) -> str:
        """The name of the artifact or the modules, for messages."""
        return self.artifact.source.name

    @property
    def items(self) -> tuple[str, ...]:
        """The names under which progress is reported."""
        return tuple(self.targets)

    @property
    def urls(self) -> tuple[str, ...]:
        """A URL of each host that is needed, the file's first: publishers redirect that to another host."""
        source = self.artifact.source
        if isinstance(source, Image):
            return (images.registry_url(source),)
        return mirror.resolve_url(source.url), mirror.resolve_url(source.checksums)

    @property
    def is_done(self) -> bool:
        """Whether all of it is there."""
        return all(target.exists() for target in self.targets.values())

    def fetch(self, network: DownloadNetwork, advance: Callable[[int], None]) -> None:
        """Fetch, check and publish the programs.

        Raises:
            ReleaseError: They cannot be fetched, or are refused.
        """
        source = self.artifact.source
        members = {tool: member for tool, member in self.artifact.programs if tool in self.targets}
        with _part(next(iter(self.targets.values())).parent) as part:
            if isinstance(source, Image):
                digest = images.take_programs(source, members, part, advance)
            else:
                digest = _download(source, members, part, network, advance)
            lock.record(source.key, digest)
            for tool, target in self.targets.items():
                (part / tool).chmod(0o755)
                target.parent.mkdir(parents=True, exist_ok=True)
                tool_cache.publish(part / tool, target)


@dataclass(frozen=True)
class Files:
    """The files of one family, out of Go modules.

    Attributes:
        item: The name under which progress is reported.
        release: The release of the family.
    """

    item: str
    release: FamilyRelease

    @property
    def name(self) -> str:
        """The name of the artifact or the modules, for messages."""
        return ", ".join(module.name for module in self.release.modules)

    @property
    def items(self) -> tuple[str, ...]:
        """The names under which progress is reported."""
        return (self.item,)

    @property
    def urls(self) -> tuple[str, ...]:
        """A URL of each host that is needed."""
        return tuple(mirror.module_url(module.module, module.version) for module in self.release.modules)

    @property
    def is_done(self) -> bool:
        """Whether all of it is there."""
        return self.release.files.exists()

    def fetch(self, network: DownloadNetwork, advance: Callable[[int], None]) -> None:
        """Fetch, check and publish the files.

        Raises:
            ReleaseError: They cannot be fetched, or are refused.
        """
        with _part(self.release.folder) as part:
            files = part / tool_cache.FILES
            files.mkdir()
            for module, url in zip(self.release.modules, self.urls, strict=True):
                path = part / _DOWNLOAD
                network.save(url, path, advance)
                if (h1 := checksums.module_h1(path)) != module.h1:
                    raise ReleaseError(f"{module.name} is h1:{h1}, and go.sum has h1:{module.h1}; it is refused")
                archives.take_files(path, f"{module.name}/", dict(module.files), files)
            tool_cache.publish(files, self.release.files)


Job = ReleasePrograms | Files


def _download(
    source: Download, members: Mapping[str, str], part: Path, network: DownloadNetwork, advance: Callable[[int], None]
) -> str:
    digest = checksums.published_digest(source, network.read(mirror.resolve_url(source.checksums)))
    # Before the download: a file that is refused anyway is not worth it.
    lock.check(source.name, source.key, digest)
    path = part / _DOWNLOAD
    actual = network.save(mirror.resolve_url(source.url), path, advance)
    if actual != digest:
        raise ReleaseError(f"{source.name} is {actual}, and its publisher states {digest}; it is refused")
    if "" in members.values():
        path.rename(part / next(iter(members)))
    elif missing := members.keys() - archives.take_programs(path, members, part):
        raise ReleaseError(f"{source.name} has no {', '.join(members[tool] for tool in sorted(missing))}")
    return digest


@contextmanager
def _part(folder: Path) -> Iterator[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    part = tool_cache.make_part(folder)
    try:
        yield part
    finally:
        shutil.rmtree(part, ignore_errors=True)
