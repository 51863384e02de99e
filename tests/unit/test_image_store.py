"""Images come from a registry into the cache: complete and checked, or not at all."""

import errno
import json
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from lab.images import image_addition, layer_store
from lab.images.image_errors import ImagePullError
from lab.images.image_store import ImageStore
from lab.images.pull_progress import PullProgress
from lab.images.unpacked_image import ImageConfig
from support.registry.pull_secret import CONFIGURATION_KEY, PullSecret
from support.registry.repository import Repository
from tests.support.unit.image_builds import OCI_LAYER, archive, descriptor, digest, folder, image, index
from tests.support.unit.image_registry_fakes import ImageRegistry, image_registry
from tests.support.unit.registry_fakes import BASIC, SECRET

BASE = archive(folder("etc"), ("etc/os", b"base"), ("etc/old", b""))
APP = archive(("app", b"an app" * 1000), ("etc/.wh.old", b""))
OTHER_ARCHITECTURE = "s390x"


@pytest.fixture(autouse=True)
def configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    (tmp_path / "docker").mkdir()
    return tmp_path / "docker"


@pytest.fixture
def registry() -> Iterator[ImageRegistry]:
    with image_registry() as running:
        yield running


@pytest.fixture
def store(tmp_path: Path) -> ImageStore:
    return ImageStore(tmp_path / "images")


def parts(tmp_path: Path) -> list[str]:
    """What is unfinished in the cache."""
    root = tmp_path / "images"
    return sorted(path.name for folder in ("layers", "downloads") for path in (root / folder).glob("*part*"))


def downloads(tmp_path: Path) -> dict[str, int]:
    return {path.name: path.stat().st_size for path in (tmp_path / "images/downloads").glob("*")}


@pytest.mark.parametrize("compression", ["", "gzip", "zstd"])
def test_an_image_is_pulled_once_and_found_afterwards(
    registry: ImageRegistry, store: ImageStore, tmp_path: Path, compression: str
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
    registry.push(built, "1")
    assert store.find(registry.reference()) is None
    seen: list[PullProgress] = []
    pulled = store.pull(registry.reference(), progress=seen.append)
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
        reference=registry.reference(),
        layers=2,
        finished=2,
        size=size,
        transferred=size,
        unpacked=len(BASE) + len(APP),
    )
    assert ImageStore(tmp_path / "images").find(registry.reference()) == pulled
    assert store.find(registry.reference(f"@{built.digest}")) == pulled
    assert store.find(registry.reference(f":2@{built.digest}")) == pulled
    registry.requests.clear()
    assert store.pull(registry.reference()) == pulled
    assert registry.requests == ["manifests/1"]
    assert parts(tmp_path) == []
    assert downloads(tmp_path) == {}


def test_what_an_image_does_not_say_has_the_usual_defaults(registry: ImageRegistry, store: ImageStore) -> None:
    registry.push(image(BASE), "latest")
    config = store.pull(registry.reference("")).config
    assert config == ImageConfig(
        entrypoint=(), command=(), environment={}, working_folder="/", user="", stop_signal="SIGTERM"
    )


def test_layers_are_shared_whatever_their_compression(registry: ImageRegistry, store: ImageStore) -> None:
    registry.push(image(BASE, APP), "1")
    other = image(BASE, archive(("b", b"")), compression="zstd")
    registry.push(other, "2")
    first = store.pull(registry.reference(":1"))
    registry.requests.clear()
    second = store.pull(registry.reference(":2"))
    assert first.layers[0] == second.layers[0]
    # The configuration and the other layer.
    assert len(registry.blobs_read) == 2


def test_a_tag_that_moves_is_followed_when_it_is_pulled(registry: ImageRegistry, store: ImageStore) -> None:
    registry.push(image(BASE), "1")
    before = store.pull(registry.reference())
    registry.push(image(APP), "1")
    assert store.find(registry.reference()) == before
    after = store.pull(registry.reference())
    assert store.find(registry.reference()) == after != before
    assert [stored.references for stored in store.images()] == [(), (registry.reference(),)]


def test_of_an_index_the_image_for_this_machine_is_taken(registry: ImageRegistry, store: ImageStore) -> None:
    from lab.images.image_manifest import architecture

    own, other = image(BASE), image(APP, platform={"architecture": OTHER_ARCHITECTURE})
    content = index((other, OTHER_ARCHITECTURE), (own, architecture()))
    registry.push(other)
    registry.push(own, "1", digest(content), content=content)
    pulled = store.pull(registry.reference())
    assert pulled.digest == own.digest
    assert store.pull(registry.reference(f"@{digest(content)}")) == pulled
    for tag in ("", ":other"):
        assert store.find(registry.reference(f"{tag}@{digest(content)}")) == pulled


