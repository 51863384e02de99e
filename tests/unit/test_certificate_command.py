"""`boutique certificate`: what it makes, what it shows, and its exit codes."""

import json
import socket
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from ops import cli
from ops.certificates import handshake
from ops.commands.certificate import app
from tests.support.certificate_samples import issue
from tests.support.tls_server import serve_plaintext, serve_tls

HOST = "shop.localhost"


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)


def run(*arguments: str | Path, stdin: str | None = None) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments], input=stdin)


def inspect_certificates(*arguments: str | Path) -> list[dict[str, Any]]:
    result = run("show", "--json", *arguments)
    content: list[dict[str, Any]] = json.loads(result.stdout)
    assert result.exit_code == (3 if any(entry["mistakes"] for entry in content) else 0)
    return content


def test_it_makes_a_certificate_and_says_how_to_trust_it_without_doing_so(tmp_path: Path) -> None:
    result = run("make", "--host", HOST)
    assert result.exit_code == 0
    assert "new certificate for shop.localhost, *.shop.localhost, until " in result.stdout
    assert "curl --cacert certificate/ca.crt https://shop.localhost" in result.stdout
    for program in ("Debian", "Fedora", "macOS", "Chromium", "Firefox"):
        assert program in result.stdout
    assert sorted(path.name for path in (tmp_path / "certificate").iterdir()) == ["ca.crt", "tls.crt", "tls.key"]
    assert "kept the certificate for" in run("make", "--host", HOST).stdout
    assert "new certificate for" in run("make", "--host", HOST, "--renew").stdout


def test_a_path_with_a_space_can_be_copied_from_what_it_says() -> None:
    assert "curl --cacert 'my folder/ca.crt' https://" in run("make", "--out", "my folder").stdout


def test_a_pfx_has_the_password_of_the_file_or_the_prompt(tmp_path: Path) -> None:
    password = tmp_path / "password"
    password.write_text("secret\n")
    assert "a PFX needs a password" in run("make", "--pfx").output
    assert run("make", "--pfx", "--password-file", password).exit_code == 0
    [report] = inspect_certificates("certificate/tls.pfx", "--password-file", password)
    assert report["privateKey"]
    assert run("make", "--pfx", "--password-prompt", stdin="other\nother\n").exit_code == 0
    assert run("show", "certificate/tls.pfx", "--password-prompt", stdin="other\n").exit_code == 0
    [report] = inspect_certificates("certificate/tls.pfx", "--password-file", password)
    assert report["mistakes"] == [
        "--password-file: is not the password of the PFX in certificate/tls.pfx; set the one that it was exported with"
    ]


def test_it_shows_what_a_file_is_for() -> None:
    run("make", "--host", HOST)
    [report] = inspect_certificates(
        "certificate/tls.crt", "--host", HOST, "--host", f"*.{HOST}", "--key", "certificate/tls.key"
    )
    assert report["names"] == [HOST, f"*.{HOST}"]
    assert report["hosts"] == {HOST: True, f"*.{HOST}": True}
    assert report["issuers"] == ["CN=Boutique development authority"]
    assert report["daysLeft"] == 89
    assert report["privateKey"]
    text = run("show", "certificate/tls.crt").stdout
    for expected in ("certificate/tls.crt", "  names       shop.localhost, *.shop.localhost", "days left   89"):
        assert expected in text


