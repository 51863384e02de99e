"""The configuration of the stack that Pulumi runs: its settings, and its secrets apart from them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pulumi
from pulumi.runtime.config import CONFIG

from boutique.application.application_file import KEY
from boutique.certificates import credentials
from boutique.checks.load import SECRETS, SERVICE_SECRETS, StackSettings, load
from boutique.mesh.gateway_hosts import claims
from boutique.settings.certificate_settings import KeptCertificate
from boutique.settings.errors import ErrorLine, SettingsError
from boutique.settings.stack import NAMESPACE, SECTIONS
from boutique.workloads import pull_credentials

_DEFAULTS = ("", "{}", '{"enabled":false}')


@dataclass(frozen=True, kw_only=True)
class Secrets:
    """The secrets of a stack; each is in a top-level key of its own, so that none passes through settings.

    Attributes:
        registry: A Docker configuration.
        certificate: By the name of the key.
        services: Those of services, by name: in clear, since objects are named after what is in them.
    """

    registry: pulumi.Output[str] | None
    certificate: Mapping[str, pulumi.Output[str]]
    services: Mapping[str, str] = field(repr=False, default_factory=dict)


def read() -> tuple[StackSettings, Secrets]:
    """Return what the stack is configured with.

    Raises:
        SettingsError: Something in it is wrong; with a line for each error.
        CertificateError: Its certificate could not be served.
    """
    config = pulumi.Config(NAMESPACE)
    settings = load(*_values(config), root=project_folder())
    _check_certificate(settings, config)
    _check_pull_credentials(settings, config.get(pull_credentials.KEY))
    registry = config.get_secret(pull_credentials.KEY) if config.get(pull_credentials.KEY) else None
    certificate = {key: config.require_secret(key) for key in credentials.KEYS if config.get(key)}
    return settings, Secrets(registry=registry, certificate=certificate, services=_services(config))


def project_folder() -> Path:
    """Return the folder of the project, also where a command runs Pulumi in a folder of links."""
    return Path("Pulumi.yaml").resolve().parent


def configured_keys(namespace: str) -> list[str]:
    """Return the keys of a namespace that have values, without the namespace; the SDK has no documented way."""
    prefix = f"{namespace}:"
    return sorted(key.removeprefix(prefix) for key in CONFIG.get() if key.startswith(prefix))


def _services(config: pulumi.Config) -> dict[str, str]:
    try:
        secrets = config.get_object(SERVICE_SECRETS, default={})
    except pulumi.ConfigTypeError:
        secrets = None
    if not isinstance(secrets, dict) or not all(isinstance(secret, str) for secret in secrets.values()):
        # The value may be secret.
        raise SettingsError(
            [
                ErrorLine(
                    "invalid-type",
                    f"boutique:{SERVICE_SECRETS}: must be texts by name; set each with "
                    f"`pulumi config set --secret --path {SERVICE_SECRETS}.NAME`",
                )
            ]
        )
    return secrets


def _check_pull_credentials(settings: StackSettings, text: str | None) -> None:
    """Refuse a Docker configuration that no node could pull with: pods would wait for their images without an end."""
    if text:
        environment = settings.environment
        registries = (
            pull_credentials.registries(settings.application, environment, settings.release) if environment else ()
        )
        if errors := pull_credentials.credential_errors(text, registries):
            raise SettingsError(errors)


def _check_certificate(settings: StackSettings, config: pulumi.Config) -> None:
    """Refuse a certificate that cannot be served, before anything else is even asked for."""
    section = settings.platform
    if section and section.ingress and isinstance(section.ingress.certificate, KeptCertificate):
        # Only here: reading certificates costs time that stacks without an ingress need not spend.
        from boutique.certificates.configured import load_certificate

        hosts = [host for claim in claims(section) for host in (claim.host, claim.previews)]
        load_certificate(section.ingress.certificate, {key: config.get(key) for key in credentials.KEYS}, hosts)


def _values(config: pulumi.Config) -> tuple[dict[str, Any], list[ErrorLine]]:
    """Return every key of the program's namespace, and what is wrong with how they are kept.

    A key that holds a secret has the value True.
    """
    values: dict[str, Any] = {}
    errors = [*_misplaced_keys()]
    for key in configured_keys(NAMESPACE):
        secret = pulumi.runtime.is_config_secret(f"{NAMESPACE}:{key}")
        values[key] = True if config.get(key) not in (None, "", "{}") else None
        if key in SECRETS:
            if values[key] and not secret:
                path = f"--path {key}.NAME" if key == SERVICE_SECRETS else key
                errors.append(
                    ErrorLine(
                        "secret-in-clear",
                        f"boutique:{key}: is in clear; set it again with `pulumi config set --secret {path}`",
                    )
                )
        elif secret:
            values[key] = None
            errors.append(
                ErrorLine(
                    "secret-in-settings",
                    f"boutique:{key}: holds a secret; secrets are keys of their own: {', '.join(SECRETS)}",
                )
            )
        elif key == KEY:
            values[key] = config.get(key)
        elif key in SECTIONS:
            try:
                values[key] = config.get_object(key)
            except pulumi.ConfigTypeError:
                values[key] = config.get(key)
    return values, errors


def _misplaced_keys() -> Iterator[ErrorLine]:
    """Return a line for each key in the namespace of a renamed project, which `pulumi config set KEY` takes."""
    project = pulumi.get_project()
    if project != NAMESPACE:
        config = pulumi.Config(project)
        for key in configured_keys(project):
            # Pulumi.yaml gives every key that a stack leaves out a default, in this namespace.
            if "".join((config.get(key) or "").split()) not in _DEFAULTS:
                yield ErrorLine(
                    "key-not-read", f"{project}:{key}: is not read; set {NAMESPACE}:{key} and remove this key"
                )
