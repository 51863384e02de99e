"""A certificate of any encoding is read, its chain ordered, and returned in one form."""

import base64
import random
import re
import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from hypothesis import given
from hypothesis import strategies as st

from boutique.certificates.certificate import CheckedCertificate, inspect
from boutique.certificates.certificate_errors import CertificateError
from boutique.certificates.certificate_hosts import uncovered_hosts
from boutique.certificates.configured import load_certificate
from boutique.certificates.reading import CertificateContent
from boutique.settings.certificate_settings import FilesCertificate, PemCertificate, PfxCertificate
from tests.support.certificate_samples import (
    GOOD,
    HOST,
    HOSTS,
    INNER,
    NOW,
    OUTER,
    PASSWORD,
    ROOT,
    Issued,
    Secrets,
    issue,
    leaf,
    pem,
    pfx,
    pfx_with_chain,
)

OPENSSL = shutil.which("openssl")
PFX, PEM = PfxCertificate(kind="pfx"), PemCertificate(kind="pem")


def read(chain: str) -> list[x509.Certificate]:
    return x509.load_pem_x509_certificates(chain.encode())


def mistakes(source: Any, secrets: Secrets) -> list[str]:
    with pytest.raises(CertificateError) as caught:
        load_certificate(source, secrets, HOSTS, NOW)
    return list(caught.value.errors)


def openssl(*arguments: str | Path) -> bytes:
    return subprocess.run(["openssl", *arguments], capture_output=True, check=True).stdout


def assert_is_good(certificate: CheckedCertificate) -> None:
    assert read(certificate.chain) == [sample.certificate for sample in (GOOD, INNER, OUTER)]
    assert certificate.key.startswith("-----BEGIN PRIVATE KEY-----")
    key = serialization.load_pem_private_key(certificate.key.encode(), None)
    assert key.public_key() == GOOD.key.public_key()


@pytest.mark.parametrize(
    ("source", "secrets"),
    [
        (PFX, lambda: pfx_with_chain(GOOD)),
        (PFX, lambda: pfx(GOOD, ROOT, OUTER, INNER, password="")),
        (PFX, lambda: {k: v and re.sub("(.{64})", r"\1\n", v) for k, v in pfx_with_chain(GOOD).items()}),
        (PEM, lambda: pem(GOOD, ROOT, OUTER, INNER)),
        (PEM, lambda: {**pem(GOOD, ROOT, OUTER, INNER, key=GOOD.key_pem("x")), "certificatePassword": "x"}),
        (PEM, lambda: dict.fromkeys(("certificateChain", "certificateKey"), key_and_chain())),
    ],
    ids=["pfx", "pfx without a password", "base64 in lines", "pem", "encrypted key", "all in one pem"],
)
def test_every_source_gives_the_same_certificate(source: Any, secrets: Callable[[], Secrets]) -> None:
    assert_is_good(load_certificate(source, secrets(), HOSTS, NOW))


def key_and_chain() -> str:
    return GOOD.key_pem() + "Bag Attributes\n" + "".join(sample.pem for sample in (GOOD, ROOT, OUTER, INNER))


@pytest.mark.skipif(not OPENSSL, reason="the program openssl is missing")
@pytest.mark.parametrize("encoding", ["PBE-SHA1-3DES", "PBE-SHA1-RC2-40", "PBE-SHA1-RC2-128", "AES-128-CBC"])
def test_a_pfx_is_read_whatever_it_is_encrypted_with(tmp_path: Path, encoding: str) -> None:
    key, certificate, authorities = tmp_path / "key", tmp_path / "certificate", tmp_path / "authorities"
    key.write_text(GOOD.key_pem())
    certificate.write_text(GOOD.pem)
    authorities.write_text(ROOT.pem + OUTER.pem + INNER.pem)
    files = ["-inkey", key, "-in", certificate, "-certfile", authorities]
    options = ["-legacy", "-keypbe", encoding, "-certpbe", encoding, "-macalg", "sha1", "-passout", f"pass:{PASSWORD}"]
    made = openssl("pkcs12", "-export", *files, *options)
    secrets = {"certificatePfx": base64.b64encode(made).decode(), "certificatePassword": PASSWORD}
    assert_is_good(load_certificate(PFX, secrets, HOSTS, NOW))


def test_files_are_read_when_the_certificate_is_asked_for(tmp_path: Path) -> None:
    chain, key = tmp_path / "tls.crt", tmp_path / "tls.key"
    chain.write_text("".join(sample.pem for sample in (GOOD, ROOT, OUTER, INNER)))
    key.write_text(GOOD.key_pem())
    source = FilesCertificate(kind="files", chain=str(chain), key=str(key))
    assert_is_good(load_certificate(source, {}, HOSTS, NOW))
    key.unlink()
    assert mistakes(source, {}) == [
        f'boutique:platform.ingress.certificate.key: "{key}": cannot be read: No such file or directory'
    ]