def test_what_is_wrong_with_several_is_told_of_each(tmp_path: Path) -> None:
    run("make", "--host", HOST)
    run("make", "--host", HOST, "--out", "other")
    old = issue("old", hosts=[HOST], now=datetime.now(UTC), ends=timedelta(seconds=-1), begins=timedelta(days=-1))
    (tmp_path / "old.pem").write_text(old.key_pem() + old.pem)
    (tmp_path / "empty").touch()
    arguments = ["certificate/tls.crt", "old.pem", "empty", "none", "--host", HOST, "--key", "other/tls.key"]
    errors = [report["mistakes"] for report in inspect_certificates(*arguments)]
    assert [len(messages) for messages in errors] == [1, 2, 1, 1]
    assert errors[0][0].startswith("other/tls.key: is not the key of 'CN=Boutique development certificate' in")
    assert errors[1][1].startswith("old.pem: 'CN=old' expired on")
    assert errors[2] == ["empty: is no PFX (PKCS #12) file, or a damaged one; export it again"]
    assert errors[3] == ["none: No such file or directory"]
    assert "error: none: No such file or directory" in run("show", "none").stdout


def test_a_servers_certificate_is_the_one_for_the_host_that_is_asked_for() -> None:
    run("make", "--host", HOST)
    run("make", "--host", "other.localhost", "--out", "other")
    files = [Path(folder) / name for folder in ("certificate", "other") for name in ("tls.crt", "tls.key")]
    with serve_tls(files[0], files[1], other=(files[2], files[3])) as port:
        [report] = inspect_certificates(f"{HOST}:{port}")
        assert report["hosts"] == {HOST: True}
        assert report["protocol"] == "TLSv1.3"
        assert report["issuers"] == ["CN=Boutique development authority"]
        assert not report["privateKey"]
        [named] = inspect_certificates(f"127.0.0.1:{port}", "--servername", "other.localhost")
        assert named["hosts"] == {"other.localhost": True}
        [wrong] = inspect_certificates(f"127.0.0.1:{port}")
        assert wrong["mistakes"][0].startswith(
            f"127.0.0.1:{port}: 'CN=Boutique development certificate' is not valid for 127.0.0.1, only for"
        )


def test_a_server_need_not_send_the_root(tmp_path: Path) -> None:
    root = issue("root", now=datetime.now(UTC))
    own = issue("own", root, hosts=[HOST], now=datetime.now(UTC))
    (tmp_path / "own.pem").write_text(own.pem)
    (tmp_path / "own.key").write_text(own.key_pem())
    with serve_tls(tmp_path / "own.pem", tmp_path / "own.key") as port:
        [served] = inspect_certificates(f"{HOST}:{port}")
    assert served["mistakes"] == []
    [file] = inspect_certificates("own.pem")
    assert "add it, even if it is the root" in file["mistakes"][0]


def test_a_server_that_speaks_no_tls_is_named() -> None:
    with serve_plaintext(b"HTTP/1.1 400 Bad Request\r\n\r\n") as port:
        [report] = inspect_certificates(f"127.0.0.1:{port}")
    assert report["mistakes"] == [f"127.0.0.1:{port}: no TLS for '127.0.0.1': wrong version number"]


def test_a_server_that_hangs_up_is_named() -> None:
    with serve_plaintext(b"") as port:
        [report] = inspect_certificates(f"localhost:{port}")
    assert report["mistakes"][0].startswith(f"localhost:{port}: no TLS for 'localhost': ")


def test_a_server_that_says_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handshake, "_TIMEOUT_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        [report] = inspect_certificates(f"127.0.0.1:{silent.getsockname()[1]}")
    assert report["mistakes"][0].endswith("cannot be reached: no answer in time")


def test_a_server_that_is_not_there_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    [report] = inspect_certificates(f"127.0.0.1:{port}")
    assert report["mistakes"] == [f"127.0.0.1:{port}: cannot be reached: Connection refused"]
    [report] = inspect_certificates("127.0.0.1:99999")
    assert report["mistakes"][0].startswith("127.0.0.1:99999: cannot be reached: ")


def test_a_mistake_is_one_line_and_no_stack_trace(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["boutique", "certificate", "make", "--host", "127.0.0.1"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 1
    assert capsys.readouterr().err == (
        "error: '127.0.0.1': must be a DNS name in lower case such as shop.localhost; "
        "names under it are covered with it\n"
    )
