"""From the values of a stack's configuration to settings, or to all errors in them."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import TypeAdapter, ValidationError

from boutique.certificates import credentials
from boutique.checks import check
from boutique.settings.errors import ErrorLine, SettingsError, nearest
from boutique.settings.stack import SECTIONS, StackSettings
from boutique.settings.validation_errors import explain

SERVICE_SECRETS = "serviceSecrets"
SECRETS = ("registryCredentials", SERVICE_SECRETS, *credentials.KEYS)
"""The top-level keys that hold one secret each, or several by name, and are never read into settings."""


def load(values: Mapping[str, Any], read_errors: Sequence[ErrorLine] = ()) -> StackSettings:
    """Return the settings of a stack.

    Args:
        values: Every key of the program's namespace in the stack's configuration, without the namespace; the value of a
            secret is never looked at.
        read_errors: Errors in how the values are kept, from reading them.

    Raises:
        SettingsError: Something is wrong; its text has a line for each error.
    """
    errors = [
        *read_errors,
        *(
            ErrorLine("unknown-key", f"boutique:{key}: there is no such key{nearest(key, [*SECTIONS, *SECRETS])}")
            for key in values
            if key not in SECTIONS and key not in SECRETS
        ),
    ]
    read: dict[str, Any] = {}
    unread = []
    for key, annotation in SECTIONS.items():
        value = values.get(key)
        if not is_present(value):
            continue
        try:
            read[key] = TypeAdapter(annotation).validate_python(value)
        except ValidationError as error:
            errors += explain(key, annotation, error)
            unread.append(key)
    if not is_present(values.get("cluster")) and not is_present(values.get("feature")):
        errors.append(
            ErrorLine(
                "missing",
                "boutique:cluster: is missing; it says where the stack deploys, such as {kind: existing, context: …}; "
                "only a stack with boutique:feature has none",
            )
        )
    elif not errors and not read.keys() & {"platform", "environment", "feature"}:
        errors.append(
            ErrorLine(
                "nothing-to-build",
                "boutique:cluster: the stack builds nothing; add boutique:platform or boutique:environment, "
                "or boutique:feature in its place",
            )
        )
    if values.get("registryCredentials") and not errors and "platform" not in read:
        errors.append(
            ErrorLine(
                "misplaced-secret",
                "boutique:registryCredentials: belongs to the stack that builds the platform; remove it here",
            )
        )
    if values.get(SERVICE_SECRETS) and not errors and "environment" not in read:
        errors.append(
            ErrorLine(
                "misplaced-secret",
                f"boutique:{SERVICE_SECRETS}: belongs to the stack of an environment; remove it here",
            )
        )
    platform = read.get("platform")
    if "platform" not in unread:
        source = platform.ingress.certificate if platform and platform.ingress else None
        errors += credentials.errors(source, [key for key in credentials.KEYS if values.get(key)])
    errors += check(
        cluster=read.get("cluster"),
        platform=read.get("platform"),
        environment=read.get("environment"),
        release=read.get("release"),
        feature=read.get("feature"),
        unread=unread,
    )
    if errors:
        raise SettingsError(errors)
    return StackSettings(**read)


def is_present(section: object) -> bool:
    """Say whether a stack has a section; an empty mapping is one with all defaults, `enabled: false` is none."""
    return section is not None and not (isinstance(section, dict) and section.get("enabled") is False)
