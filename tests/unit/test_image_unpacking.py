"""A layer is unpacked as overlayfs takes it, and one that would do harm is refused."""

import io
import os
import stat
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lab.images import layer_streams, layer_unpacking
from lab.images.image_errors import UnusableImageError
from lab.images.layer_unpacking import LayerSummary, unpack_layer
from support.folder_removal import remove_folder
from tests.support.unit.image_builds import Part, archive, compress, digest, entry, folder, hard_link, link

LATE = 1_700_000_000


def unpack(content: bytes, target: Path, compression: str = "") -> LayerSummary:
    return unpack_layer(io.BytesIO(compress(content, compression)), target, digest(content), lambda _: None)


def kind(path: Path) -> str:
    return stat.filemode(path.lstat().st_mode)


@pytest.mark.parametrize("compression", ["", "gzip", "zstd"])
@pytest.mark.parametrize("form", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT])
def test_files_keep_modes_times_and_links(tmp_path: Path, compression: str, form: int) -> None:
    content = archive(
        folder("./", mode=0o755),
        folder("./tmp", mode=0o1777),
        folder("locked", mode=0o500),
        folder("sealed", mode=0),
        folder("sealed/inner", mode=0o755),
        (entry("locked/file", mode=0o4755, uid=999), b"content"),
        (entry("empty", mode=0o600), b""),
        hard_link("other", "./locked/file"),
        link("outside", "/etc/passwd"),
        link("dangling", "../../nowhere"),
        entry("pipe", tarfile.FIFOTYPE),
        ("/" + "long" * 20 + "/in/no/entry", b"deep"),
        form=form,
    )
    tree = tmp_path / "tree"
    summary = unpack(content, tree, compression)
    assert summary == LayerSummary(size=len(content), files=12, hides_all=False)
    assert (tree / "locked/file").read_bytes() == b"content"
    # Without set-user-ID: the file is the user's own, and not root's.
    assert kind(tree / "locked/file") == "-rwxr-xr-x"
    assert kind(tree / "locked") == "dr-x------"
    assert kind(tree / "sealed") == "d---------"
    assert kind(tree / "tmp") == "drwxrwxrwt"
    assert kind(tree / "empty") == "-rw-------"
    assert kind(tree / "pipe") == "prw-r--r--"
    assert kind(tree / ("long" * 20)) == "drwxr-xr-x"
    assert (tree / "other").samefile(tree / "locked/file")
    assert (tree / "outside").readlink() == Path("/etc/passwd")
    assert (tree / "dangling").readlink() == Path("../../nowhere")
    for name in ("tmp", "locked", "locked/file", "outside", "pipe", "empty"):
        assert (tree / name).lstat().st_mtime == LATE, name
    remove_folder(tree)
    assert not tree.exists()


@pytest.mark.parametrize("order", [1, -1])
def test_a_whiteout_hides_what_is_below_and_not_what_is_beside_it(tmp_path: Path, order: int) -> None:
    parts: list[Part] = [
        ("a/.wh.gone", b""),
        ("a/.wh.kept", b""),
        ("a/kept", b"of this layer"),
        ("a/.wh.again", b""),
        ("a/again/file", b""),
        ("b/.wh..wh..opq", b""),
        ("b/.wh.useless", b""),
        ("b/file", b""),
        (".wh.c", b""),
        ("c/d/.wh.e", b""),
        (".wh..wh.plnk", b""),
    ]
    tree = tmp_path / "tree"
    summary = unpack(archive(*parts[::order]), tree)
    assert not summary.hides_all
    gone = (tree / "a/gone").stat()
    assert (stat.S_ISCHR(gone.st_mode), gone.st_rdev) == (True, 0)
    assert (tree / "a/kept").read_bytes() == b"of this layer"
    assert os.getxattr(tree / "a/again", "user.overlay.opaque") == b"y"
    assert os.getxattr(tree / "b", "user.overlay.opaque") == b"y"
    assert os.listxattr(tree / "a") == []
    assert [path.name for path in (tree / "b").iterdir()] == ["file"]
    assert stat.S_ISCHR((tree / "c").stat().st_mode)
    assert sorted(path.name for path in tree.iterdir()) == ["a", "b", "c"]


