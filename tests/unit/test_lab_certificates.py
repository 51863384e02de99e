from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import ExtendedKeyUsageOID
from cryptography.x509.verification import PolicyBuilder, Store

from lab.kubernetes import certificates
from lab.kubernetes.certificates import LEAVES
from support.certificate_issuing import Leaf

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def pki(tmp_path: Path) -> Path:
    folder = tmp_path / "pki"
    certificates.ensure(folder, NOW)
    return folder


def load(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


@pytest.mark.parametrize("name", ["localhost", "kubernetes.default.svc", "127.0.0.1", "10.96.0.1", "10.244.255.254"])
def test_server_certificate_is_trusted_for_its_names(pki: Path, name: str) -> None:
    import ipaddress

    try:
        subject: x509.GeneralName = x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        subject = x509.DNSName(name)
    store = Store([load(pki / certificates.AUTHORITY_FILE)])
    verifier = PolicyBuilder().store(store).time(NOW).build_server_verifier(subject)
    chain = verifier.verify(load(pki / "kube-apiserver.pem"), [])
    assert len(chain) == 2


@pytest.mark.parametrize("leaf", LEAVES, ids=lambda leaf: leaf.file)
def test_certificate_and_key_belong_together_and_to_the_authority(pki: Path, leaf: Leaf) -> None:
    certificate = load(pki / leaf.file)
    key = serialization.load_pem_private_key((pki / leaf.file).read_bytes(), password=None)
    assert certificate.public_key() == key.public_key()
    certificate.verify_directly_issued_by(load(pki / certificates.AUTHORITY_FILE))


def test_clients_are_who_kubernetes_expects_and_cannot_serve(pki: Path) -> None:
    admin = load(pki / "admin.pem")
    assert admin.subject.rfc4514_string() == "CN=boutique-lab-admin,O=system:masters"
    assert load(pki / "kube-scheduler.pem").subject.rfc4514_string() == "CN=system:kube-scheduler"
    usage = admin.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.CLIENT_AUTH]


def test_only_the_owner_may_read(pki: Path) -> None:
    assert {oct(path.stat().st_mode & 0o777) for path in pki.iterdir()} == {"0o600"}


def contents(pki: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in pki.iterdir()}


def renewed_files(pki: Path, now: datetime) -> set[str]:
    before = contents(pki)
    certificates.ensure(pki, now)
    after = contents(pki)
    assert before.keys() == after.keys()
    return {name for name in after if after[name] != before[name]}


def test_nothing_is_made_anew_while_it_lasts(pki: Path) -> None:
    assert renewed_files(pki, NOW + timedelta(days=334)) == set()


def test_leaves_are_renewed_in_the_last_thirty_days(pki: Path) -> None:
    assert renewed_files(pki, NOW + timedelta(days=336)) == {leaf.file for leaf in LEAVES}


def test_everything_but_the_token_key_is_renewed_with_the_authority(pki: Path) -> None:
    everything = {leaf.file for leaf in LEAVES} | {certificates.AUTHORITY_FILE, certificates.SIGNER_FILE}
    assert renewed_files(pki, NOW + timedelta(days=3630)) == everything


def test_certificate_of_other_names_or_another_authority_is_replaced(pki: Path, tmp_path: Path) -> None:
    (pki / "kube-apiserver.pem").write_bytes((pki / "admin.pem").read_bytes())
    other = tmp_path / "other"
    certificates.ensure(other, NOW)
    (pki / "kwok.pem").write_bytes((other / "kwok.pem").read_bytes())
    assert renewed_files(pki, NOW) == {"kube-apiserver.pem", "kwok.pem"}
