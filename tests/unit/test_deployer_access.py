"""What deployers get of the admin's way to the API server."""

import base64
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from boutique.kubernetes.kubeconfig import ApiServer, KubeconfigError, for_token, reached_by, through
from boutique.settings.deployer_access_settings import DeployerAccess
from boutique.settings.errors import SettingsError
from boutique.targets.deployer_access import LAB_CONTEXT, for_deployers, warnings
from lab.kubernetes.kubeconfig import CONTEXT
from tests.support.certificate_samples import issue
from tests.support.online_boutique import load

OWN = base64.b64encode(b"the admin's authority").decode()
DIRECT = {"server": "https://10.0.0.1:6443", "certificate-authority-data": OWN}
TUNNEL = {
    "server": "https://127.0.0.1:16443",
    "certificate-authority-data": OWN,
    "proxy-url": "http://proxy.internal:3128",
    "tls-server-name": "kubernetes",
    "extensions": [{"name": "minikube", "extension": {"owner": "ann"}}],
}
CANARY = "canary-of-the-admin"


def admin(**entry: Any) -> ApiServer:
    return ApiServer(server=entry["server"], entry=entry)


def access(**values: Any) -> DeployerAccess:
    return DeployerAccess.model_validate(values)


@pytest.fixture
def authority(tmp_path: Path) -> Path:
    path = tmp_path / "ca.crt"
    path.write_text(issue("authority", now=datetime.now(UTC)).pem)
    return path


def mistakes(**deployers: Any) -> list[str]:
    cluster = {"kind": "existing", "context": "x", "deployers": deployers}
    try:
        load({"cluster": cluster, "platform": {"targets": {"dev": {}}}})
    except SettingsError as error:
        return list(error.errors)
    return []


def test_without_a_word_deployers_go_the_admins_way_less_what_is_the_admins_own() -> None:
    result = for_deployers(admin(**TUNNEL), access())
    assert result.entry == {key: value for key, value in TUNNEL.items() if key != "extensions"}
    assert result.server == TUNNEL["server"]


def test_an_address_of_their_own_comes_without_the_admins_proxy_and_names() -> None:
    result = for_deployers(admin(**TUNNEL), access(server="https://api.example.com"))
    assert result.entry == {"server": "https://api.example.com", "certificate-authority-data": OWN}
    assert result.server == "https://api.example.com"


def test_whom_the_admin_trusts_unseen_deployers_do_not() -> None:
    unseen = admin(server="https://127.0.0.1:1", **{"insecure-skip-tls-verify": True})
    assert for_deployers(unseen, access(server="https://api.example.com")).entry == {
        "server": "https://api.example.com"
    }
    [warning] = warnings(
        for_deployers(admin(server="https://10.0.0.1", **{"insecure-skip-tls-verify": True}), access()), "x"
    )
    assert warning.startswith("boutique:cluster.deployers.certificateAuthority: ")


def test_an_authority_of_their_own(authority: Path) -> None:
    unseen = {"server": "https://10.0.0.1", "insecure-skip-tls-verify": True}
    result = for_deployers(admin(**unseen), access(certificateAuthority=str(authority), tlsServerName="kubernetes"))
    assert result.entry == {
        "server": "https://10.0.0.1",
        "certificate-authority-data": base64.b64encode(authority.read_bytes()).decode(),
        "tls-server-name": "kubernetes",
    }
    assert result.authority == authority.read_text()


def test_authorities_that_machines_trust_anyway() -> None:
    result = for_deployers(admin(**DIRECT), access(certificateAuthority="system"))
    assert result.entry == {"server": DIRECT["server"]}
    assert result.authority is None


@pytest.mark.parametrize(
    "entry",
    [
        {"server": f"https://ann:{CANARY}@10.0.0.1"},
        {**DIRECT, "proxy-url": f"http://ann:{CANARY}@proxy.internal:3128"},
    ],
)
def test_a_password_of_the_admins_is_not_handed_on(entry: dict[str, str]) -> None:
    with pytest.raises(
        KubeconfigError, match=r"give the address that they use in boutique:cluster\.deployers"
    ) as error:
        for_deployers(admin(**entry), access())
    assert CANARY not in str(error.value)
    assert CANARY not in json.dumps(for_deployers(admin(**entry), access(server="https://api.example.com")).entry)


