"""What is in a cluster of the Gateway API already, and what a stack may make of it."""

from typing import Any

import pytest

from boutique.mesh.gateway_api_installed import NEEDED, install_errors, installed_definitions, present_errors
from boutique.settings.errors import ErrorLine
from boutique.settings.mesh_settings import GATEWAY_API_VERSION

BUNDLE, CHANNEL = "gateway.networking.k8s.io/bundle-version", "gateway.networking.k8s.io/channel"
OURS = f"v{GATEWAY_API_VERSION}"
NAMES = [f"{name}.gateway.networking.k8s.io" for name in (*NEEDED, "grpcroutes", "tlsroutes")]


def definition(name: str = "httproutes", version: str = OURS, channel: str = "standard", **more: Any) -> dict[str, Any]:
    owner = {"boutique.dev/owner": more["owner"]} if "owner" in more else {}
    deleted = {"deletionTimestamp": more["deleted"]} if "deleted" in more else {}
    marks = {key: value for key, value in ((BUNDLE, version), (CHANNEL, channel)) if value}
    return {
        "name": f"{name}.gateway.networking.k8s.io",
        "annotations": {**marks, **owner},
        "managedFields": [
            {"manager": more.get("manager", "kube-addon-manager")},
            {"manager": "kube-apiserver", "subresource": "status"},
        ],
        **deleted,
    }


def install(*items: dict[str, Any], take_over: bool = False) -> list[ErrorLine]:
    other = {"name": "gateways.networking.istio.io"}
    return list(install_errors(installed_definitions([*items, other]), NAMES, stack="mine", take_over=take_over))


def test_nothing_and_ones_own_are_in_nobodys_way() -> None:
    assert install() == []
    assert install(definition(owner="mine"), definition("gateways", "v1.4.0", owner="mine")) == []
    assert install(definition("backendtlspolicies")) == [], "not among those that the stack installs"


@pytest.mark.parametrize("version", [OURS, "v1.4.0", "v1.6.3-rc.1"])
def test_definitions_of_others_are_used_or_taken_over(version: str) -> None:
    [message] = install(*(definition(name, version) for name in NEEDED))
    assert message == (
        "boutique:platform.mesh.gatewayApi: 3 objects of the Gateway API are in the cluster already (gatewayclasses, "
        f"gateways, httproutes): {version}, standard channel, managed by 'kube-addon-manager'; this stack would "
        f"install {OURS}, standard channel; set boutique:platform.mesh.gatewayApi: {{kind: present}} to use what is "
        "there, which is right where another manager keeps it up to date (GKE's add-on manager, another stack), or "
        "takeOver: true beside kind to make them this stack's"
    )
    assert install(definition(version=version), take_over=True) == []


def test_another_stack_is_named_as_the_owner() -> None:
    [message] = install(definition(owner="other"))
    assert "(httproutes)" in message
    assert "installed by stack 'other'" in message
    assert install(definition(owner="other"), take_over=True) == []


@pytest.mark.parametrize(
    ("version", "channel"),
    [("v1.7.0", "standard"), ("v2.0.0-rc.1", "standard"), ("v1.4.0", "experimental"), (OURS, "experimental"),
     ("", "standard"), ("v1.4.0", ""), ("main", "standard")],
)  # fmt: skip
@pytest.mark.parametrize("take_over", [False, True])
@pytest.mark.parametrize("owner", [{}, {"owner": "mine"}, {"owner": "other"}])
def test_a_newer_experimental_or_unknown_bundle_is_never_replaced(
    version: str, channel: str, take_over: bool, owner: dict[str, str]
) -> None:
    [message] = install(definition(version=version, channel=channel, **owner), take_over=take_over)
    assert f"{version or 'of an unknown version'}, {channel or 'unknown'} channel" in message
    assert message.code == "gateway-api-ahead"
    assert f"would install {OURS}, standard channel, which never replaces a newer, experimental or unknown" in message
    assert "{kind: present}" in message
    assert "takeOver: true" not in message