@pytest.mark.skipif(not OPENSSL, reason="the program openssl is missing")
def test_what_is_told_of_a_certificate_is_what_openssl_tells(tmp_path: Path) -> None:
    facts = load_certificate(PFX, pfx_with_chain(GOOD), HOSTS, NOW).facts
    file = tmp_path / "leaf.pem"
    file.write_text(GOOD.pem)
    lines = openssl("x509", "-in", file, "-noout", "-fingerprint", "-sha256", "-dates").decode().splitlines()
    assert lines[0].lower() == f"sha256 fingerprint={facts.fingerprint}".lower()
    assert lines[1:] == ["notBefore=May 31 12:00:00 2026 GMT", "notAfter=Aug 30 12:00:00 2026 GMT"]
    assert facts.to_dict() == {
        "subject": f"CN={HOST}",
        "names": list(HOSTS),
        "issuers": ["CN=Inner", "CN=Outer", "CN=Root"],
        "notBefore": "2026-05-31T12:00:00+00:00",
        "notAfter": "2026-08-30T12:00:00+00:00",
        "key": "ECDSA P-256",
        "fingerprint": facts.fingerprint,
    }
    assert facts.days_left(NOW) == 90


@given(st.permutations(range(4)), st.integers(0, 3), st.booleans())
def test_a_chain_is_put_in_order_whatever_order_the_file_has(order: list[int], again: int, with_root: bool) -> None:
    heap = [(ROOT, OUTER, INNER, GOOD)[index] for index in order]
    heap.append(heap[again])
    heap = [sample for sample in heap if with_root or sample is not ROOT]
    secrets = {"certificateChain": "".join(sample.pem for sample in heap), "certificateKey": GOOD.key_pem()}
    assert_is_good(load_certificate(PEM, secrets, HOSTS, NOW))


@given(st.integers(1, 8), st.randoms(use_true_random=False))
def test_chains_of_any_length_are_put_in_order(length: int, chance: random.Random) -> None:
    path = ladder()[:length]
    server = issue(HOST, path[-1], hosts=HOSTS)
    heap = [server, *path]
    chance.shuffle(heap)
    secrets = {"certificateChain": "".join(sample.pem for sample in heap), "certificateKey": server.key_pem()}
    sent = read(load_certificate(PEM, secrets, HOSTS, NOW).chain)
    assert sent == [sample.certificate for sample in (server, *reversed(path[1:]))]


@cache
def ladder() -> list[Issued]:
    """Return a root and authorities, each issued by the one before, two of them of the same name."""
    path = [issue("Root")]
    for number in range(8):
        path.append(issue(f"Authority {number // 2}", path[-1]))
    return path


def test_a_root_that_another_root_certified_is_the_end_of_the_chain() -> None:
    root, old = issue("Root"), issue("Old")
    crossed = issue("Root", old, key=root.key)
    server = issue(HOST, root, hosts=HOSTS)
    for heap in ((server, root, crossed), (server, crossed, root), (server, crossed, old, root)):
        assert read(load_certificate(PEM, pem(*heap), HOSTS, NOW).chain) == [server.certificate]


@given(st.permutations(range(5)), st.booleans())
def test_an_expired_way_beside_a_good_one_is_left_out(order: list[int], is_crossed_expired: bool) -> None:
    past = {"begins": timedelta(days=-900), "ends": timedelta(days=-9)}
    root, old = issue("Root"), issue("Old", **past)
    crossed = issue("Root", old, key=root.key, **(past if is_crossed_expired else {}))
    inner = issue("Inner", root)
    server = issue(HOST, inner, hosts=HOSTS)
    heap = [(server, root, old, crossed, inner)[index] for index in order]
    secrets = {"certificateChain": "".join(sample.pem for sample in heap), "certificateKey": server.key_pem()}
    assert read(load_certificate(PEM, secrets, HOSTS, NOW).chain) == [server.certificate, inner.certificate]


def test_an_authority_that_was_renewed_is_sent_as_it_is_valid_now() -> None:
    outer = issue("Outer", ROOT)
    later = issue("Outer", ROOT, key=outer.key, begins=timedelta(days=9), ends=timedelta(days=900))
    server = issue(HOST, outer, hosts=HOSTS)
    assert read(load_certificate(PEM, pem(server, later, outer, ROOT), HOSTS, NOW).chain) == [
        server.certificate,
        outer.certificate,
    ]


def test_of_two_certificates_with_one_key_the_newer_is_taken() -> None:
    old = leaf(name="old", ends=timedelta(days=10))
    new = leaf(name="new", key=old.key, begins=timedelta())
    assert load_certificate(PEM, pem(old, new, ROOT, OUTER, INNER), HOSTS, NOW).facts.subject == "CN=new"


