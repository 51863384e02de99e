"""From the values of a stack's configuration to settings, or to every mistake that is in them."""

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter, ValidationError

from boutique.checks import check
from boutique.mistakes import SettingsError, explain, nearest
from boutique.settings import SECTIONS, Settings

SECRETS = ("registryCredentials",)
"""The top-level keys that hold one secret each and are never read into settings."""


def load(values: Mapping[str, Any]) -> Settings:
    """Return the settings of a stack.

    Args:
        values: Every key of the project's namespace in the stack's configuration, without the namespace; the value of a
            secret is never looked at.

    Raises:
        SettingsError: Something is wrong; its text has a line for each mistake.
    """
    mistakes = [
        f"boutique:{key}: there is no such key{nearest(key, [*SECTIONS, *SECRETS])}"
        for key in values
        if key not in SECTIONS and key not in SECRETS
    ]
    read: dict[str, Any] = {}
    for key, annotation in SECTIONS.items():
        value = values.get(key)
        if not value:
            continue
        try:
            read[key] = TypeAdapter(annotation).validate_python(value)
        except ValidationError as error:
            mistakes += explain(key, annotation, error)
    if not values.get("cluster"):
        mistakes.append(
            "boutique:cluster: is missing; it says where the stack deploys, such as {kind: existing, context: …}"
        )
    elif not any(values.get(layer) for layer in ("platform", "environment")):
        mistakes.append("boutique:cluster: the stack builds nothing; add boutique:platform or boutique:environment")
    mistakes += check(
        cluster=read.get("cluster"),
        platform=read.get("platform"),
        environment=read.get("environment"),
        unread=[key for key in SECTIONS if values.get(key) and key not in read],
    )
    if mistakes:
        raise SettingsError(mistakes)
    return Settings(**read)
