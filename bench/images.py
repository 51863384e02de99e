"""How fast an image comes out of a registry of this machine and into the cache, beside `tar` on the same layer.

Two images of 100 MB: one with files of 10 MB, as programs are, one with files of 20 kB, as the libraries of scripting
languages are. The latter depends on how fast the file system creates files; `tar` shows that.
Run it from the root of the repository: `PYTHONPATH=. venv/bin/python bench/images.py`.
"""

import gzip
import os
import random
import resource
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from lab.images.image_store import ImageStore
from tests.support.lab import image_registry
from tests.support.lab.image_registry import docker_configuration
from tests.support.unit.image_builds import Built, archive, image

ROUNDS = 3
SIZE = 100 * 10**6
FILE_SIZES = {"files of 10 MB": 10**7, "files of 20 kB": 20_000}
COMPRESSIONS = ("gzip", "zstd")
REPOSITORY = "shop/adservice"


def main() -> None:
    """Measure, and print medians in MB per second of unpacked data."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, image_registry.basic(Path(folder)) as registry:
        os.environ["DOCKER_CONFIG"] = folder
        docker_configuration(Path(folder), registry.name)
        print(f"{f'median of {ROUNDS}, MB/s':<32}{'wall':>8}{'CPU':>8}{'tar -xz':>9}")
        for name, size in FILE_SIZES.items():
            layer = build_layer(size)
            (Path(folder) / "layer.tar.gz").write_bytes(gzip.compress(layer))
            for compression in COMPRESSIONS:
                built: Built = image(layer, compression=compression)
                tag = f"{compression}-{size}"
                registry.push_image(REPOSITORY, tag, built)
                reference = f"{registry.name}/{REPOSITORY}:{tag}"
                pulls, peers = [], []
                for number in range(ROUNDS):
                    store = ImageStore(Path(folder, f"images-{tag}-{number}"))
                    pulls.append(measure(lambda store=store, reference=reference: store.pull(reference)))
                    store.prune()
                    peers.append(measure(lambda: untar(Path(folder))))
                wall, cpu = (statistics.median(column) for column in zip(*pulls, strict=True))
                peer = statistics.median(seconds for seconds, _ in peers)
                rates = "".join(
                    f"{len(layer) / 1e6 / seconds:>{width}.0f}" for seconds, width in ((wall, 8), (cpu, 8), (peer, 9))
                )
                print(f"{f'{name}, {compression}':<32}{rates}")


def build_layer(size: int) -> bytes:
    """Return a layer with files of a size, which compress to about a third as programs do."""
    source = random.Random(1)  # noqa: S311 - the same in every run
    words = [source.randbytes(4) + bytes(8) for _ in range(5000)]
    content = b"".join(source.choices(words, k=size // 12 + 1))[:size]
    return archive(*((f"usr/lib/{number % 50}/{number}", content) for number in range(SIZE // size)))


def untar(folder: Path) -> None:
    """Unpack the layer as `tar` does."""
    with tempfile.TemporaryDirectory(dir=folder) as target:
        subprocess.run(["tar", "-xzf", folder / "layer.tar.gz", "-C", target], check=True)


def measure(action: Callable[[], object]) -> tuple[float, float]:
    """Return the seconds and the CPU seconds that something takes in this process."""
    start, before = time.monotonic(), resource.getrusage(resource.RUSAGE_SELF)
    action()
    after = resource.getrusage(resource.RUSAGE_SELF)
    return time.monotonic() - start, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    main()
