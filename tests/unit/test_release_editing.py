"""Changing a key of a stack's file: what is changed, and that nothing else is."""

import os
from pathlib import Path

import pytest
import yaml

from ops.errors import OperationError
from ops.releases.stack_file import StackFile
from ops.releases.yaml_edits import edit_config
from tests.support.online_boutique import PROJECT, write_project

TEXT = """# head
config:
  # about the release
  boutique:release:
    default: v0.10.6  # of all
    services:
      adservice: "v1.0.0"   # quoted
      cartservice: v1.0.1
  # about the environment
  boutique:environment: {features: {},   services: {loadgenerator: {enabled: false}}}

  # about the cluster
  boutique:cluster:
      kind: stack
      name:   nonprod
# tail
encryptionsalt: v1:abc=
"""
SHARED_CRLF = "config:\r\n  boutique:release: &release\r\n    default: v1.0.0\r\n  boutique:other: *release\r\n"


def edit_release(release: object) -> str:
    return edit_config(TEXT, {"boutique:release": release})


def test_one_version_is_one_line() -> None:
    services = {"adservice": "v1.0.0", "cartservice": "v1.0.1"}
    assert edit_release({"default": "v0.10.7", "services": services}) == TEXT.replace("v0.10.6 ", "v0.10.7 ")


def test_what_goes_takes_no_comment_of_others_with_it() -> None:
    now = edit_release({"default": "v0.10.6"})
    assert now == TEXT.replace('    services:\n      adservice: "v1.0.0"   # quoted\n      cartservice: v1.0.1\n', "")


def test_what_is_new_comes_behind_what_is_there() -> None:
    services = {"adservice": "v1.0.0", "cartservice": "v1.0.1", "frontend": "v2.0.0"}
    now = edit_release({"default": "v0.10.6", "services": services})
    assert now == TEXT.replace("v1.0.1\n", "v1.0.1\n      frontend: v2.0.0\n")


def test_a_key_is_removed_and_added() -> None:
    without = edit_release(None)
    assert "boutique:release" not in without
    assert "# about the environment" in without
    again = edit_config(without, {"boutique:release": {"default": "v3.0.0"}})
    assert yaml.safe_load(again)["config"]["boutique:release"] == {"default": "v3.0.0"}
    assert again.endswith("  boutique:release:\n    default: v3.0.0\n# tail\nencryptionsalt: v1:abc=\n")


CRLF = TEXT.replace("\n", "\r\n")
RELEASES = [
    {"default": "v0.10.7", "services": {"adservice": "v1.0.0", "frontend": "v2.0.0"}},
    {"default": "v0.10.6"},
    {},
    None,
]


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("head", ["", "\ufeff"], ids=["", "byte order mark"])
@pytest.mark.parametrize("tail", ["", "\r\n"], ids=["no last line end", ""])
def test_line_ends_stay_as_they_are(release: object, head: str, tail: str) -> None:
    before = head + CRLF.removesuffix("\r\n") + tail
    assert (
        edit_config(before, {"boutique:release": release})
        == head + edit_release(release).replace("\n", "\r\n").removesuffix("\r\n") + tail
    )


@pytest.mark.parametrize("key", ["boutique:cluster", "boutique:new"])
def test_a_change_at_the_end_of_a_file_adds_no_line_end(key: str) -> None:
    text = "config:\r\n  boutique:cluster:\r\n    name: a"
    now = edit_config(text, {key: {"name": "b"}})
    last = f"  {key}:\r\n    name: b"
    assert now == (f"config:\r\n{last}" if key == "boutique:cluster" else f"{text}\r\n{last}")


def test_of_a_file_with_both_line_ends_other_lines_stay_as_they_are() -> None:
    text = TEXT.replace("# head\n", "# head\r\n").replace("\n# tail\n", "\r\n# tail\r\n")
    now = edit_config(text, {"boutique:release": {"default": "v0.10.7"}})
    assert now == edit_release({"default": "v0.10.7"}).replace("# head\n", "# head\r\n").replace(
        "\n# tail\n", "\r\n# tail\r\n"
    )


@pytest.mark.parametrize("text", ["config: {a: 1}\r\n# tail\r\n", "config: {}\r\n", SHARED_CRLF])
def test_line_ends_stay_also_where_the_file_has_to_be_written_anew(text: str) -> None:
    now = edit_config(text, {"boutique:release": {"default": "v0.10.7"}})
    assert now.count("\n") == now.count("\r\n") > 0


@pytest.mark.parametrize(
    "text",
    ["", "config: {}\n", "config:\n", "config: {a: 1}\n", "encryptionsalt: x\n", "config:\n  a: |\n    b\n\n    c\n"],
)
def test_every_shape_of_file_takes_a_key(text: str) -> None:
    before = yaml.safe_load(text) or {}
    after = yaml.safe_load(edit_config(text, {"k": {"l": [1, {"m": "n"}]}}))
    assert after == {**before, "config": {**(before.get("config") or {}), "k": {"l": [1, {"m": "n"}]}}}


def test_the_last_key_may_go() -> None:
    assert yaml.safe_load(edit_config("config:\n  a: 1\n", {"a": None})) == {"config": {}}


@pytest.mark.parametrize("offset", ["", "  "])
def test_lists_keep_their_indentation(offset: str) -> None:
    text = f"config:\n  a:\n    list:\n    {offset}- one\n    {offset}- two\n    other: 1\n"
    assert edit_config(text, {"a": {"list": ["one", "two"], "other": 2}}) == text.replace("other: 1", "other: 2")


