"""Images that no lab uses are removed; what is gone or empty is fetched again."""

import threading
from pathlib import Path
from typing import Any

import pytest

from lab.images import layer_store
from lab.images.image_errors import ImagePullError
from lab.images.image_store import ImageStore
from tests.support.unit.image_builds import archive, folder, image
from tests.support.unit.image_registry_fakes import ImageRegistry
from tests.support.unit.image_stores import APP, BASE, downloads

pytestmark = pytest.mark.usefixtures("docker_folder")


def test_prune_removes_what_no_lab_uses(image_registry: ImageRegistry, image_store: ImageStore, tmp_path: Path) -> None:
    top = archive(folder("locked", mode=0o500), ("locked/file", b"x" * 100))
    image_registry.push(image(BASE, APP), "used")
    image_registry.push(image(BASE, top), "unused")
    used = image_store.pull(image_registry.reference(":used"))
    image_store.pull(image_registry.reference(":unused"))
    (tmp_path / "images/downloads/left").write_bytes(b"left")
    (tmp_path / "images/layers/.part-left").mkdir()
    with image_store.hold(used):
        assert [stored.in_use for stored in image_store.images()] == [False, True]
        result = ImageStore(tmp_path / "images").prune()
        assert image_store.find(image_registry.reference(":used")) == used
    assert [stored.references for stored in result.images] == [(image_registry.reference(":unused"),)]
    assert result.size == len(top)
    assert image_store.find(image_registry.reference(":unused")) is None
    assert sorted(path.name for path in (tmp_path / "images/layers").iterdir()) == sorted(
        path.parent.name for path in used.layers
    )
    assert downloads(tmp_path / "images") == {}
    assert [stored.references for stored in image_store.prune().images] == [(image_registry.reference(":used"),)]
    assert list((tmp_path / "images/layers").iterdir()) == []
    with pytest.raises(ImagePullError, match="was removed from the cache; pull it again"), image_store.hold(used):
        pass
    assert image_store.pull(image_registry.reference(":unused")).layers


def test_prune_waits_for_a_pull(
    image_registry: ImageRegistry, image_store: ImageStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image_registry.push(image(BASE), "1")
    original = layer_store.unpack_layer
    waiting, pruned = threading.Event(), []
    pruning = threading.Thread(target=lambda: pruned.append(ImageStore(tmp_path / "images").prune(waiting.set)))

    def prune_meanwhile(*arguments: Any) -> Any:
        pruning.start()
        assert waiting.wait(30)
        return original(*arguments)

    monkeypatch.setattr(layer_store, "unpack_layer", prune_meanwhile)
    assert image_store.pull(image_registry.reference()).layers
    pruning.join()
    assert [stored.references for stored in pruned[0].images] == [(image_registry.reference(),)]


def test_a_layer_that_is_gone_is_fetched_again(image_registry: ImageRegistry, image_store: ImageStore) -> None:
    image_registry.push(image(BASE, APP), "1")
    pulled = image_store.pull(image_registry.reference())
    pulled.layers[0].parent.rename(pulled.layers[0].parent.with_name(".part-removed"))
    assert image_store.find(image_registry.reference()) is None
    assert image_store.images() == ()
    assert image_store.pull(image_registry.reference()) == pulled
    assert (pulled.layers[0] / "etc/os").exists()


def test_what_a_power_failure_left_empty_is_not_taken_for_a_layer(
    image_registry: ImageRegistry, image_store: ImageStore
) -> None:
    image_registry.push(image(BASE, APP), "1")
    pulled = image_store.pull(image_registry.reference())
    for layer in pulled.layers:
        (layer.parent / "layer.json").write_text("")
    assert image_store.find(image_registry.reference()) is None
    assert image_store.images() == ()
    assert image_store.pull(image_registry.reference()) == pulled
    assert [stored.layers for stored in image_store.images()] == [2]
    (pulled.layers[0].parent / "layer.json").write_text("")
    assert image_store.prune().images == ()
    assert not pulled.layers[0].exists()


def test_an_empty_cache_has_nothing(image_store: ImageStore) -> None:
    assert image_store.images() == ()
    assert image_store.prune().images == ()
