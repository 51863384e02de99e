"""An image that cannot be used is an error that says why, and leaves nothing in the cache."""

import json
from pathlib import Path
from typing import Any

import pytest

from lab.images.image_errors import ImagePullError
from lab.images.image_store import ImageStore
from tests.support.unit.image_builds import OCI_LAYER, descriptor, digest, image, index
from tests.support.unit.image_registry_fakes import ImageRegistry
from tests.support.unit.image_stores import APP, BASE, OTHER_ARCHITECTURE, downloads, parts

pytestmark = pytest.mark.usefixtures("docker_folder")


def other_platform(image_registry: ImageRegistry) -> None:
    image_registry.push(image(BASE, platform={"architecture": OTHER_ARCHITECTURE}), "1")


def index_without_ours(image_registry: ImageRegistry) -> None:
    other = image(BASE, platform={"architecture": OTHER_ARCHITECTURE})
    image_registry.push(other, "1", content=index((other, OTHER_ARCHITECTURE), (image(APP), "unknown")))


def schema_1(image_registry: ImageRegistry) -> None:
    image_registry.manifests["1"] = b'{"schemaVersion": 1, "name": "shop/ads", "fsLayers": []}'


def foreign_layer(image_registry: ImageRegistry) -> None:
    kind = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"
    image_registry.push(image(BASE, changed={"layers": [descriptor(b"", kind)]}), "1")


def unknown_layer(image_registry: ImageRegistry) -> None:
    image_registry.push(image(BASE, changed={"layers": [descriptor(b"", f"{OCI_LAYER}+gzip+encrypted")]}), "1")


def artifact(image_registry: ImageRegistry) -> None:
    kind = "application/vnd.cncf.helm.config.v1+json"
    image_registry.push(image(BASE, changed={"config": descriptor(b"{}", kind)}), "1")


def bad_layer(image_registry: ImageRegistry) -> None:
    built = image(BASE)
    image_registry.push(built, "1")
    [layer] = json.loads(built.manifest)["layers"]
    image_registry.blobs[layer["digest"]] = b"x" * layer["size"]


def long_layer(image_registry: ImageRegistry) -> None:
    built = image(BASE)
    image_registry.push(built, "1")
    [layer] = json.loads(built.manifest)["layers"]
    image_registry.blobs[layer["digest"]] += b"x"


def bad_diff_id(image_registry: ImageRegistry) -> None:
    other = image(APP, compression="")
    layers = json.loads(other.manifest)["layers"]
    image_registry.push(other)
    image_registry.push(image(BASE, compression="", changed={"layers": layers}), "1")


def fewer_layers(image_registry: ImageRegistry) -> None:
    image_registry.push(image(BASE, APP, changed={"layers": []}), "1")


def bad_digest(image_registry: ImageRegistry) -> None:
    image_registry.push(image(BASE, changed={"layers": [{"mediaType": OCI_LAYER, "digest": "md5:1", "size": 1}]}), "1")


def bad_size(image_registry: ImageRegistry) -> None:
    layer = {"mediaType": OCI_LAYER, "digest": digest(b""), "size": -1}
    image_registry.push(image(BASE, changed={"layers": [layer]}), "1")


def many_layers(image_registry: ImageRegistry) -> None:
    image_registry.push(image(BASE, changed={"layers": [descriptor(b"", OCI_LAYER)] * 501}), "1")


def nothing(image_registry: ImageRegistry) -> None:
    assert not image_registry.manifests


def missing_blob(image_registry: ImageRegistry) -> None:
    built = image(BASE)
    image_registry.push(built, "1")
    image_registry.refusals[json.loads(built.manifest)["layers"][0]["digest"]] = (404, "BLOB_UNKNOWN")


def denied(image_registry: ImageRegistry) -> None:
    image_registry.refusals["1"] = (403, "DENIED")


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
    image_registry: ImageRegistry, image_store: ImageStore, tmp_path: Path, make: Any
) -> None:
    make(image_registry)
    with pytest.raises(ImagePullError, match=BAD[make]) as caught:
        image_store.pull(image_registry.reference())
    assert caught.value.reason == "ErrImagePull"
    assert caught.value.text == str(caught.value)
    assert image_store.find(image_registry.reference()) is None
    assert image_store.images() == ()
    assert parts(tmp_path / "images") == []
    assert downloads(tmp_path / "images") == {}


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
def test_what_is_no_reference_is_an_invalid_name(image_store: ImageStore, reference: str, message: str) -> None:
    for ask in (image_store.find, image_store.pull):
        with pytest.raises(ImagePullError, match=message) as caught:
            ask(reference)
        assert caught.value.reason == "InvalidImageName"