@pytest.fixture
def file(tmp_path: Path) -> StackFile:
    write_project(tmp_path)
    (tmp_path / "Pulumi.dev.yaml").write_text(TEXT)
    return StackFile.read(tmp_path, "organization/boutique/dev")


def test_writing_keeps_the_mode_and_leaves_nothing_behind(file: StackFile) -> None:
    file.path.chmod(0o640)
    new = file.with_values({"release": {"default": "v0.10.7"}})
    assert file.is_on_disk()
    new.write()
    assert new.is_on_disk()
    assert not file.is_on_disk()
    assert file.path.stat().st_mode & 0o777 == 0o640
    assert sorted(path.name for path in file.path.parent.iterdir()) == ["Pulumi.dev.yaml", "Pulumi.yaml", "application"]


def test_only_what_changes_is_written_of_a_file_with_other_line_ends(file: StackFile) -> None:
    file.path.write_bytes(CRLF.encode())
    read = StackFile.read(file.path.parent, "dev")
    assert read.is_on_disk()
    read.replace_with(read.with_values({"release": {"default": "v0.10.7"}}))
    assert file.path.read_bytes() == edit_release({"default": "v0.10.7"}).replace("\n", "\r\n").encode()


def test_a_write_that_fails_leaves_the_file_as_it_was(file: StackFile, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        file.with_values({"release": None}).write()
    assert file.is_on_disk()
    assert sorted(path.name for path in file.path.parent.iterdir()) == ["Pulumi.dev.yaml", "Pulumi.yaml", "application"]


def test_a_link_to_the_file_stays_one(file: StackFile, tmp_path: Path) -> None:
    real = tmp_path / "real.yaml"
    file.path.rename(real)
    file.path.symlink_to(real)
    file.with_values({"release": None}).write()
    assert file.path.is_symlink()
    assert "boutique:release" not in real.read_text()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("config: [", "is not YAML"),
        ("- a\n", "must be a mapping"),
        ("config: []\n- b", "is not YAML"),
        ("config: [a]\n", "config: must"),
    ],
)
def test_what_is_no_stack_file_is_named(tmp_path: Path, text: str, message: str) -> None:
    write_project(tmp_path)
    (tmp_path / "Pulumi.dev.yaml").write_text(text)
    with pytest.raises(OperationError, match=message):
        StackFile.read(tmp_path, "dev")


def test_objects_as_pulumi_writes_them_are_read(tmp_path: Path) -> None:
    write_project(tmp_path, f"{PROJECT}stackConfigDir: stacks\n")
    (tmp_path / "stacks").mkdir()
    path = tmp_path / "stacks/Pulumi.dev.yaml"
    path.write_text(
        'config:\n  boutique:release: \'{"default": "v1.0.0"}\'\n  other:a: b\n  boutique:certificateKey: {secure: x}\n'
    )
    stack_file = StackFile.read(tmp_path, "dev")
    assert stack_file.config == {"release": {"default": "v1.0.0"}, "certificateKey": {"secure": "x"}}
    assert stack_file.values == (
        {"application": "online-boutique", "release": {"default": "v1.0.0"}, "certificateKey": True},
        [],
    )


def test_a_secret_in_a_section_is_a_mistake_and_is_not_shown(tmp_path: Path) -> None:
    write_project(tmp_path)
    (tmp_path / "Pulumi.dev.yaml").write_text(
        "config:\n  boutique:release: {services: {adservice: {secure: canary}}}\n"
    )
    values, [mistake] = StackFile.read(tmp_path, "dev").values
    assert values == {"application": "online-boutique", "release": None}
    assert "boutique:release: holds a secret" in mistake
    assert "canary" not in mistake


SHARED = """config:
  boutique:release: &release
    default: v0.10.6  # of all
  boutique:other: *release
  boutique:services: &services {adservice: v1.0.0}
  # the last
  boutique:environment:
    services: *services
"""


@pytest.mark.parametrize(
    "key", ["boutique:release", "boutique:other", "boutique:services", "boutique:environment", "boutique:new"]
)
def test_what_keys_share_changes_for_the_one_that_is_meant(key: str) -> None:
    now = edit_config(SHARED, {key: {"default": "v0.10.7"}})
    before = yaml.safe_load(SHARED)["config"]
    assert yaml.safe_load(now)["config"] == {**before, key: {"default": "v0.10.7"}}
    assert "# the last" in now


@pytest.mark.parametrize("value", [{"A": "off"}, {"A": "0o17"}, {"A": "1:30"}, {"A": "2026-01-01"}, {"A": "~"}])
def test_a_word_stays_a_word(value: dict[str, str]) -> None:
    now = edit_config("config:\n  boutique:release: {A: b}\n", {"boutique:release": value})
    assert yaml.safe_load(now) == {"config": {"boutique:release": value}}


def test_what_changes_nothing_that_is_read_is_refused() -> None:
    with pytest.raises(OperationError, match="boutique:release: cannot be changed without"):
        edit_config("config:\n  boutique:release: a\nconfig:\n  boutique:release: b\n", {"boutique:release": "c"})


def test_a_key_that_is_there_twice_is_refused() -> None:
    with pytest.raises(OperationError, match=r"the file cannot be edited: .*duplicate key"):
        edit_config("config:\n  boutique:release: {a: 1, a: 2}\n", {"boutique:release": {"a": 3}})
