"""Images of a real registry are unpacked as an overlay that an ordinary user mounts."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.images.image_errors import ImagePullError
from lab.images.image_store import ImageStore
from lab.images.unpacked_image import UnpackedImage
from support.registry.pull_secret import CONFIGURATION_KEY, LEGACY_KEY, PullSecret
from tests.support.lab import image_registry
from tests.support.lab.image_registry import PASSWORD, USER, Registry
from tests.support.unit.image_builds import archive, entry, folder, hard_link, image, link

pytestmark = pytest.mark.lab

ADS = "shop/adservice"
LINUX = tuple(int(part) for part in os.uname().release.split(".")[:2])
BASE = archive(
    folder("bin"),
    ("bin/app", b"old"),
    ("bin/tool", b"tool"),
    folder("etc"),
    ("etc/a", b"a"),
    ("etc/b", b"b"),
    ("data/x/y", b"y"),
    ("top", b"top"),
    link("lib", "usr/lib"),
    (entry("usr/lib/so", mode=0o755), b"so"),
)
MIDDLE = archive((".wh.top", b""), ("bin/.wh.tool", b""), ("bin/app", b"new"), hard_link("bin/alias", "bin/app"))
UPPER = archive(("etc/.wh..wh..opq", b""), ("etc/c", b"c"), (".wh.data", b""), ("data/z", b"z"))
MERGED = {"bin/alias": "new", "bin/app": "new", "data/z": "z", "etc/c": "c", "usr/lib/so": "so"}


@pytest.fixture(autouse=True)
def configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    return tmp_path


@pytest.fixture(scope="module", params=["basic", "token"])
def registry(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    start = image_registry.basic if request.param == "basic" else image_registry.token
    with start(tmp_path_factory.mktemp(request.param)) as running:
        for compression in ("gzip", "zstd"):
            running.push_image(ADS, compression, image(BASE, MIDDLE, UPPER, compression=compression))
        yield running


def secret(registry: Registry, password: str = PASSWORD) -> PullSecret:
    entries = {registry.name: {"username": USER, "password": password}}
    return PullSecret("pull", {CONFIGURATION_KEY: json.dumps({"auths": entries}).encode()})


def merge(image: UnpackedImage, folder: Path) -> dict[str, str]:
    """Mount an image as an ordinary user may, and return its files and their content."""
    for name in ("upper", "work", "merged"):
        (folder / name).mkdir()
    lower = ":".join(str(layer) for layer in reversed(image.layers))
    options = f"userxattr,lowerdir={lower},upperdir={folder}/upper,workdir={folder}/work"
    script = """mount -t overlay overlay -o "$1" "$2" && cd "$2" && echo written > etc/c &&
        find . -type f -exec sh -c 'echo "$1 $(cat "$1")"' - {} ";" && readlink lib"""
    done = subprocess.run(
        ["unshare", "-Urnm", "sh", "-ec", script, "-", options, folder / "merged"],
        capture_output=True,
        text=True,
        check=True,
    )
    *lines, target = done.stdout.splitlines()
    assert target == "usr/lib"
    files = dict(line.removeprefix("./").split() for line in lines)
    # What a container writes is its own.
    assert files["etc/c"] == "written"
    assert (image.layers[-1] / "etc/c").read_text() == "c"
    return {**files, "etc/c": "c"}


@pytest.mark.parametrize("compression", ["gzip", "zstd"])
def test_an_image_is_pulled_with_a_pull_secret_and_mounted(
    registry: Registry, tmp_path: Path, compression: str
) -> None:
    store = ImageStore(tmp_path / "images")
    pulled = store.pull(f"{registry.name}/{ADS}:{compression}", [secret(registry)])
    assert merge(pulled, tmp_path) == MERGED


def test_the_older_form_of_a_pull_secret_is_taken(registry: Registry, tmp_path: Path) -> None:
    content = {registry.name: {"username": USER, "password": PASSWORD}}
    older = PullSecret("pull", {LEGACY_KEY: json.dumps(content).encode()})
    assert ImageStore(tmp_path / "images").pull(f"{registry.name}/{ADS}:gzip", [older]).layers


def test_a_refusal_names_the_secret_and_not_the_password(registry: Registry, tmp_path: Path) -> None:
    store = ImageStore(tmp_path / "images")
    with pytest.raises(ImagePullError, match=f"does not let .*: user '{USER}' of pull secret 'pull'") as caught:
        store.pull(f"{registry.name}/{ADS}:gzip", [secret(registry, f"wrong {PASSWORD}")])
    assert caught.value.reason == "ErrImagePull"
    assert PASSWORD not in str(caught.value)


def test_an_unknown_tag_is_said_in_the_words_of_the_registry(registry: Registry, tmp_path: Path) -> None:
    store = ImageStore(tmp_path / "images")
    with pytest.raises(ImagePullError, match=r"\(MANIFEST_UNKNOWN: manifest unknown\)"):
        store.pull(f"{registry.name}/{ADS}:unknown", [secret(registry)])


@pytest.mark.skipif(LINUX < (6, 7), reason="overlayfs takes that form since Linux 6.7")
def test_whiteouts_without_devices_are_understood(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "mknod", refuse)
    pulled = ImageStore(tmp_path / "images").pull(f"{registry.name}/{ADS}:gzip", [secret(registry)])
    assert merge(pulled, tmp_path) == MERGED
