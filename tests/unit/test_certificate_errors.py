"""Every certificate that cannot be used is refused, with what is wrong, where, and what to do about it."""

import base64
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat, pkcs12

from boutique.certificates.certificate_errors import CertificateError
from boutique.certificates.configured import load_certificate
from boutique.settings.certificate_settings import PemCertificate, PfxCertificate
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

PFX, PEM = PfxCertificate(kind="pfx"), PemCertificate(kind="pem")
STRANGER = issue("Stranger")
WEAK = rsa.generate_private_key(65537, 1024)  # noqa: S505 - to be refused


def mistakes(source: Any, secrets: Secrets) -> list[str]:
    with pytest.raises(CertificateError) as caught:
        load_certificate(source, secrets, HOSTS, NOW)
    return list(caught.value.errors)


def without_key(*certificates: Issued) -> str:
    encryption = BestAvailableEncryption(PASSWORD.encode())
    held = [certificate.certificate for certificate in certificates]
    return base64.b64encode(pkcs12.serialize_key_and_certificates(None, None, None, held, encryption)).decode()


def only_key(owner: Issued) -> str:
    encryption = BestAvailableEncryption(PASSWORD.encode())
    return base64.b64encode(pkcs12.serialize_key_and_certificates(None, owner.key, None, None, encryption)).decode()


def with_expired_authority() -> Secrets:
    short = issue("Short", ROOT, ends=timedelta(hours=-24), begins=timedelta(days=-9))
    return pfx(issue(HOST, short, hosts=HOSTS), short, ROOT)


