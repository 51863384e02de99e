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


def claimed(values: dict[str, Any]) -> tuple[HostAssignment, ...]:
    platform = load(values).platform
    assert platform
    return claims(platform)


def mistakes(values: dict[str, Any]) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load(values)
    return list(caught.value.errors)


def test_a_target_has_its_own_host_or_one_under_the_domain() -> None:
    found = claimed(stack({"dev": {}, "test": {"namespace": "t", "host": "try.example.org"}}, domain="example.com"))
    assert found == (
        HostAssignment(target="dev", namespace="dev", host="dev.example.com"),
        HostAssignment(target="test", namespace="t", host="try.example.org"),
    )


def test_without_an_ingress_nobody_claims_a_host() -> None:
    assert not claimed({"cluster": {"kind": "existing", "context": "here"}, "platform": {"targets": {"dev": {}}}})


def test_the_public_port_may_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PUBLIC", "8443")
    platform = load(stack({"dev": {}}, domain="example.com", port="${PUBLIC}")).platform
    assert platform
    assert platform.ingress
    assert platform.ingress.port == 8443


HOST = "boutique:platform.targets.{}.host: "


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (
            stack({"dev": {"host": "a.example"}, "test": {"host": "a.example"}}),
            ["boutique:platform.targets: 2 targets share the host 'a.example'; give each its own"],
        ),
        (
            stack({name: {"host": "a.example"} for name in ("a", "b", "c")}),
            ["boutique:platform.targets: 3 targets share the host 'a.example'; give each its own"],
        ),
        (
            stack({name: {} for name in ("a", "b", "c")}),
            ["boutique:platform.targets.a.host (and of 2 more): is missing; give it, or boutique:platform.ingress"],
        ),
        (
            {
                "cluster": {"kind": "existing", "context": "here"},
                "platform": {"targets": {name: {"host": f"{name}.example"} for name in ("a", "b")}},
            },
            [HOST.format("a") + "'a.example' (and of 1 more): leads nowhere without boutique:platform.ingress"],
        ),
        (
            stack({"dev": {"host": "a.example"}, "test": {"host": "x.y.a.example"}}),
            [HOST.format("test") + "'x.y.a.example': is under 'a.example', whose names are for previews of target"],
        ),
        (
            stack({"dev": {"host": "x.a.example"}, "prod": {"host": "a.example"}}),
            [HOST.format("dev") + "'x.a.example': is under 'a.example'"],
        ),
        (stack({"dev": {}}), [HOST.format("dev") + "is missing; give it, or boutique:platform.ingress.domain"]),
        (
            {
                "cluster": {"kind": "existing", "context": "here"},
                "platform": {"targets": {"dev": {"host": "a.example"}}},
            },
            [HOST.format("dev") + "'a.example': leads nowhere without boutique:platform.ingress; add that"],
        ),
        (
            stack({"dev": {"host": "a.example"}}, mesh=None),
            ["boutique:platform.ingress: is a gateway of the mesh; add boutique:platform.mesh"],
        ),
        (
            stack({"dev": {"host": "Shop.example"}}),
            [HOST.format("dev") + '"Shop.example": must be a DNS name in lower case such as shop.example.com'],
        ),
        (stack({"dev": {"host": "shop"}}), [HOST.format("dev") + '"shop": must be a DNS name']),
        (stack({"dev": {"host": "*.shop.example"}}), [HOST.format("dev") + '"*.shop.example": must be a DNS name']),
        (
            stack({f"t{number}": {} for number in range(32)}, domain="a.example"),
            ["boutique:platform.targets: 32 targets are too many for one gateway; at most 31 have room"],
        ),
        (
            stack({"dev": {"host": "a.example"}}, replicas=6),
            ["boutique:platform.ingress.maxReplicas: 5: must be at least ingress.replicas, which is 6"],
        ),
        (
            stack({"dev": {"host": "a.example"}}, certificate={"kind": "acm", "arn": ARN}),
            ["boutique:platform.ingress.certificate.kind: 'acm': TLS ends at a load balancer of AWS then; add"],
        ),
        (
            stack({"dev": {"host": "a.example"}}, loadBalancer={"kind": "elb"}),
            ['boutique:platform.ingress.loadBalancer.kind: "elb" is not a kind of loadBalancer'],
        ),
        (stack({"dev": {"host": "a.example"}}, port=0), ["boutique:platform.ingress.port: 0: must be at least 1"]),
        (
            stack({"dev": {"host": "a.example"}}, port="${NOWHERE_SET}"),
            ['boutique:platform.ingress.port: "${NOWHERE_SET}": the environment variable NOWHERE_SET is not set'],
        ),
        (
            stack({"dev": {"host": "a.example"}}, port="8443"),
            ['boutique:platform.ingress.port: "8443": must be a whole number'],
        ),
    ],
)
def test_a_mistake_names_the_key_the_value_and_the_remedy(values: dict[str, Any], expected: list[str]) -> None:
    found = mistakes(values)
    assert len(found) == len(expected), found
    for line, start in zip(found, expected, strict=True):
        assert line.startswith(start)


def test_a_port_out_of_the_environment_has_to_be_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PUBLIC", "http")
    [found] = mistakes(stack({"dev": {"host": "a.example"}}, port="${PUBLIC}"))
    assert "must be a whole number" in found


def test_a_folder_of_charts_has_to_have_the_gateways(tmp_path: Path) -> None:
    mesh = {"charts": {"kind": "folder", "path": str(tmp_path)}}
    for name in ("base", "istiod"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "Chart.yaml").touch()
    values = stack({"dev": {"host": "a.example"}}, mesh=mesh)
    [found] = mistakes(values)
    assert found.startswith(f"boutique:platform.mesh.charts.path: {str(tmp_path)!r}: lacks the charts gateway; put")
    del values["platform"]["ingress"], values["platform"]["targets"]["dev"]["host"]
    assert load(values).platform
