"""The development certificate: accepted by clients that trust its authority, for its hosts, and kept while valid."""

import base64
import socket
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from boutique.certificates.certificate_errors import CertificateError
from boutique.certificates.configured import load_certificate
from boutique.settings.certificate_settings import FilesCertificate, PfxCertificate
from ops.certificates.authority import authority
from ops.certificates.development_certificates import development_certificate, write_pfx
from support import certificate_issuing, paths
from support.certificate_issuing import split_pem
from support.files import replace_file
from tests.support.tls_server import serve_tls

HOST = "shop.localhost"
NAMES = [HOST, f"*.{HOST}"]
NOW = datetime.now(UTC)


@pytest.fixture(autouse=True)
def state_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "certificate"


def greet(port: int, host: str, trusted: Path) -> bytes:
    """Return what a server says to a client that trusts one authority and speaks TLS 1.3 only."""
    context = ssl.create_default_context(cafile=str(trusted))
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    # As Python 3.13 has it by default.
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    with (
        socket.create_connection(("127.0.0.1", port)) as raw,
        context.wrap_socket(raw, server_hostname=host) as connection,
    ):
        return connection.recv(5)


@pytest.mark.parametrize("host", [HOST, f"a-branch.{HOST}"])
def test_who_trusts_the_authority_takes_the_certificate(folder: Path, host: str) -> None:
    development_certificate(folder, [HOST])
    with serve_tls(folder / "tls.crt", folder / "tls.key") as port:
        assert greet(port, host, folder / "ca.crt") == b"hello"


@pytest.mark.parametrize("host", ["localhost", "other.localhost", f"a.b.{HOST}", "shop.example", "127.0.0.1"])
def test_no_other_host_is_taken(folder: Path, host: str) -> None:
    development_certificate(folder, [HOST])
    with (
        serve_tls(folder / "tls.crt", folder / "tls.key") as port,
        pytest.raises(ssl.SSLCertVerificationError, match="mismatch"),
    ):
        greet(port, host, folder / "ca.crt")


@pytest.mark.parametrize("host", ["bank.example", "localhost.example", "127.0.0.1"])
def test_what_the_authority_signs_for_others_is_refused(folder: Path, host: str) -> None:
    development_certificate(folder, [HOST])
    signer = authority([HOST], NOW)
    leaf = certificate_issuing.Leaf("", "stolen", names=(host,))
    certificate, key = split_pem(certificate_issuing.issue(leaf, signer.certificate, signer.key, NOW))
    replace_file(folder / "tls.crt", certificate)
    replace_file(folder / "tls.key", key)
    with (
        serve_tls(folder / "tls.crt", folder / "tls.key") as port,
        pytest.raises(ssl.SSLCertVerificationError, match="subtree violation"),
    ):
        greet(port, host, folder / "ca.crt")


def test_the_program_takes_the_files_and_the_pfx(folder: Path) -> None:
    development_certificate(folder, [HOST])
    files = FilesCertificate(kind="files", chain=str(folder / "tls.crt"), key=str(folder / "tls.key"))
    taken = load_certificate(files, {}, NAMES)
    assert taken.facts.days_left(NOW) >= 89
    assert not taken.warnings
    content = base64.b64encode(write_pfx(folder, "secret").read_bytes()).decode()
    secrets: dict[str, str | None] = {"certificatePfx": content, "certificatePassword": "secret"}
    assert load_certificate(PfxCertificate(kind="pfx"), secrets, NAMES) == taken


def test_only_the_owner_may_read_what_is_secret(folder: Path) -> None:
    development_certificate(folder, [HOST])
    write_pfx(folder, "secret")
    modes = {path.name: path.stat().st_mode & 0o777 for path in (*folder.iterdir(), paths.authority() / "ca.pem")}
    assert modes == {"tls.key": 0o600, "tls.pfx": 0o600, "ca.pem": 0o600, "tls.crt": 0o644, "ca.crt": 0o644}
    assert paths.authority().stat().st_mode & 0o777 == 0o700
    assert not any(b"PRIVATE" in (folder / name).read_bytes() for name in ("tls.crt", "ca.crt"))


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_what_will_do_is_kept(folder: Path) -> None:
    assert development_certificate(folder, [HOST], now=NOW).is_new
    before = contents(folder)
    assert not development_certificate(folder, [HOST], now=NOW + timedelta(days=59)).is_new
    assert contents(folder) == before


