"""`boutique lab load` and `boutique lab images`: what a build left gets into the cache, and out of it again."""

import gzip
import json
import re
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard
from typer.testing import CliRunner, Result

from lab.images.image_errors import UnusableImageError
from lab.images.image_manifest import architecture
from lab.images.image_store import ImageStore
from ops.cli import app
from ops.lab_views import image_view
from support.errors import UserError
from tests.support.unit.image_builds import (
    OCI_INDEX,
    archive,
    descriptor,
    digest,
    docker_archive,
    folder,
    image,
    index,
    layout,
    pack,
)

NAME = "registry.example/shop/ads:1.2.3"
NAMED = {"io.containerd.image.name": NAME, "org.opencontainers.image.ref.name": "1.2.3"}
BASE = archive(folder("etc"), ("etc/os", b"base"))
APP = archive(("app", b"an app"))


@pytest.fixture(autouse=True)
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ImageStore:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return ImageStore.of_user()


def run(*arguments: str | Path, code: int = 0) -> Result:
    done = CliRunner().invoke(app, ["lab", *map(str, arguments)])
    assert done.exit_code == code, f"{done.output}{done.exception!r}"
    return done


def oci_folder(path: Path) -> Path:
    return layout(path / "oci", [(image(BASE, APP), NAMED)])


def oci_tar(path: Path) -> Path:
    return pack(oci_folder(path), path / "oci.tar")


def oci_gzip(path: Path) -> Path:
    target = path / "oci.tar.gz"
    target.write_bytes(gzip.compress(oci_tar(path).read_bytes()))
    return target


def oci_zstd(path: Path) -> Path:
    target = path / "oci.tar.zst"
    target.write_bytes(zstandard.ZstdCompressor().compress(oci_tar(path).read_bytes()))
    return target


def docker_tar(path: Path) -> Path:
    return docker_archive(path / "docker.tar", [BASE, APP], [NAME])


def docker_folder(path: Path) -> Path:
    with tarfile.open(docker_tar(path)) as tar:
        tar.extractall(path / "docker", filter="data")
    return path / "docker"


def nested(path: Path) -> Path:
    """A layout whose image is for several platforms."""
    built = layout(path / "oci", [(image(BASE, APP), {})])
    other = image(BASE, platform={"architecture": "s390x"})
    own = image(BASE, APP)
    content = index((other, "s390x"), (own, architecture()))
    (built / "blobs/sha256" / digest(content).partition(":")[2]).write_bytes(content)
    entry = descriptor(content, OCI_INDEX, annotations=NAMED)
    (built / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [entry]}))
    return built


@pytest.mark.parametrize(
    "make", [oci_folder, oci_tar, oci_gzip, oci_zstd, docker_tar, docker_folder, nested], ids=lambda make: make.__name__
)
def test_an_archive_is_loaded(tmp_path: Path, store: ImageStore, make: Callable[[Path], Path]) -> None:
    done = run("load", make(tmp_path))
    found = store.find(NAME)
    assert found
    assert [(path / name).read_text() for path, name in zip(found.layers, ("etc/os", "app"), strict=True)] == [
        "base",
        "an app",
    ]
    assert done.stdout == f"loaded {NAME}: 0.0 MB, {found.digest[:19]}\n"
    assert list((tmp_path / "cache/boutique/images/downloads").glob("*")) == []


def test_a_layer_that_comes_twice_in_an_archive_is_unpacked_once(tmp_path: Path, store: ImageStore) -> None:
    run("load", docker_archive(tmp_path / "docker.tar", [BASE, APP, BASE], ["shop/ads:1", NAME]))
    found = store.find(NAME)
    assert found
    assert found == store.find("docker.io/shop/ads:1")
    assert found.layers[0] == found.layers[2]


def test_a_loaded_layer_is_that_of_a_registry(tmp_path: Path, store: ImageStore) -> None:
    run("load", docker_tar(tmp_path))
    run("load", layout(tmp_path / "other", [(image(BASE, APP), {})]), "--as", "shop/other:1")
    found, other = store.find(NAME), store.find("shop/other:1")
    assert found
    assert other
    assert found.layers == other.layers


def test_several_archives_and_several_images_are_loaded(tmp_path: Path) -> None:
    several = layout(
        tmp_path / "several",
        [(image(BASE), {"org.opencontainers.image.ref.name": f"shop/{name}:1"}) for name in ("a", "b")],
    )
    done = run("load", several, docker_tar(tmp_path), "--json")
    names = [name for loaded in json.loads(done.stdout) for name in loaded["references"]]
    assert names == ["docker.io/shop/a:1", "docker.io/shop/b:1", NAME]


def test_a_name_may_be_given(tmp_path: Path, store: ImageStore) -> None:
    path = layout(tmp_path / "oci", [(image(BASE), {"org.opencontainers.image.ref.name": "1.2.3"})])
    message = ".*oci: it does not say what its image is called; add --as"
    assert_error(run("load", path, code=1), message)
    assert_error(run("load", path, "--as", "Shop", code=1), "'Shop' is no image reference")
    run("load", path, "--as", NAME)
    assert store.find(NAME)


def test_one_name_is_for_one_image(tmp_path: Path) -> None:
    several = layout(
        tmp_path / "several", [(image(BASE), {"org.opencontainers.image.ref.name": f"shop/{n}:1"}) for n in "ab"]
    )
    assert_error(run("load", several, "--as", NAME, code=1), "it has 2 images, which cannot all be named")
    assert_error(run("load", several, several, "--as", NAME, code=1), "--as names one image: give one archive, not 2")


