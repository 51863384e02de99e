"""Downloads go on where they broke off; what is incomplete is never taken for an image."""

import errno
import json
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from lab.images import image_addition, layer_store
from lab.images.disk_writes import write_back
from lab.images.image_errors import ImagePullError
from lab.images.image_store import ImageStore
from lab.images.pull_progress import PullProgress
from support.registry.repository import Repository
from tests.support.unit.image_builds import archive, image
from tests.support.unit.image_registry_fakes import ImageRegistry
from tests.support.unit.image_stores import APP, BASE, downloads, parts

pytestmark = pytest.mark.usefixtures("docker_folder")


@pytest.mark.parametrize("takes_ranges", [True, False])
def test_a_download_that_breaks_off_goes_on(
    image_registry: ImageRegistry, image_store: ImageStore, takes_ranges: bool
) -> None:
    built = image(archive(("a", os.urandom(5000))), compression="")
    image_registry.push(built, "1")
    image_registry.takes_ranges = takes_ranges
    [layer] = json.loads(built.manifest)["layers"]
    image_registry.breaks = {layer["digest"]: 2 if takes_ranges else 1}
    seen: list[PullProgress] = []
    pulled = image_store.pull(image_registry.reference(), progress=seen.append)
    assert (pulled.layers[0] / "a").stat().st_size == 5000
    half = layer["size"] // 2
    starts = [half, half + (layer["size"] - half) // 2] if takes_ranges else [half]
    assert image_registry.blobs_read[1:] == [
        layer["digest"],
        *(f"{layer['digest']} bytes={start}-" for start in starts),
    ]
    assert seen[-1].transferred == layer["size"]


def test_a_registry_that_keeps_breaking_off_is_an_error_and_the_next_pull_goes_on(
    image_registry: ImageRegistry, image_store: ImageStore, tmp_path: Path
) -> None:
    built = image(archive(("a", os.urandom(100_000))), compression="")
    image_registry.push(built, "1")
    [layer] = json.loads(built.manifest)["layers"]
    image_registry.breaks = {layer["digest"]: 100}
    with pytest.raises(
        ImagePullError, match=f"registry 127.0.0.1:{image_registry.port} breaks off: peer closed"
    ) as caught:
        image_store.pull(image_registry.reference())
    assert caught.value.reason == "ErrImagePull"
    [(name, size)] = downloads(tmp_path / "images").items()
    assert name == layer["digest"].replace(":", "-")
    assert 0 < size < layer["size"]
    assert parts(tmp_path / "images") == []
    image_registry.breaks = {}
    image_registry.requests.clear()
    image_store.pull(image_registry.reference())
    assert image_registry.blobs_read[1:] == [f"{layer['digest']} bytes={size}-"]


@pytest.mark.parametrize("left", [b"damaged", b"x" * 1_000_000])
def test_what_an_earlier_pull_left_is_not_trusted(
    image_registry: ImageRegistry, image_store: ImageStore, tmp_path: Path, left: bytes
) -> None:
    built = image(BASE)
    image_registry.push(built, "1")
    [layer] = json.loads(built.manifest)["layers"]
    path = tmp_path / "images/downloads" / layer["digest"].replace(":", "-")
    path.parent.mkdir(parents=True)
    path.write_bytes(left)
    unfinished = tmp_path / "images/layers" / f".part-{layer['digest'].replace(':', '-')}"
    (unfinished / "tree/folder").mkdir(parents=True)
    (unfinished / "tree/folder").chmod(0)
    assert [path.name for path in image_store.pull(image_registry.reference()).layers[0].iterdir()] == ["etc"]
    assert parts(tmp_path / "images") == []


def test_a_full_disk_leaves_nothing_half_made(
    image_registry: ImageRegistry, image_store: ImageStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image_registry.push(image(BASE, APP), "1")

    def fill(_: BinaryIO, folder: Path, *__: object) -> None:
        folder.mkdir()
        (folder / "half").write_bytes(b"")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(layer_store, "unpack_layer", fill)
        with pytest.raises(ImagePullError, match=r"No space left on device; free some space, .* --prune") as caught:
            image_store.pull(image_registry.reference())
    assert caught.value.reason == "ErrImagePull"
    assert downloads(tmp_path / "images") == {}
    assert list((tmp_path / "images/layers").iterdir()) == []
    assert len(image_store.pull(image_registry.reference()).layers) == 2


def test_a_disk_that_is_full_during_the_download_keeps_nothing_of_it(
    image_registry: ImageRegistry, image_store: ImageStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image_registry.push(image(BASE), "1")

    def fill(_: Repository, digest: str, size: int, path: Path, advance: Callable[[int], object]) -> None:
        path.write_bytes(bytes(size // 2))
        advance(size // 2)
        raise OSError(errno.ENOSPC, f"{os.strerror(errno.ENOSPC)}: {digest}")

    monkeypatch.setattr(Repository, "save_blob", fill)
    with pytest.raises(ImagePullError, match="No space left on device"):
        image_store.pull(image_registry.reference())
    assert downloads(tmp_path / "images") == {}


def test_several_layers_are_fetched_at_once(
    image_registry: ImageRegistry, image_store: ImageStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    together = threading.Barrier(4, timeout=30)
    original = layer_store.unpack_layer

    def meet(*arguments: Any) -> Any:
        together.wait()
        return original(*arguments)

    monkeypatch.setattr(layer_store, "unpack_layer", meet)
    image_registry.push(image(*(archive((str(number), b"")) for number in range(4))), "1")
    assert len(image_store.pull(image_registry.reference()).layers) == 4


def test_two_who_pull_the_same_fetch_it_once(image_registry: ImageRegistry, tmp_path: Path) -> None:
    built = image(BASE, APP)
    image_registry.push(built, "1")
    pulled: list[Any] = []

    def pull() -> None:
        pulled.append(ImageStore(tmp_path / "images").pull(image_registry.reference()))

    threads = [threading.Thread(target=pull) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert pulled == [pulled[0]] * 4
    layers = [layer["digest"] for layer in json.loads(built.manifest)["layers"]]
    assert sorted(name for name in image_registry.blobs_read if name in layers) == sorted(layers)


def test_the_other_layers_stop_when_one_fails(
    image_registry: ImageRegistry, image_store: ImageStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built = image(BASE, *(archive((str(number), b"")) for number in range(20)))
    image_registry.push(built, "1")
    first = json.loads(built.manifest)["layers"][0]["digest"]
    image_registry.refusals[first] = (404, "BLOB_UNKNOWN")
    monkeypatch.setattr(image_addition, "_AT_ONCE", 1)
    with pytest.raises(ImagePullError, match="BLOB_UNKNOWN"):
        image_store.pull(image_registry.reference())
    assert list((tmp_path / "images/layers").glob("sha256-*")) == []


def test_a_layer_has_its_name_only_when_it_is_on_the_disk(
    image_registry: ImageRegistry, image_store: ImageStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image_registry.push(image(BASE), "1")
    layers, seen = tmp_path / "images/layers", []

    def fail(folder: Path) -> None:
        seen.append(sorted(str(path.relative_to(folder)) for path in folder.rglob("*")))
        assert [path.name for path in layers.iterdir()] == [folder.name]
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as patch:
        patch.setattr(layer_store, "write_back", fail)
        with pytest.raises(ImagePullError, match="Input/output error"):
            image_store.pull(image_registry.reference())
    assert seen == [["layer.json", "tree", "tree/etc", "tree/etc/old", "tree/etc/os"]]
    assert list(layers.iterdir()) == []
    assert image_store.pull(image_registry.reference()).layers


def test_writing_back_reports_what_the_system_says(tmp_path: Path) -> None:
    write_back(tmp_path)
    with pytest.raises(FileNotFoundError):
        write_back(tmp_path / "none")