@pytest.mark.parametrize(
    ("hosts", "days", "renew"),
    [([HOST], 61, False), (["other.localhost"], 0, False), ([HOST, "other.localhost"], 0, False), ([HOST], 0, True)],
    ids=["less than thirty days left", "another host", "one more host", "asked for"],
)
def test_what_will_not_do_is_made_anew_by_the_same_authority(
    folder: Path, hosts: list[str], days: int, renew: bool
) -> None:
    development_certificate(folder, [HOST], now=NOW)
    before = contents(folder)
    made = development_certificate(folder, hosts, renew=renew, now=NOW + timedelta(days=days))
    assert made.is_new
    assert not made.has_new_authority
    assert {name for name, content in contents(folder).items() if content != before[name]} == {"tls.crt", "tls.key"}


@pytest.mark.parametrize("spoilt", ["tls.crt", "tls.key"])
@pytest.mark.parametrize("content", [None, "", "other"])
def test_what_is_not_whole_is_made_anew(folder: Path, tmp_path: Path, spoilt: str, content: str | None) -> None:
    development_certificate(folder, [HOST])
    if content == "other":
        # As after an end in the middle: one file is of another certificate than the other.
        development_certificate(tmp_path / "other", [HOST])
        (folder / spoilt).write_bytes((tmp_path / "other" / spoilt).read_bytes())
    elif content is None:
        (folder / spoilt).unlink()
    else:
        (folder / spoilt).write_text(content)
    assert development_certificate(folder, [HOST]).is_new
    files = FilesCertificate(kind="files", chain=str(folder / "tls.crt"), key=str(folder / "tls.key"))
    load_certificate(files, {}, NAMES)


def test_one_authority_signs_for_all_folders_until_its_time_runs_out(folder: Path, tmp_path: Path) -> None:
    assert development_certificate(folder, [HOST], now=NOW).has_new_authority
    other = tmp_path / "other"
    assert not development_certificate(other, ["x.test"], now=NOW + timedelta(days=3600)).has_new_authority
    assert (other / "ca.crt").read_bytes() == (folder / "ca.crt").read_bytes()
    late = development_certificate(folder, [HOST], now=NOW + timedelta(days=3621))
    assert late.is_new
    assert late.has_new_authority


def test_an_authority_signs_for_a_host_of_its_own_and_no_other(folder: Path) -> None:
    development_certificate(folder, ["shop.dev.example"])
    development_certificate(folder, ["a.shop.dev.example"])
    with pytest.raises(CertificateError) as caught:
        development_certificate(folder, ["shop.example", HOST])
    assert caught.value.errors == (
        f"'shop.example': the authority in {paths.authority()} may sign for localhost, test, shop.dev.example and "
        "names under them only; take a host there, or remove the folder: a new authority may sign for shop.example, "
        "and has to be trusted anew",
    )


def test_a_damaged_authority_is_named_and_left(folder: Path) -> None:
    development_certificate(folder, [HOST])
    (paths.authority() / "ca.pem").write_text("-----BEGIN CERTIFICATE-----")
    with pytest.raises(CertificateError, match=r"ca\.pem: is damaged; remove it"):
        development_certificate(folder, [HOST])


@pytest.mark.parametrize("host", ["", "Shop.localhost", "*.shop.localhost", "127.0.0.1", "::1", "a_b.test", "a..test"])
def test_what_is_no_name_is_refused(folder: Path, host: str) -> None:
    with pytest.raises(CertificateError, match="must be a DNS name in lower case"):
        development_certificate(folder, [host])
    assert not folder.exists()


def test_a_single_label_gets_no_wildcard_since_browsers_take_none(folder: Path) -> None:
    assert development_certificate(folder, ["localhost"]).names == ("localhost",)
