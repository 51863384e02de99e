"""What a stack may name is in one folder, whose path stays when the tools change."""

from pathlib import Path

from lab.folder import Folder
from lab.preparation import link_files
from lab.toolchain.build import Toolchain


def tools(folder: Path, *names: str) -> Toolchain:
    for name in names:
        (folder / name).mkdir(parents=True)
        (folder / name / "content").write_text(f"{folder.name}/{name}")
    return Toolchain(bin=folder, files=folder, programs={})


def test_files_follow_the_tools_and_the_certificate_stays(tmp_path: Path) -> None:
    where = Folder("a", tmp_path / "a")
    where.certificate.mkdir(parents=True)
    link_files(where, tools(tmp_path / "old", "istio", "gone"))
    assert (where.files / "gone" / "content").read_text() == "old/gone"
    link_files(where, tools(tmp_path / "new", "istio", "kwok"))
    assert {path.name for path in where.files.iterdir()} == {"istio", "kwok", "certificate"}
    assert (where.files / "istio" / "content").read_text() == "new/istio"
    assert (where.files / "certificate").resolve() == where.certificate


def test_the_tools_own_folder_is_never_written_to(tmp_path: Path) -> None:
    where = Folder("a", tmp_path / "a")
    toolchain = tools(tmp_path / "tools", "istio")
    where.root.mkdir()
    where.files.symlink_to(toolchain.files)
    link_files(where, toolchain)
    assert [path.name for path in toolchain.files.iterdir()] == ["istio"]
    assert not where.files.is_symlink()
    assert (where.files / "istio").is_dir()
