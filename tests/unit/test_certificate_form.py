"""Certificates without the extensions that strict clients look for: taken by every Python."""

import json
import ssl
from base64 import b64encode
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509

from boutique.kubernetes import client
from boutique.kubernetes.kubeconfig import ApiServer, for_token
from lab.kubernetes import certificates
from ops.certificates.development_certificates import development_certificate
from ops.errors import ClusterError
from ops.smoke.gateway_checks import trust
from ops.smoke.running_pods import running_pods
from support import certificate_issuing
from support.certificate_issuing import split_pem
from support.deadline import Deadline
from support.trust import ssl_context
from tests.support.certificate_samples import Issued, issue
from tests.support.unit.smoke_fakes import serving

TODAY = datetime.now(UTC)


def strict(authority: Path) -> ssl.SSLContext:
    """Return a context with the checks that Python 3.13 makes by default."""
    context = ssl.create_default_context(cafile=authority)
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    return context


class AnyApi:
    """Answers everything: with lists of Deployments and pods, or with something."""

    def answer(self, _: str, __: Any, ___: str) -> tuple[int, dict[str, str], str]:
        return 200, {"content-type": "application/json"}, json.dumps({"kind": "Any", "items": []})


def answers(port: int, host: str, context: ssl.SSLContext) -> bool:
    with httpx.Client(verify=context, trust_env=False) as client:
        return client.get(f"https://{host}:{port}/").status_code == 200


def test_development_certificates_are_taken_by_strict_clients(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    development_certificate(tmp_path, ["localhost"])
    served = x509.load_pem_x509_certificate((tmp_path / "tls.crt").read_bytes())
    key = certificate_issuing.private_key((tmp_path / "tls.key").read_bytes())
    with serving(AnyApi(), Issued(served, key), tmp_path) as port:
        assert answers(port, "localhost", strict(tmp_path / "ca.crt"))


def test_the_labs_certificates_are_taken_by_strict_clients(tmp_path: Path) -> None:
    certificates.ensure(tmp_path)
    chain, key = split_pem((tmp_path / "kube-apiserver.pem").read_text())
    served = Issued(x509.load_pem_x509_certificate(chain.encode()), certificate_issuing.private_key(key.encode()))
    with serving(AnyApi(), served, tmp_path) as port:
        assert answers(port, "127.0.0.1", strict(tmp_path / certificates.AUTHORITY_FILE))


@pytest.fixture
def lenient_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[int, Path]]:
    """The port of a server whose certificate and authority lack extensions, and the authority's file."""
    create = ssl.create_default_context

    def create_as_newer_python(*arguments: Any, **options: Any) -> ssl.SSLContext:
        context = create(*arguments, **options)
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        return context

    monkeypatch.setattr(ssl, "create_default_context", create_as_newer_python)
    root = issue("Private", strict=False, now=TODAY)
    served = issue("localhost", root, hosts=("localhost",), strict=False, now=TODAY)
    (tmp_path / "ca.pem").write_text(root.pem)
    with serving(AnyApi(), served, tmp_path) as port:
        yield port, tmp_path / "ca.pem"


def test_a_strict_client_refuses_the_certificate_of_these_tests(lenient_server: tuple[int, Path]) -> None:
    port, authority = lenient_server
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        answers(port, "localhost", ssl.create_default_context(cafile=authority))


def test_smoke_tests_take_it(lenient_server: tuple[int, Path]) -> None:
    port, authority = lenient_server
    assert answers(port, "localhost", trust(authority, {}))


def test_registries_and_publishers_are_believed_with_it(
    lenient_server: tuple[int, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    port, authority = lenient_server
    monkeypatch.setenv("SSL_CERT_FILE", str(authority))
    assert answers(port, "localhost", ssl_context.__wrapped__())


def test_api_servers_are_believed_with_it(lenient_server: tuple[int, Path]) -> None:
    port, authority = lenient_server
    server = f"https://localhost:{port}"
    data = b64encode(authority.read_bytes()).decode()
    api_server = ApiServer(server=server, entry={"server": server, "certificate-authority-data": data})
    deployer = for_token(api_server, namespace="dev", user="deployer", token="any")  # noqa: S106 - a canary
    client.ensure_reachable(api_server, "context 'x'")
    with pytest.raises(ClusterError, match=r"does not answer .*: its certificate is not trusted"):
        running_pods(deployer.replace(data, b64encode(issue("Other").pem.encode()).decode()), "dev", Deadline(10))
    assert running_pods(deployer, "dev", Deadline(10)) == {}