def test_each_bundle_and_each_manager_has_its_line() -> None:
    lines = install(
        definition("gateways", "v1.4.0"),
        definition("gatewayclasses", "v1.4.0"),
        definition("httproutes", "v1.7.0"),
        definition("grpcroutes", "v1.4.0", manager="helm"),
        definition("tlsroutes", owner="mine"),
    )
    assert [line.code for line in lines] == ["gateway-api-installed", "gateway-api-ahead", "gateway-api-installed"]
    assert [line.partition("already ")[2].partition(";")[0] for line in lines] == [
        "(gateways, gatewayclasses): v1.4.0, standard channel, managed by 'kube-addon-manager'",
        "(httproutes): v1.7.0, standard channel, managed by 'kube-addon-manager'",
        "(grpcroutes): v1.4.0, standard channel, managed by 'helm'",
    ]


def test_many_are_counted_and_the_policy_and_its_binding_are_one_name() -> None:
    [message] = install(*(definition(name, "v1.4.0") for name in (*NEEDED, "grpcroutes", "tlsroutes")))
    assert (
        "5 objects of the Gateway API are in the cluster already (gatewayclasses, gateways, httproutes and 2 more)"
        in message
    )
    policies = [definition("safe-upgrades"), definition("safe-upgrades")]
    names = ["safe-upgrades.gateway.networking.k8s.io"]
    [message] = install_errors(installed_definitions(policies), names, stack="mine", take_over=False)
    assert "2 objects of the Gateway API are in the cluster already (safe-upgrades):" in message


def test_a_definition_that_is_being_deleted_is_waited_for_and_never_taken() -> None:
    gone = definition("httproutes", deleted="2026-01-01T00:00:00Z", owner="mine")
    for lines in (install(gone, take_over=True), list(present_errors(installed_definitions([gone]), NEEDED))):
        [message] = lines
        assert message.code == "gateway-api-deleting"
        assert "httproutes.gateway.networking.k8s.io is being deleted since 2026-01-01T00:00:00Z" in message
        assert "`kubectl get httproutes.gateway.networking.k8s.io --all-namespaces`" in message


def present(*items: dict[str, Any], served: Any = NEEDED) -> list[ErrorLine]:
    return list(present_errors(installed_definitions(items), served))


@pytest.mark.parametrize(
    ("version", "channel"), [("v1.2.0", "standard"), (OURS, "standard"), ("v1.9.0", "experimental"), ("v1.2.1", "")]
)
def test_what_is_there_is_used_from_the_oldest_bundle_on(version: str, channel: str) -> None:
    assert present(*(definition(name, version, channel) for name in NEEDED)) == []


@pytest.mark.parametrize("version", ["v1.1.0", "v0.8.1", "v1.2.0-rc.1"])
def test_a_bundle_that_is_too_old_is_refused(version: str) -> None:
    [message] = present(*(definition(name, version) for name in NEEDED))
    assert (
        f"gatewayclasses, gateways, httproutes: {version}, standard channel, managed by 'kube-addon-manager': too old"
        in message
    )
    assert message.code == "gateway-api-too-old"
    assert "need v1.2.0 or later" in message
    assert "takeOver: true" in message
    assert present(definition("udproutes", version)) == [], "only what is needed counts"


@pytest.mark.parametrize("version", ["", "main"])
def test_a_bundle_that_says_no_version_is_refused(version: str) -> None:
    [message] = present(definition(version=version))
    assert message.code == "gateway-api-version-unknown"
    assert f"the annotation {BUNDLE} is {version!r}" in message


def test_kinds_that_are_not_served_are_named_with_what_is_there() -> None:
    [message] = present(definition("gateways"), served=["gateways"])
    assert (
        "the cluster does not serve gatewayclasses, httproutes of gateway.networking.k8s.io/v1; it has gateways;"
        in message
    )
    [message] = present(served=[])
    assert "it has no definitions of the Gateway API" in message