def test_a_layer_that_hides_everything_is_the_lowest_that_is_mounted(
    registry: ImageRegistry, store: ImageStore
) -> None:
    registry.push(image(BASE, archive((".wh..wh..opq", b""), ("new", b"")), APP), "1")
    new, app = store.pull(registry.reference()).layers
    assert [path.name for path in new.iterdir()] == ["new"]
    assert (app / "app").exists()


def other_platform(registry: ImageRegistry) -> None:
    registry.push(image(BASE, platform={"architecture": OTHER_ARCHITECTURE}), "1")


def index_without_ours(registry: ImageRegistry) -> None:
    other = image(BASE, platform={"architecture": OTHER_ARCHITECTURE})
    registry.push(other, "1", content=index((other, OTHER_ARCHITECTURE), (image(APP), "unknown")))


def schema_1(registry: ImageRegistry) -> None:
    registry.manifests["1"] = b'{"schemaVersion": 1, "name": "shop/ads", "fsLayers": []}'


def foreign_layer(registry: ImageRegistry) -> None:
    kind = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"
    registry.push(image(BASE, changed={"layers": [descriptor(b"", kind)]}), "1")


def unknown_layer(registry: ImageRegistry) -> None:
    registry.push(image(BASE, changed={"layers": [descriptor(b"", f"{OCI_LAYER}+gzip+encrypted")]}), "1")


def artifact(registry: ImageRegistry) -> None:
    kind = "application/vnd.cncf.helm.config.v1+json"
    registry.push(image(BASE, changed={"config": descriptor(b"{}", kind)}), "1")


def bad_layer(registry: ImageRegistry) -> None:
    built = image(BASE)
    registry.push(built, "1")
    [layer] = json.loads(built.manifest)["layers"]
    registry.blobs[layer["digest"]] = b"x" * layer["size"]


def long_layer(registry: ImageRegistry) -> None:
    built = image(BASE)
    registry.push(built, "1")
    [layer] = json.loads(built.manifest)["layers"]
    registry.blobs[layer["digest"]] += b"x"


def bad_diff_id(registry: ImageRegistry) -> None:
    other = image(APP, compression="")
    layers = json.loads(other.manifest)["layers"]
    registry.push(other)
    registry.push(image(BASE, compression="", changed={"layers": layers}), "1")


def fewer_layers(registry: ImageRegistry) -> None:
    registry.push(image(BASE, APP, changed={"layers": []}), "1")


def bad_digest(registry: ImageRegistry) -> None:
    registry.push(image(BASE, changed={"layers": [{"mediaType": OCI_LAYER, "digest": "md5:1", "size": 1}]}), "1")


def bad_size(registry: ImageRegistry) -> None:
    layer = {"mediaType": OCI_LAYER, "digest": digest(b""), "size": -1}
    registry.push(image(BASE, changed={"layers": [layer]}), "1")


def many_layers(registry: ImageRegistry) -> None:
    registry.push(image(BASE, changed={"layers": [descriptor(b"", OCI_LAYER)] * 501}), "1")


def nothing(registry: ImageRegistry) -> None:
    assert not registry.manifests


def missing_blob(registry: ImageRegistry) -> None:
    built = image(BASE)
    registry.push(built, "1")
    registry.refusals[json.loads(built.manifest)["layers"][0]["digest"]] = (404, "BLOB_UNKNOWN")


def denied(registry: ImageRegistry) -> None:
    registry.refusals["1"] = (403, "DENIED")


BAD = {
    other_platform: f"it is for linux/{OTHER_ARCHITECTURE}, this machine is linux/",
    index_without_ours: f"no image for linux/.*, this machine's platform, only for linux/{OTHER_ARCHITECTURE}, linux/",
    schema_1: "gives '1' of shop/ads a manifest of schema 1, which is not supported",
    foreign_layer: r"it has a foreign layer \(application/vnd.docker.image.rootfs.foreign.diff.tar.gzip\)",
    unknown_layer: "a layer of the unknown type 'application/vnd.oci.image.layer.v1.tar\\+gzip\\+encrypted'",
    artifact: "it is no container image: its configuration is of type 'application/vnd.cncf.helm.config",
    bad_layer: "gives shop/ads@sha256:.* the content of sha256:",
    long_layer: "sends more of shop/ads@sha256:.* than the .* bytes that the manifest names",
    bad_diff_id: f"its layer {digest(BASE)} has the content of {digest(APP)}",
    fewer_layers: "its manifest has 0 layers, its configuration 2",
    bad_digest: "names a blob by 'md5:1', which is no digest of SHA-256",
    bad_size: "its manifest has -1 as the size of blob sha256:",
    many_layers: "it has 501 layers; 500 are the most that can be mounted",
    nothing: r"has no tag '1' of shop/ads, or no such repository \(MANIFEST_UNKNOWN: manifest unknown\)",
    missing_blob: r"404 \(BLOB_UNKNOWN: in its own words\)",
    denied: r"does not let the repository shop/ads be read \(DENIED: in its own words\)",
}


