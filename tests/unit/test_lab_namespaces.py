from pathlib import Path

import pytest

from lab.errors import LabError
from lab.supervision import namespaces


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PATH with nothing in it but what the test puts there."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


@pytest.fixture
def forbid_namespaces(programs: Path) -> None:
    fake = programs / "unshare"
    fake.write_text("#!/bin/sh\necho 'unshare: unshare failed: Operation not permitted' >&2\nexit 1\n")
    fake.chmod(0o755)


def setting(tmp_path: Path, name: str, value: str) -> Path:
    path = tmp_path / "sys" / name.replace(".", "/")
    path.parent.mkdir(parents=True)
    path.write_text(f"{value}\n")
    return tmp_path / "sys"


@pytest.mark.usefixtures("forbid_namespaces")
@pytest.mark.parametrize(
    ("name", "value", "remedy"),
    [
        ("kernel.unprivileged_userns_clone", "0", "sudo sysctl -w kernel.unprivileged_userns_clone=1"),
        ("user.max_user_namespaces", "0", "sudo sysctl -w user.max_user_namespaces=15000"),
        (
            "kernel.apparmor_restrict_unprivileged_userns",
            "1",
            "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0",
        ),
    ],
)
def test_setting_that_forbids_is_named_with_its_remedy(tmp_path: Path, name: str, value: str, remedy: str) -> None:
    with pytest.raises(LabError) as caught:
        namespaces.check(setting(tmp_path, name, value))
    assert "Operation not permitted" in str(caught.value)
    assert str(caught.value).endswith(remedy)


@pytest.mark.usefixtures("forbid_namespaces")
def test_setting_that_allows_is_not_blamed(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="no kernel setting says why"):
        namespaces.check(setting(tmp_path, "user.max_user_namespaces", "9000"))


@pytest.mark.usefixtures("programs")
def test_missing_program_is_named_with_its_package() -> None:
    with pytest.raises(LabError, match="util-linux"):
        namespaces.check()