def test_where_devices_are_forbidden_a_whiteout_has_the_other_form(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "mknod", refuse)
    tree = tmp_path / "tree"
    unpack(archive(("a/.wh.gone", b""), (".wh.top", b"")), tree)
    assert os.getxattr(tree / "a/gone", "user.overlay.whiteout") == b"y"
    assert os.getxattr(tree / "a", "user.overlay.opaque") == b"x"
    assert os.getxattr(tree / "top", "user.overlay.whiteout") == b"y"
    assert os.getxattr(tree, "user.overlay.opaque") == b"x"


def test_a_layer_may_hide_everything_below(tmp_path: Path) -> None:
    assert unpack(archive((".wh..wh..opq", b""), ("file", b"")), tmp_path / "tree").hides_all


def test_the_last_entry_of_a_path_counts(tmp_path: Path) -> None:
    content = archive(("file", b"old"), link("way", "file"), ("way", b"new"), ("file", b"last"), folder("file"))
    unpack(content, tmp_path / "tree")
    assert (tmp_path / "tree/way").read_bytes() == b"new"
    assert (tmp_path / "tree/file").is_dir()


HARM: dict[str, tuple[tuple[Part, ...], str]] = {
    "parent": ((("../file", b""),), "a path '../file', which leads out of the image"),
    "inner parent": ((("a/../../file", b""),), "leads out of the image"),
    "hard link out": ((hard_link("passwd", "../../etc/passwd"),), "'../../etc/passwd', which leads out"),
    "hard link to the host": ((hard_link("passwd", "/etc/passwd"),), "to 'etc/passwd', which is no file of the layer"),
    "hard link to a folder": ((folder("a"), hard_link("b", "a")), "to 'a', which is no file of the layer"),
    "hard link to itself": ((("a", b""), hard_link("a", "a")), "to 'a', which is no file of the layer"),
    "through a link": ((link("a", "/srv"), ("a/file", b"")), "writes through 'a', which is a symbolic link"),
    "folder through a link": ((link("a", "/srv"), folder("a/b")), "writes through 'a', which is a symbolic link"),
    "hard link through a link": ((("f", b""), link("a", "/srv"), hard_link("a/f", "f")), "writes through 'a'"),
    "whiteout through a link": ((link("a", "/srv"), ("a/.wh.b", b"")), "writes through 'a', which is a symbolic link"),
    "opaque link": ((link("a", "/srv"), ("a/.wh..wh..opq", b"")), "writes through 'a', which is a symbolic link"),
    "through a file": ((("a", b""), ("a/b", b"")), "writes through 'a', which is a file"),
    "whiteout of the parent": ((("a/.wh...", b""),), "a whiteout '.wh...' that removes no file"),
    "whiteout of nothing": (((".wh.", b""),), "a whiteout '.wh.' that removes no file"),
    "device": ((entry("dev/sda", tarfile.BLKTYPE, devmajor=8),), "a device 'dev/sda'"),
    "null device": ((entry("dev/null", tarfile.CHRTYPE, devmajor=1, devminor=3),), "a device 'dev/null'"),
    "unknown": ((entry("a", b"V"),), "'a' of the unknown type b'V'"),
    "no name": ((("./", b"x"),), "has an entry '.*' that is no folder"),
    "folder and file": ((folder("a"), ("a", b"")), "has 'a' twice: as a folder, and as something else"),
    "large header": ((entry("a", pax_headers={"comment": "x" * 2_000_000}),), "a header of more than 1 MiB"),
    "many long names": (tuple((entry("a", b"L"), b"b") for _ in range(500)), "cannot be unpacked: .*recursion"),
    "zero byte": ((entry("a", pax_headers={"path": "a\0b"}),), "an invalid header"),
}


@pytest.mark.parametrize("name", HARM)
def test_what_would_do_harm_is_refused(tmp_path: Path, name: str) -> None:
    parts, message = HARM[name]
    with pytest.raises(UnusableImageError, match=message):
        unpack(archive(*parts), tmp_path / "tree")