def test_of_two_certificates_with_one_key_the_one_that_is_valid_is_taken() -> None:
    new = leaf(name="new", begins=timedelta(days=1))
    old = leaf(name="old", key=new.key)
    assert load_certificate(PEM, pem(new, old, ROOT, OUTER, INNER), HOSTS, NOW).facts.subject == "CN=old"


def test_without_a_key_the_servers_own_is_the_one_that_is_no_authority() -> None:
    heap = tuple(sample.certificate for sample in (issue("Stranger"), ROOT, INNER, OUTER, GOOD))
    inspection = inspect(CertificateContent(heap, None, "heap", "heap"), HOSTS, NOW, with_key=False)
    assert inspection.facts.subject == f"CN={HOST}"
    assert inspection.chain.sent == tuple(sample.certificate for sample in (GOOD, INNER, OUTER))


def test_an_expired_certificate_does_not_end_soon_as_well() -> None:
    expired = leaf(begins=timedelta(days=-9), ends=timedelta(days=-1))
    content = CertificateContent(
        tuple(sample.certificate for sample in (expired, INNER, OUTER)), expired.key, "some", "some"
    )
    inspection = inspect(content, HOSTS, NOW)
    assert len(inspection.expired) == 1
    assert not inspection.errors
    assert not inspection.warnings


def test_what_would_move_a_terminals_cursor_is_not_shown() -> None:
    certificate = issue("a\x1b[2Jb\nc", hosts=["\x1b[2J.example"])
    facts = inspect(CertificateContent((certificate.certificate,), None, "", ""), (), NOW, with_key=False).facts
    assert facts.subject == "CN=a\ufffd[2Jb\ufffdc"
    assert facts.names == ("\ufffd[2J.example",)


def test_a_self_signed_certificate_is_its_own_chain() -> None:
    alone = issue(HOST, hosts=HOSTS)
    assert read(load_certificate(PEM, pem(alone), HOSTS, NOW).chain) == [alone.certificate]


@pytest.mark.parametrize(("left", "warned"), [(timedelta(days=30), False), (timedelta(days=29, hours=23), True)])
def test_a_certificate_that_ends_within_thirty_days_is_warned_of(left: timedelta, warned: bool) -> None:
    warnings = load_certificate(PFX, pfx_with_chain(leaf(ends=left)), HOSTS, NOW).warnings
    message = f"boutique:certificatePfx: 'CN={HOST}' expires on 2026-07-01 11:00 UTC, in 29 days; renew it"
    assert warnings == ((message,) if warned else ())


@pytest.mark.parametrize(
    ("host", "names", "covered"),
    [
        ("shop.example", ["shop.example"], True),
        ("shop.example", ["SHOP.example"], True),
        ("SHOP.example", ["shop.example"], True),
        ("shop.example", ["*.example.com", "*.shop.example"], False),
        ("a.shop.example", ["*.shop.example"], True),
        ("a.b.shop.example", ["*.shop.example"], False),
        (".shop.example", ["*.shop.example"], False),
        ("*.shop.example", ["*.shop.example"], True),
        ("*.shop.example", ["shop.example", "a.shop.example"], False),
        ("*.a.shop.example", ["*.shop.example"], False),
        ("shop.localhost", ["*.localhost"], False),
        ("*.localhost", ["*.localhost"], False),
        ("*", ["*"], False),
        ("ab.shop.example", ["a*.shop.example"], False),
        ("shop.example.evil", ["shop.example"], False),
        ("127.0.0.1", ["127.0.0.1"], True),
        ("::1", ["0:0:0:0:0:0:0:1"], True),
        ("1.2.3.4", ["*.2.3.4"], False),
    ],
)
def test_a_name_covers_a_host_as_browsers_have_it(host: str, names: list[str], covered: bool) -> None:
    assert uncovered_hosts([host], names) == ([] if covered else [host])


@pytest.mark.skipif(not OPENSSL, reason="the program openssl is missing")
def test_a_root_may_be_signed_with_sha1(tmp_path: Path) -> None:
    key, signer, root, request = (tmp_path / name for name in ("key", "signer", "root", "request"))
    key.write_text(GOOD.key_pem())
    signer.write_text(ROOT.key_pem())
    names = tmp_path / "names"
    names.write_text(f"subjectAltName=DNS:{HOST},DNS:*.{HOST}")
    openssl("req", "-x509", "-sha1", "-key", signer, "-subj", "/CN=Old", "-days", "90", "-out", root)
    openssl("req", "-new", "-key", key, "-subj", f"/CN={HOST}", "-out", request)
    signing = ("x509", "-req", "-in", request, "-CA", root, "-CAkey", signer, "-days", "90", "-extfile", names)
    now = datetime.now(UTC) + timedelta(minutes=1)
    chain = openssl(*signing, "-sha256").decode() + root.read_text()
    secrets = {"certificateChain": chain, "certificateKey": GOOD.key_pem()}
    assert len(read(load_certificate(PEM, secrets, HOSTS, now).chain)) == 1