@pytest.mark.parametrize(
    "address",
    [
        "https://127.0.0.1:6443",
        "https://127.9.9.9",
        "https://[::1]:6443",
        "https://localhost:6443",
        "https://localhost.",
        "https://kind.localhost",
        "https://0.0.0.0:6443",
    ],
)
def test_an_address_at_which_a_machine_reaches_itself_is_warned_of_outside_the_lab(address: str) -> None:
    [warning] = warnings(for_deployers(admin(**DIRECT), access(server=address)), "kind")
    assert warning.startswith(f"boutique:cluster.deployers.server: deployers get the address {address}, ")
    [same] = warnings(for_deployers(admin(**{**DIRECT, "server": address}), access()), "kind")
    assert same == warning
    assert not list(warnings(admin(**{**DIRECT, "server": address}), LAB_CONTEXT))
    assert LAB_CONTEXT == CONTEXT


@pytest.mark.parametrize("address", ["https://10.0.0.1", "https://api.example.com", "https://[2001:db8::1]:6443"])
def test_other_addresses_are_not_warned_of(address: str) -> None:
    assert not list(warnings(for_deployers(admin(**DIRECT), access(server=address)), "kind"))


@pytest.mark.parametrize(
    "address",
    [
        "https://api.example.com",
        "https://API.example.com:6443",
        "https://10.0.0.1:443",
        "https://[2001:db8::1]:6443",
        "https://rancher.example.com/k8s/clusters/c-m-1x2y",
    ],
)
def test_addresses_that_deployers_can_have(address: str) -> None:
    assert not mistakes(server=address)


@pytest.mark.parametrize(
    "address",
    [
        "api.example.com",
        "http://api.example.com",
        "https://",
        "https:///path",
        "https://api.example.com:",
        "https://api.example.com:0",
        "https://api.example.com:65536",
        "https://api.example.com:port",
        "https://api.example.com/",
        "https://api.example.com/k8s/",
        "https://api.example.com/../k8s",
        "https://api.example.com//k8s",
        "https://api.example.com/k8s?x=1",
        "https://api.example.com?",
        "https://api.example.com#x",
        "https://api example.com",
        "https://api.example.com\n",
        "https://a_b.example.com",
        "https://[::1",
        "https://${HOST}",
        "",
    ],
)
def test_addresses_that_deployers_cannot_have(address: str) -> None:
    [message] = mistakes(server=address)
    assert message.startswith("boutique:cluster.deployers.server: ")
    assert "https://api.example.com:6443" in message


def test_an_address_with_a_password_is_refused() -> None:
    [message] = mistakes(server=f"https://ann:{CANARY}@api.example.com")
    assert "must not hold a user or a password" in message
    assert CANARY not in message


def test_an_authority_has_to_be_a_file_with_certificates(tmp_path: Path, authority: Path) -> None:
    assert not mistakes(certificateAuthority=str(authority))
    (tmp_path / "key").write_text("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
    for path, message in (("key", "holds no certificates in PEM form"), ("missing", "there is no file")):
        [error] = mistakes(certificateAuthority=str(tmp_path / path))
        assert error.startswith("boutique:cluster.deployers.certificateAuthority: ")
        assert message in error


@pytest.mark.parametrize("name", ["kubernetes", "api.example.com"])
def test_names_in_a_certificate(name: str) -> None:
    assert not mistakes(tlsServerName=name)
    [message] = mistakes(tlsServerName=f"https://{name}")
    assert message.startswith("boutique:cluster.deployers.tlsServerName: ")


def test_the_same_token_by_another_way() -> None:
    content = for_token(admin(**TUNNEL), namespace="dev", user="deployer", token="t")  # noqa: S106 - a test's token
    result = through(content, admin(**DIRECT))
    assert reached_by(result).entry == DIRECT
    assert json.loads(result)["users"] == json.loads(content)["users"]