def test_a_name_with_strange_bytes_is_kept(tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9 \n\xff")
    unpack(archive((name, b""), form=tarfile.GNU_FORMAT), tmp_path / "tree")
    assert [os.fsencode(path.name) for path in (tmp_path / "tree").iterdir()] == [b"caf\xe9 \n\xff"]


@pytest.mark.parametrize("modified", ["nan", "inf", "-1e300", "1e300"])
def test_a_time_that_is_none_is_taken_for_the_nearest(tmp_path: Path, modified: str) -> None:
    unpack(archive(entry("a", pax_headers={"mtime": modified})), tmp_path / "tree")
    assert 0 <= (tmp_path / "tree/a").stat().st_mtime <= 2**33


def test_a_size_that_was_not_written_is_refused(tmp_path: Path) -> None:
    content = bytearray(archive(("a", b"x" * 2000)))
    with pytest.raises(UnusableImageError, match="ends within 'a'"):
        unpack(bytes(content[:1000]), tmp_path / "tree")


LIMITS: dict[str, tuple[Callable[[pytest.MonkeyPatch], None], str]] = {
    "files": (lambda patch: patch.setattr(layer_unpacking, "_MOST_FILES", 10), "more than 10 files"),
    "bytes": (lambda patch: patch.setattr(layer_streams, "_MOST_BYTES", 50_000), "more than 50000 bytes unpacked"),
}


@pytest.mark.parametrize("name", LIMITS)
@pytest.mark.parametrize("compression", ["gzip", "zstd"])
def test_a_bomb_is_refused_before_it_is_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, compression: str
) -> None:
    limit, message = LIMITS[name]
    limit(monkeypatch)
    content = archive(*((str(number), bytes(100_000)) for number in range(20)))
    with pytest.raises(UnusableImageError, match=message):
        unpack(content, tmp_path / "tree", compression)
    assert sum(path.stat().st_size for path in (tmp_path / "tree").iterdir()) <= 1_000_000


def test_another_content_is_refused(tmp_path: Path) -> None:
    content, other = archive(("a", b"a")), archive(("a", b"b"))
    with pytest.raises(UnusableImageError, match=f"its layer {digest(other)} has the content of {digest(content)}"):
        unpack_layer(io.BytesIO(content), tmp_path / "tree", digest(other), lambda _: None)


def test_garbage_within_an_archive_is_not_taken_for_its_end(tmp_path: Path) -> None:
    content = archive(("a", b""))[:512] + b"garbage" * 200 + archive(("b", b""))
    with pytest.raises(UnusableImageError, match="a layer is no tar archive"):
        unpack(content, tmp_path / "tree")


def test_the_digest_is_that_of_everything_behind_the_end_too(tmp_path: Path) -> None:
    content = archive(("a", b"")) + bytes(300_000)
    assert unpack(content, tmp_path / "tree").size == len(content)


def test_several_compressed_streams_make_one_archive(tmp_path: Path) -> None:
    content = archive(("a", b"x" * 5000))
    for compression in ("gzip", "zstd"):
        packed = compress(content[:700], compression) + compress(content[700:], compression)
        unpack_layer(io.BytesIO(packed), tmp_path / compression, digest(content), lambda _: None)
        assert (tmp_path / compression / "a").read_bytes() == b"x" * 5000


@pytest.mark.parametrize("compression", ["gzip", "zstd"])
def test_a_broken_stream_is_refused(tmp_path: Path, compression: str) -> None:
    content = archive(("a", os.urandom(5000)))
    packed = compress(content, compression)
    for number, broken in enumerate((packed[:-700], packed[:900] + b"xxxx" + packed[904:])):
        with pytest.raises(UnusableImageError):
            unpack_layer(io.BytesIO(broken), tmp_path / str(number), digest(content), lambda _: None)


GOOD = archive(
    folder("a"),
    ("a/b", b"content" * 100),
    link("c", "a"),
    hard_link("d", "a/b"),
    ("x" * 150, b"long"),
    ("a/.wh.e", b""),
)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, len(GOOD) - 1), st.integers(0, 255)), min_size=1, max_size=12))
def test_a_damaged_archive_raises_nothing_else(tmp_path: Path, changes: list[tuple[int, int]]) -> None:
    content = bytearray(GOOD)
    for place, value in changes:
        content[place] = value
    target = tmp_path / "tree"
    try:
        unpack(bytes(content), target)
    except (UnusableImageError, OSError):
        pass
    finally:
        remove_folder(target)
        assert list(tmp_path.iterdir()) == []