def assert_error(done: Result, message: str) -> None:
    assert isinstance(done.exception, UserError)
    assert re.search(message, str(done.exception)), str(done.exception)


def no_json(path: Path) -> Path:
    (oci_folder(path) / "index.json").write_text("{")
    return path / "oci"


def no_list(path: Path) -> Path:
    (oci_folder(path) / "index.json").write_text('{"manifests": [1]}')
    return path / "oci"


def missing_blob(path: Path) -> Path:
    built = oci_folder(path)
    (built / "blobs/sha256" / digest(image(BASE, APP).manifest).partition(":")[2]).unlink()
    return built


def changed_manifest(path: Path) -> Path:
    built = oci_folder(path)
    (built / "blobs/sha256" / digest(image(BASE, APP).manifest).partition(":")[2]).write_text("{}")
    return built


def changed_layer(path: Path) -> Path:
    docker_tar(path)
    content = (path / "docker.tar").read_bytes().replace(b"an app", b"no app")
    (path / "docker.tar").write_bytes(content)
    return path / "docker.tar"


def no_archive(path: Path) -> Path:
    (path / "a").write_text("text " * 1000)
    return path / "a"


def broken_gzip(path: Path) -> Path:
    target = oci_gzip(path)
    target.write_bytes(target.read_bytes()[:-100])
    return target


def other_archive(path: Path) -> Path:
    (path / "a").write_bytes(BASE)
    return path / "a"


def empty_list(path: Path) -> Path:
    (path / "manifest.json").write_text("[]")
    return path


def other_platform(path: Path) -> Path:
    return layout(path / "oci", [(image(BASE, platform={"architecture": "s390x"}), NAMED)])


def leads_out(path: Path) -> Path:
    """A layer that is a file of the host."""
    built = docker_folder(path)
    (path / "secret").write_text("of the host")
    (built / "manifest.json").write_text(
        json.dumps([{"Config": "configuration.json", "RepoTags": [NAME], "Layers": ["../secret", "1/layer.tar"]}])
    )
    return built


BAD = {
    no_json: "its index.json is no JSON",
    no_list: "its index.json has no valid list 'manifests'",
    missing_blob: "it has no file blobs/sha256/",
    changed_manifest: "its blob sha256:.* has the content of sha256:",
    changed_layer: "its layer sha256:.* has the content of sha256:",
    no_archive: "it is no tar archive",
    broken_gzip: "it cannot be decompressed: ",
    other_archive: "it has neither index.json, as an OCI layout, nor manifest.json, as `docker save` writes it",
    empty_list: "it has no image",
    other_platform: "it is for linux/s390x, this machine is linux/",
    leads_out: r"it has no file ../secret",
}


@pytest.mark.parametrize("make", BAD, ids=lambda make: make.__name__)
def test_an_unusable_archive_is_an_error_that_says_why(
    tmp_path: Path, store: ImageStore, make: Callable[[Path], Path]
) -> None:
    path = make(tmp_path)
    assert_error(run("load", path, code=1), f"^{path}: .*{BAD[make]}")
    assert store.images() == ()
    assert list((tmp_path / "cache/boutique/images/downloads").glob("*")) == []


def test_an_archive_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    assert_error(run("load", tmp_path / "none", code=1), f"{tmp_path}/none: it cannot be read: No such file")


def test_images_are_listed_and_pruned(tmp_path: Path, store: ImageStore) -> None:
    assert run("images").stderr == "there is no image in the cache\n"
    assert json.loads(run("images", "--json").stdout) == []
    run("load", docker_tar(tmp_path))
    found = store.find(NAME)
    assert found
    size = len(BASE) + len(APP)
    stored = {"references": [NAME], "digest": found.digest, "size": size, "layers": 2, "in_use": False}
    assert json.loads(run("images", "--json").stdout) == [stored]
    head, row = run("images").stdout.splitlines()
    assert head.split() == ["image", "digest", "layers", "size", "used"]
    assert row.split() == [NAME, found.digest[:19], "2", "0.0", "MB", "no"]
    with store.hold(found):
        assert run("images", "--prune").stdout == "freed 0.0 MB\n"
        assert json.loads(run("images", "--json").stdout) == [{**stored, "in_use": True}]
    assert json.loads(run("images", "--prune", "--json").stdout) == {"images": [stored], "size": size}
    assert store.images() == ()
    run("load", docker_tar(tmp_path))
    assert run("images", "--prune").stdout == f"removed {NAME}\nfreed 0.0 MB\n"


def test_what_takes_long_shows_its_progress(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("load", docker_tar(tmp_path)).stderr == ""
    run("images", "--prune")
    monkeypatch.setattr(image_view, "_QUIET_SECONDS", 0)
    progress = run("load", docker_tar(tmp_path)).stderr.splitlines()
    assert progress[0].startswith(f"{NAME}: ")
    assert " of 2 layers, " in progress[0]


def test_images_before_a_broken_one_are_kept(tmp_path: Path, store: ImageStore) -> None:
    named = [
        (image(BASE), {"org.opencontainers.image.ref.name": "shop/a:1"}),
        (image(APP, changed={"layers": []}), NAMED),
    ]
    with pytest.raises(UnusableImageError, match="its manifest has 0 layers, its configuration 1"):
        store.load(layout(tmp_path / "oci", named))
    assert [stored.references for stored in store.images()] == [("docker.io/shop/a:1",)]