BAD: dict[str, tuple[Any, Callable[[], Secrets], list[str]]] = {
    "no base64": (
        PFX,
        lambda: {"certificatePfx": "not base64!", "certificatePassword": PASSWORD},
        ["boutique:certificatePfx: is not base64; set it again with `base64 -w0 FILE.pfx | pulumi config set --secret"],
    ),
    "no PFX": (
        PFX,
        lambda: {"certificatePfx": "bm8gUEZY", "certificatePassword": PASSWORD},
        ["boutique:certificatePfx: is no PFX (PKCS #12) file, or a damaged one; export it again"],
    ),
    "wrong password": (
        PFX,
        lambda: {**pfx_with_chain(GOOD), "certificatePassword": "canary-of-a-wrong-password"},
        [
            "boutique:certificatePassword: is not the password of the PFX in boutique:certificatePfx; "
            "set the one that it was exported with"
        ],
    ),
    "password missing": (
        PFX,
        lambda: {**pfx_with_chain(GOOD), "certificatePassword": None},
        [
            "boutique:certificatePassword: is missing, and the PFX in boutique:certificatePfx has a password; "
            "set the one that it was exported with"
        ],
    ),
    "PFX without a key": (
        PFX,
        lambda: {"certificatePfx": without_key(GOOD, ROOT, OUTER, INNER), "certificatePassword": PASSWORD},
        ["boutique:certificatePfx: holds no private key; export it again with its key"],
    ),
    "PFX without a certificate": (
        PFX,
        lambda: {"certificatePfx": only_key(GOOD), "certificatePassword": PASSWORD},
        ["boutique:certificatePfx: holds no certificate; export it again with its certificate and its key"],
    ),
    "no certificate in PEM": (
        PEM,
        lambda: {"certificateChain": GOOD.key_pem(), "certificateKey": GOOD.key_pem()},
        ["boutique:certificateChain: holds no certificate in PEM form; it has to have a line -----BEGIN CERTIFICATE"],
    ),
    "damaged certificate and no key in PEM": (
        PEM,
        lambda: {"certificateChain": GOOD.pem.replace("M", "A"), "certificateKey": GOOD.pem},
        [
            "boutique:certificateChain: holds a certificate that cannot be read; export it again",
            "boutique:certificateKey: holds no private key in PEM form, or a damaged one; it has to have a line",
        ],
    ),
    "key with a password that is missing": (
        PEM,
        lambda: pem(GOOD, ROOT, OUTER, INNER, key=GOOD.key_pem("x")),
        [
            "boutique:certificatePassword: is missing, and the key in boutique:certificateKey has a password; "
            "set it, or give the key without one"
        ],
    ),
    "key with another password": (
        PEM,
        lambda: {**pem(GOOD, ROOT, OUTER, INNER, key=GOOD.key_pem("x")), "certificatePassword": "y"},
        ["boutique:certificatePassword: is not the password of the key in boutique:certificateKey; set the right one"],
    ),
    "key without the password that is given": (
        PEM,
        lambda: {**pem(GOOD, ROOT, OUTER, INNER), "certificatePassword": "x"},
        ["boutique:certificatePassword: the key in boutique:certificateKey has no password; remove this one"],
    ),
    "key of another certificate": (
        PEM,
        lambda: pem(GOOD, ROOT, OUTER, INNER, key=leaf().key_pem()),
        [
            f"boutique:certificateKey: is not the key of 'CN={HOST}' in boutique:certificateChain; "
            "give the key that this certificate was requested with"
        ],
    ),
    "issuer missing": (
        PFX,
        lambda: pfx(GOOD),
        [
            f"boutique:certificatePfx: the certificate of 'CN=Inner', which issued 'CN={HOST}', is missing; "
            "add it, even if it is the root"
        ],
    ),
    "gap in the chain": (
        PFX,
        lambda: pfx(GOOD, ROOT, OUTER),
        [
            f"boutique:certificatePfx: the certificate of 'CN=Inner', which issued 'CN={HOST}', is missing",
        ],
    ),
    "authority of the same name and another key": (
        PFX,
        lambda: pfx(GOOD, issue("Inner", OUTER), ROOT, OUTER),
        [
            "boutique:certificatePfx: the certificate of 'CN=Inner', which issued",
        ],
    ),
    "not yet valid": (
        PFX,
        lambda: pfx_with_chain(leaf(begins=timedelta(days=3))),
        [
            f"boutique:certificatePfx: 'CN={HOST}' is not valid before 2026-06-04 12:00 UTC, in 3 days; "
            "take one that is valid today, or set this machine's clock"
        ],
    ),
    "host not covered": (
        PFX,
        lambda: pfx_with_chain(leaf(hosts=["other.example", f"*.{HOST}"])),
        [
            f"boutique:certificatePfx: 'CN={HOST}' is not valid for {HOST}, only for other.example, *.{HOST}; "
            "request one that has every host as a subject alternative name"
        ],
    ),
    "no host covered": (
        PFX,
        lambda: pfx_with_chain(leaf(hosts=["shop.example.com"])),
        [f"boutique:certificatePfx: 'CN={HOST}' is not valid for {HOST} or *.{HOST}, only for shop.example.com; "],
    ),
    "everything at once": (
        PEM,
        lambda: pem(
            leaf(hosts=["other.example"], ends=timedelta(hours=-1)),
            issue("Stranger"),
            key=GOOD.key_pem(),
        ),
        [
            f"boutique:certificateKey: is not the key of 'CN={HOST}'",
            "boutique:certificateChain: the certificate of 'CN=Inner', which issued",
            f"boutique:certificateChain: 'CN={HOST}' is not valid for",
        ],
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_a_certificate_that_cannot_be_used_is_refused_with_key_and_remedy(case: str) -> None:
    source, secrets, expected = BAD[case]
    messages = mistakes(source, secrets())
    assert len(messages) == len(expected), messages
    for line, beginning in zip(messages, expected, strict=True):
        assert line.startswith(beginning), line


def test_every_wrong_password_of_a_key_is_called_one_even_where_its_padding_fits() -> None:
    # The form whose keys are derived fastest.
    form = PrivateFormat.TraditionalOpenSSL
    key = GOOD.key.private_bytes(Encoding.PEM, form, BestAvailableEncryption(b"right")).decode()
    for number in range(2000):
        secrets = {**pem(GOOD, INNER, OUTER, key=key), "certificatePassword": f"wrong {number}"}
        assert mistakes(PEM, secrets) == [
            "boutique:certificatePassword: is not the password of the key in boutique:certificateKey; set the right one"
        ]


@pytest.mark.parametrize("case", BAD)
def test_no_refusal_tells_a_secret(case: str) -> None:
    source, make, _ = BAD[case]
    secrets = make()
    with pytest.raises(CertificateError) as caught:
        load_certificate(source, secrets, HOSTS, NOW)
    text = f"{caught.value}{caught.value.__cause__}{caught.getrepr(showlocals=False, style='value')}"
    for value in filter(None, secrets.values()):
        # One letter proves nothing.
        for line in (line for line in value.split("\n") if len(line) > 8 and not line.startswith("-----")):
            assert line not in text


def test_a_key_is_not_shown_with_its_certificate() -> None:
    certificate = load_certificate(PFX, pfx_with_chain(GOOD), HOSTS, NOW)
    assert certificate.key.split("\n")[1] not in repr(certificate)


EXPIRED: dict[str, tuple[Any, Callable[[], Secrets], list[str]]] = {
    "expired": (
        PFX,
        lambda: pfx_with_chain(leaf(begins=timedelta(days=-90), ends=timedelta(days=-21))),
        [f"boutique:certificatePfx: 'CN={HOST}' expired on 2026-05-11 12:00 UTC, 21 days ago; renew it"],
    ),
    "expired just now": (
        PFX,
        lambda: pfx_with_chain(leaf(begins=timedelta(days=-90), ends=timedelta(seconds=-1))),
        [f"boutique:certificatePfx: 'CN={HOST}' expired on 2026-06-01 11:59 UTC, less than a day ago; renew it"],
    ),
    "expired authority": (
        PFX,
        with_expired_authority,
        ["boutique:certificatePfx: 'CN=Short' expired on 2026-05-31 12:00 UTC, 1 day ago; renew it"],
    ),
}


@pytest.mark.parametrize("case", EXPIRED)
def test_an_expired_certificate_is_warned_of_and_not_refused(case: str) -> None:
    source, secrets, [expected] = EXPIRED[case]
    [warning] = load_certificate(source, secrets(), HOSTS, NOW).warnings
    assert warning == expected
