"""What the whole program refuses, before it registers anything that would be created."""

import json
from typing import Any

import pulumi
import pytest

from boutique.kubernetes import client
from boutique.kubernetes.kubeconfig import ApiServer, KubeconfigError
from boutique.outputs import UNKNOWN
from tests.support.graph.stack_recordings import CANARY, DEPLOYED, TARGETS, committed_values, record_stack


def refusal_message(stack: str, **arguments: Any) -> str:
    with pytest.raises(pulumi.RunError) as caught:
        record_stack(stack, **arguments)
    return str(caught.value)


def test_a_secret_inside_a_section_is_refused_and_not_shown() -> None:
    config, _ = committed_values("local")
    config["boutique:environment"] = json.dumps({"replicas": CANARY})
    message = refusal_message("local", config=(config, ["boutique:environment", "boutique:registryCredentials"]))
    assert "boutique:environment: holds a secret" in message
    assert CANARY not in message


def test_a_secret_in_clear_is_refused_and_not_shown() -> None:
    config, _ = committed_values("local")
    message = refusal_message("local", config=(config, []))
    assert "boutique:registryCredentials: is in clear; set it again with `pulumi config set --secret" in message
    assert CANARY not in message


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({}, "https://index.docker.io/v1/"),
        (
            {"images": {"repository": "registry.example/shop", "pullSecrets": ["registry-credentials"]}},
            "docker.io, registry.example",
        ),
    ],
)
def test_credentials_that_are_kept_elsewhere_are_refused(environment: dict[str, Any], named: str) -> None:
    config, secret = committed_values("local")
    config["boutique:environment"] = json.dumps(json.loads(config["boutique:environment"]) | environment)
    config["boutique:registryCredentials"] = json.dumps(
        {"auths": {"https://index.docker.io/v1/": {}}, "credsStore": "desktop", "HttpHeaders": {"x": CANARY}}
    )
    message = refusal_message("local", config=(config, secret))
    assert f"boutique:registryCredentials: holds no user and password for {named}: credsStore 'desktop'" in message
    assert CANARY not in message


def test_features_are_refused_where_the_target_lets_none_in() -> None:
    config, secret = committed_values("prod")
    config["boutique:environment"] = json.dumps({"features": {}})
    assert "boutique:environment.features: target 'prod' lets no features in" in refusal_message(
        "prod", config=(config, secret)
    )


def test_mistakes_in_how_keys_are_kept_and_in_what_they_say_are_told_together() -> None:
    config, secret = committed_values("local")
    config |= {"boutique:other": "[not json", "boutique:platform": "[not json"}
    message = refusal_message("local", config=(config, secret))
    assert "boutique:other: there is no such key" in message
    assert 'boutique:platform: "[not json": must be a mapping' in message


@pytest.mark.parametrize(
    ("targets", "expected"),
    [
        ({}, "has no target 'dev'; there are: none; deploy that stack first"),
        ({"test": {}}, "has no target 'dev'; there are: test"),
        ({"dev": {"space": "dev"}}, "was deployed by another version of this program; run `pulumi up` there"),
        ({"dev": {**TARGETS["dev"], "namespace": UNKNOWN}}, "does not know its output targets.dev.namespace yet; run"),
    ],
)
@pytest.mark.parametrize("preview", [True, False])
def test_an_unusable_target_of_another_stack_is_named(targets: Any, expected: str, preview: bool) -> None:
    others = {"nonprod": {**DEPLOYED, "targets": targets}}
    assert f"stack 'nonprod' {expected}" in refusal_message("dev", others=others, preview=preview)


def test_targets_that_another_stack_does_not_know_are_named() -> None:
    others = {"nonprod": {**DEPLOYED, "targets": UNKNOWN}}
    expected = "stack 'nonprod' does not know its output targets yet; run `pulumi up` there"
    assert refusal_message("dev", others=others, preview=True) == expected
    assert "'nonprod' has no target 'dev'; there are: none; deploy" in refusal_message("dev", others=others)


@pytest.mark.parametrize(("stack", "name"), [("local", "context 'boutique-lab'"), ("dev", "target 'dev' of stack")])
def test_every_stack_asks_its_api_server_first(stack: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail_to_answer(_: ApiServer, path: str) -> None:
        raise KubeconfigError(f"{path} does not answer")

    monkeypatch.setattr(client, "ensure_reachable", fail_to_answer)
    message = refusal_message(stack, answering=False)
    assert name in message
