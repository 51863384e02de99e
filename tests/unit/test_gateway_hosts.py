"""Which host leads where, and every way in which a configuration of the ingress can be wrong."""

from pathlib import Path
from typing import Any

import pytest

from boutique.mesh.gateway_hosts import HostAssignment, claims
from boutique.settings.errors import SettingsError
from tests.support.online_boutique import load

CERTIFICATE = {"kind": "certManager", "issuer": "letsencrypt"}
ARN = "arn:aws:acm:eu-central-1:123456789012:certificate/0a1b"


def stack(targets: dict[str, Any], mesh: Any = {}, **ingress: Any) -> dict[str, Any]:  # noqa: B006 - never changed
    front = {"certificate": CERTIFICATE, **ingress}
    platform = {"targets": targets, "ingress": front, **({} if mesh is None else {"mesh": mesh})}
    return {"cluster": {"kind": "existing", "context": "here"}, "platform": platform}


def host_assignments(values: dict[str, Any]) -> tuple[HostAssignment, ...]:
    platform = load(values).platform
    assert platform
    return claims(platform)


def mistakes(values: dict[str, Any]) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load(values)
    return list(caught.value.errors)


def test_a_target_has_its_own_host_or_one_under_the_domain() -> None:
    hosts = host_assignments(
        stack({"dev": {}, "test": {"namespace": "t", "host": "try.example.org"}}, domain="example.com")
    )
    assert hosts == (
        HostAssignment(target="dev", namespace="dev", host="dev.example.com"),
        HostAssignment(target="test", namespace="t", host="try.example.org"),
    )


def test_without_an_ingress_nobody_claims_a_host() -> None:
    assert not host_assignments(
        {"cluster": {"kind": "existing", "context": "here"}, "platform": {"targets": {"dev": {}}}}
    )


def test_the_public_port_may_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PUBLIC", "8443")
    platform = load(stack({"dev": {}}, domain="example.com", port="${PUBLIC}")).platform
    assert platform
    assert platform.ingress
    assert platform.ingress.port == 8443


HOST = "boutique:platform.targets.{}.host: "


def test_a_port_out_of_the_environment_has_to_be_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PUBLIC", "http")
    [message] = mistakes(stack({"dev": {"host": "a.example"}}, port="${PUBLIC}"))
    assert "must be a whole number" in message


def test_a_folder_of_charts_has_to_have_the_gateways(tmp_path: Path) -> None:
    mesh = {"charts": {"kind": "folder", "path": str(tmp_path)}}
    for name in ("base", "istiod"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "Chart.yaml").touch()
    values = stack({"dev": {"host": "a.example"}}, mesh=mesh)
    [message] = mistakes(values)
    assert message.startswith(f"boutique:platform.mesh.charts.path: {str(tmp_path)!r}: lacks the charts gateway; put")
    del values["platform"]["ingress"], values["platform"]["targets"]["dev"]["host"]
    assert load(values).platform
