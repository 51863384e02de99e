"""Images come from a registry into the cache, once, and are found there."""

import json
from pathlib import Path

import pytest

from lab.images.image_store import ImageStore
from lab.images.pull_progress import PullProgress
from lab.images.unpacked_image import ImageConfig
from tests.support.unit.image_builds import archive, digest, image, index
from tests.support.unit.image_registry_fakes import ImageRegistry
from tests.support.unit.image_stores import APP, BASE, OTHER_ARCHITECTURE, downloads, parts

pytestmark = pytest.mark.usefixtures("docker_folder")


@pytest.mark.parametrize("compression", ["", "gzip", "zstd"])
def test_an_image_is_pulled_once_and_found_afterwards(
    image_registry: ImageRegistry, image_store: ImageStore, tmp_path: Path, compression: str
) -> None:
    config = {
        "Entrypoint": ["/app"],
        "Cmd": ["--port", "80"],
        "Env": ["PATH=/bin", "EMPTY=", "URL=a=b"],
        "WorkingDir": "/srv",
        "User": "1000:1000",
        "StopSignal": "SIGINT",
    }
    built = image(BASE, APP, compression=compression, config=config)
    image_registry.push(built, "1")
    assert image_store.find(image_registry.reference()) is None
    seen: list[PullProgress] = []
    pulled = image_store.pull(image_registry.reference(), progress=seen.append)
    assert pulled.digest == built.digest
    assert pulled.config == ImageConfig(
        entrypoint=("/app",),
        command=("--port", "80"),
        environment={"PATH": "/bin", "EMPTY": "", "URL": "a=b"},
        working_folder="/srv",
        user="1000:1000",
        stop_signal="SIGINT",
    )
    base, app = pulled.layers
    assert (base / "etc/os").read_bytes() == b"base"
    assert (app / "app").read_bytes() == b"an app" * 1000
    size = sum(
        len(blob) for name, blob in built.blobs.items() if name in json.dumps(json.loads(built.manifest)["layers"])
    )
    assert seen[-1] == PullProgress(
        reference=image_registry.reference(),
        layers=2,
        finished=2,
        size=size,
        transferred=size,
        unpacked=len(BASE) + len(APP),
    )
    assert ImageStore(tmp_path / "images").find(image_registry.reference()) == pulled
    assert image_store.find(image_registry.reference(f"@{built.digest}")) == pulled
    assert image_store.find(image_registry.reference(f":2@{built.digest}")) == pulled
    image_registry.requests.clear()
    assert image_store.pull(image_registry.reference()) == pulled
    assert image_registry.requests == ["manifests/1"]
    assert parts(tmp_path / "images") == []
    assert downloads(tmp_path / "images") == {}


def test_what_an_image_does_not_say_has_the_usual_defaults(
    image_registry: ImageRegistry, image_store: ImageStore
) -> None:
    image_registry.push(image(BASE), "latest")
    config = image_store.pull(image_registry.reference("")).config
    assert config == ImageConfig(
        entrypoint=(), command=(), environment={}, working_folder="/", user="", stop_signal="SIGTERM"
    )


def test_layers_are_shared_whatever_their_compression(image_registry: ImageRegistry, image_store: ImageStore) -> None:
    image_registry.push(image(BASE, APP), "1")
    other = image(BASE, archive(("b", b"")), compression="zstd")
    image_registry.push(other, "2")
    first = image_store.pull(image_registry.reference(":1"))
    image_registry.requests.clear()
    second = image_store.pull(image_registry.reference(":2"))
    assert first.layers[0] == second.layers[0]
    # The configuration and the other layer.
    assert len(image_registry.blobs_read) == 2


def test_a_tag_that_moves_is_followed_when_it_is_pulled(image_registry: ImageRegistry, image_store: ImageStore) -> None:
    image_registry.push(image(BASE), "1")
    before = image_store.pull(image_registry.reference())
    image_registry.push(image(APP), "1")
    assert image_store.find(image_registry.reference()) == before
    after = image_store.pull(image_registry.reference())
    assert image_store.find(image_registry.reference()) == after != before
    assert [stored.references for stored in image_store.images()] == [(), (image_registry.reference(),)]


def test_of_an_index_the_image_for_this_machine_is_taken(
    image_registry: ImageRegistry, image_store: ImageStore
) -> None:
    from lab.images.image_manifest import architecture

    own, other = image(BASE), image(APP, platform={"architecture": OTHER_ARCHITECTURE})
    content = index((other, OTHER_ARCHITECTURE), (own, architecture()))
    image_registry.push(other)
    image_registry.push(own, "1", digest(content), content=content)
    pulled = image_store.pull(image_registry.reference())
    assert pulled.digest == own.digest
    assert image_store.pull(image_registry.reference(f"@{digest(content)}")) == pulled
    for tag in ("", ":other"):
        assert image_store.find(image_registry.reference(f"{tag}@{digest(content)}")) == pulled


def test_a_layer_that_hides_everything_is_the_lowest_that_is_mounted(
    image_registry: ImageRegistry, image_store: ImageStore
) -> None:
    image_registry.push(image(BASE, archive((".wh..wh..opq", b""), ("new", b"")), APP), "1")
    new, app = image_store.pull(image_registry.reference()).layers
    assert [path.name for path in new.iterdir()] == ["new"]
    assert (app / "app").exists()
