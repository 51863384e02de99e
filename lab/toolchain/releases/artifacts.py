"""The artifacts of publishers: their URLs, their checksums, and the paths of the programs in them."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Download:
    """A file at a URL.

    Attributes:
        url: The file: a program, or a tar archive.
        checksums: Where its publisher states its SHA-256.
        stated: `sums` for lines as `sha256sum` prints them, or a lone checksum; `github` for the JSON in which GitHub
            states the digest of each file of a release, for publishers that state none:
            https://docs.github.com/en/rest/releases/releases#get-a-release-by-tag-name
    """

    url: str
    checksums: str
    stated: Literal["sums", "github"] = "sums"

    @property
    def name(self) -> str:
        """The file's name."""
        return self.url.rpartition("/")[2]

    @property
    def key(self) -> str:
        """The name under which locks keep its digest, the same for every mirror."""
        return self.url


@dataclass(frozen=True)
class Image:
    """A container image, of which each part is named by its digest.

    Attributes:
        repository: With its registry, such as `docker.io/istio/pilot`.
        tag: The release.
    """

    repository: str
    tag: str

    @property
    def name(self) -> str:
        """The reference."""
        return f"{self.repository}:{self.tag}"

    @property
    def key(self) -> str:
        """The name under which locks keep its digest, the same for every mirror."""
        return self.name


@dataclass(frozen=True)
class Artifact:
    """One release of one or more programs.

    Attributes:
        source: Where it is.
        version: The programs' version.
        programs: Tool, and its path in the archive or the image; an empty path if the file is the program.
    """

    source: Download | Image
    version: str
    programs: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class ModuleZip:
    """A Go module as module proxies serve it; go.sum pins its content.

    Attributes:
        module: Its path.
        version: Its version.
        h1: The checksum in go.sum, without `h1:`.
        files: Path among the lab's files, and the file or folder of the module that is put there.
    """

    module: str
    version: str
    h1: str
    files: tuple[tuple[str, str], ...]

    @property
    def name(self) -> str:
        """Module and version."""
        return f"{self.module}@{self.version}"