@pytest.mark.parametrize("make", BAD, ids=lambda make: make.__name__)
def test_an_unusable_image_is_an_error_that_says_why(
    registry: ImageRegistry, store: ImageStore, tmp_path: Path, make: Any
) -> None:
    make(registry)
    with pytest.raises(ImagePullError, match=BAD[make]) as caught:
        store.pull(registry.reference())
    assert caught.value.reason == "ErrImagePull"
    assert caught.value.text == str(caught.value)
    assert store.find(registry.reference()) is None
    assert store.images() == ()
    assert parts(tmp_path) == []
    assert downloads(tmp_path) == {}


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("", "a repository is"),
        ("Shop/Ads:1", "a repository is"),
        ("registry.example/shop//ads", "a repository is"),
        ("shop:", "its tag '' has to be"),
        ("shop:a b", "its tag 'a b' has to be"),
        ("shop@sha256:1", "its digest 'sha256:1' is not"),
        ("shop@", "its digest '' is not"),
        ("https://registry.example/shop", "a repository is"),
    ],
)
def test_what_is_no_reference_is_an_invalid_name(store: ImageStore, reference: str, message: str) -> None:
    for ask in (store.find, store.pull):
        with pytest.raises(ImagePullError, match=message) as caught:
            ask(reference)
        assert caught.value.reason == "InvalidImageName"


@pytest.mark.parametrize("takes_ranges", [True, False])
def test_a_download_that_breaks_off_goes_on(registry: ImageRegistry, store: ImageStore, takes_ranges: bool) -> None:
    built = image(archive(("a", os.urandom(5000))), compression="")
    registry.push(built, "1")
    registry.takes_ranges = takes_ranges
    [layer] = json.loads(built.manifest)["layers"]
    registry.breaks = {layer["digest"]: 2 if takes_ranges else 1}
    seen: list[PullProgress] = []
    pulled = store.pull(registry.reference(), progress=seen.append)
    assert (pulled.layers[0] / "a").stat().st_size == 5000
    half = layer["size"] // 2
    starts = [half, half + (layer["size"] - half) // 2] if takes_ranges else [half]
    assert registry.blobs_read[1:] == [layer["digest"], *(f"{layer['digest']} bytes={start}-" for start in starts)]
    assert seen[-1].transferred == layer["size"]


def test_a_registry_that_keeps_breaking_off_is_an_error_and_the_next_pull_goes_on(
    registry: ImageRegistry, store: ImageStore, tmp_path: Path
) -> None:
    built = image(archive(("a", os.urandom(100_000))), compression="")
    registry.push(built, "1")
    [layer] = json.loads(built.manifest)["layers"]
    registry.breaks = {layer["digest"]: 100}
    with pytest.raises(ImagePullError, match=f"registry 127.0.0.1:{registry.port} breaks off: peer closed") as caught:
        store.pull(registry.reference())
    assert caught.value.reason == "ErrImagePull"
    [(name, size)] = downloads(tmp_path).items()
    assert name == layer["digest"].replace(":", "-")
    assert 0 < size < layer["size"]
    assert parts(tmp_path) == []
    registry.breaks = {}
    registry.requests.clear()
    store.pull(registry.reference())
    assert registry.blobs_read[1:] == [f"{layer['digest']} bytes={size}-"]


@pytest.mark.parametrize("left", [b"damaged", b"x" * 1_000_000])
def test_what_an_earlier_pull_left_is_not_trusted(
    registry: ImageRegistry, store: ImageStore, tmp_path: Path, left: bytes
) -> None:
    built = image(BASE)
    registry.push(built, "1")
    [layer] = json.loads(built.manifest)["layers"]
    path = tmp_path / "images/downloads" / layer["digest"].replace(":", "-")
    path.parent.mkdir(parents=True)
    path.write_bytes(left)
    unfinished = tmp_path / "images/layers" / f".part-{layer['digest'].replace(':', '-')}"
    (unfinished / "tree/folder").mkdir(parents=True)
    (unfinished / "tree/folder").chmod(0)
    assert [path.name for path in store.pull(registry.reference()).layers[0].iterdir()] == ["etc"]
    assert parts(tmp_path) == []


def test_a_full_disk_leaves_nothing_half_made(
    registry: ImageRegistry, store: ImageStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry.push(image(BASE, APP), "1")

    def fill(_: BinaryIO, folder: Path, *__: object) -> None:
        folder.mkdir()
        (folder / "half").write_bytes(b"")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(layer_store, "unpack_layer", fill)
        with pytest.raises(ImagePullError, match=r"No space left on device; free some space, .* --prune") as caught:
            store.pull(registry.reference())
    assert caught.value.reason == "ErrImagePull"
    assert downloads(tmp_path) == {}
    assert list((tmp_path / "images/layers").iterdir()) == []
    assert len(store.pull(registry.reference()).layers) == 2


def test_a_disk_that_is_full_during_the_download_keeps_nothing_of_it(
    registry: ImageRegistry, store: ImageStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry.push(image(BASE), "1")

    def fill(_: Repository, digest: str, size: int, path: Path, advance: Callable[[int], object]) -> None:
        path.write_bytes(bytes(size // 2))
        advance(size // 2)
        raise OSError(errno.ENOSPC, f"{os.strerror(errno.ENOSPC)}: {digest}")

    monkeypatch.setattr(Repository, "save_blob", fill)
    with pytest.raises(ImagePullError, match="No space left on device"):
        store.pull(registry.reference())
    assert downloads(tmp_path) == {}


def test_several_layers_are_fetched_at_once(
    registry: ImageRegistry, store: ImageStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    together = threading.Barrier(4, timeout=30)
    original = layer_store.unpack_layer

    def meet(*arguments: Any) -> Any:
        together.wait()
        return original(*arguments)

    monkeypatch.setattr(layer_store, "unpack_layer", meet)
    registry.push(image(*(archive((str(number), b"")) for number in range(4))), "1")
    assert len(store.pull(registry.reference()).layers) == 4


def test_two_who_pull_the_same_fetch_it_once(registry: ImageRegistry, tmp_path: Path) -> None:
    built = image(BASE, APP)
    registry.push(built, "1")
    pulled: list[Any] = []

    def pull() -> None:
        pulled.append(ImageStore(tmp_path / "images").pull(registry.reference()))

    threads = [threading.Thread(target=pull) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert pulled == [pulled[0]] * 4
    layers = [layer["digest"] for layer in json.loads(built.manifest)["layers"]]
    assert sorted(name for name in registry.blobs_read if name in layers) == sorted(layers)


def test_the_other_layers_stop_when_one_fails(
    registry: ImageRegistry, store: ImageStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built = image(BASE, *(archive((str(number), b"")) for number in range(20)))
    registry.push(built, "1")
    first = json.loads(built.manifest)["layers"][0]["digest"]
    registry.refusals[first] = (404, "BLOB_UNKNOWN")
    monkeypatch.setattr(image_addition, "_AT_ONCE", 1)
    with pytest.raises(ImagePullError, match="BLOB_UNKNOWN"):
        store.pull(registry.reference())
    assert list((tmp_path / "images/layers").glob("sha256-*")) == []


def secret(user: str, password: str, port: int, **more: Any) -> PullSecret:
    content = {"auths": {f"127.0.0.1:{port}": {"username": user, "password": password}}, **more}
    return PullSecret(f"of-{user}", {CONFIGURATION_KEY: json.dumps(content).encode()})


def test_each_pull_secret_is_tried_until_one_is_accepted(registry: ImageRegistry, store: ImageStore) -> None:
    registry.push(image(BASE), "1")
    registry.logins = (BASIC,)
    wrong, right = secret("bob", "wrong", registry.port), secret("ann", SECRET, registry.port)
    elsewhere = secret("ann", SECRET, 1)
    with pytest.raises(ImagePullError, match="user 'bob' of pull secret 'of-bob'") as caught:
        store.pull(registry.reference(), [elsewhere, wrong])
    assert "wrong" not in str(caught.value)
    with pytest.raises(ImagePullError, match="pull secret 'of-ann' has no credentials for it; there are no credent"):
        store.pull(registry.reference(), [elsewhere])
    assert store.pull(registry.reference(), [elsewhere, wrong, right]).layers
    assert set(registry.authorizations) >= {"", BASIC}


def test_without_pull_secrets_the_login_of_docker_is_used(
    registry: ImageRegistry, store: ImageStore, configuration: Path
) -> None:
    registry.push(image(BASE), "1")
    registry.logins = (BASIC,)
    content = {"auths": {f"127.0.0.1:{registry.port}": {"username": "ann", "password": SECRET}}}
    (configuration / "config.json").write_text(json.dumps(content))
    assert store.pull(registry.reference()).layers


def test_a_pull_secret_starts_no_program(
    registry: ImageRegistry, store: ImageStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    helper = tmp_path / "docker-credential-evil"
    helper.write_text(f"#!/bin/sh\ntouch {tmp_path}/started\n")
    helper.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    registry.push(image(BASE), "1")
    registry.logins = (BASIC,)
    given = secret("ann", SECRET, registry.port, credsStore="evil", credHelpers={f"127.0.0.1:{registry.port}": "evil"})
    assert store.pull(registry.reference(), [given]).layers
    assert not (tmp_path / "started").exists()


def test_prune_removes_what_no_lab_uses(registry: ImageRegistry, store: ImageStore, tmp_path: Path) -> None:
    top = archive(folder("locked", mode=0o500), ("locked/file", b"x" * 100))
    registry.push(image(BASE, APP), "used")
    registry.push(image(BASE, top), "unused")
    used = store.pull(registry.reference(":used"))
    store.pull(registry.reference(":unused"))
    (tmp_path / "images/downloads/left").write_bytes(b"left")
    (tmp_path / "images/layers/.part-left").mkdir()
    with store.hold(used):
        assert [stored.in_use for stored in store.images()] == [False, True]
        result = ImageStore(tmp_path / "images").prune()
        assert store.find(registry.reference(":used")) == used
    assert [stored.references for stored in result.images] == [(registry.reference(":unused"),)]
    assert result.size == len(top)
    assert store.find(registry.reference(":unused")) is None
    assert sorted(path.name for path in (tmp_path / "images/layers").iterdir()) == sorted(
        path.parent.name for path in used.layers
    )
    assert downloads(tmp_path) == {}
    assert [stored.references for stored in store.prune().images] == [(registry.reference(":used"),)]
    assert list((tmp_path / "images/layers").iterdir()) == []
    with pytest.raises(ImagePullError, match="was removed from the cache; pull it again"), store.hold(used):
        pass
    assert store.pull(registry.reference(":unused")).layers


def test_prune_waits_for_a_pull(
    registry: ImageRegistry, store: ImageStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry.push(image(BASE), "1")
    original = layer_store.unpack_layer
    waiting, pruned = threading.Event(), []
    pruning = threading.Thread(target=lambda: pruned.append(ImageStore(tmp_path / "images").prune(waiting.set)))

    def prune_meanwhile(*arguments: Any) -> Any:
        pruning.start()
        assert waiting.wait(30)
        return original(*arguments)

    monkeypatch.setattr(layer_store, "unpack_layer", prune_meanwhile)
    assert store.pull(registry.reference()).layers
    pruning.join()
    assert [stored.references for stored in pruned[0].images] == [(registry.reference(),)]


def test_a_layer_that_is_gone_is_fetched_again(registry: ImageRegistry, store: ImageStore) -> None:
    registry.push(image(BASE, APP), "1")
    pulled = store.pull(registry.reference())
    pulled.layers[0].parent.rename(pulled.layers[0].parent.with_name(".part-removed"))
    assert store.find(registry.reference()) is None
    assert store.images() == ()
    assert store.pull(registry.reference()) == pulled
    assert (pulled.layers[0] / "etc/os").exists()


def test_what_a_power_failure_left_empty_is_not_taken_for_a_layer(registry: ImageRegistry, store: ImageStore) -> None:
    registry.push(image(BASE, APP), "1")
    pulled = store.pull(registry.reference())
    for layer in pulled.layers:
        (layer.parent / "layer.json").write_text("")
    assert store.find(registry.reference()) is None
    assert store.images() == ()
    assert store.pull(registry.reference()) == pulled
    assert [stored.layers for stored in store.images()] == [2]
    (pulled.layers[0].parent / "layer.json").write_text("")
    assert store.prune().images == ()
    assert not pulled.layers[0].exists()


def test_an_empty_cache_has_nothing(store: ImageStore) -> None:
    assert store.images() == ()
    assert store.prune().images == ()
