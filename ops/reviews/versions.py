"""Which versions a branch gives to the services of an environment."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from boutique.deployed import deployed
from boutique.mistakes import explain
from boutique.settings import Environment
from ops.errors import OperationError

_SECTION = "environment"


def changed(before: object, after: object, name: str) -> dict[str, str]:
    """Return the services whose version differs, with the new one.

    Args:
        before: What the stack's file said.
        after: What it says now.
        name: Of the file.

    Raises:
        OperationError: One of them does not say what an environment deploys.
    """
    old, new = _versions(before, f"{name} before") if before else {}, _versions(after, name)
    return {service: version for service, version in new.items() if old.get(service) != version}


def _versions(content: object, name: str) -> Mapping[str, str]:
    config = content.get("config") if isinstance(content, Mapping) else None
    section: Any = config.get(f"boutique:{_SECTION}") if isinstance(config, Mapping) else None
    if section is None:
        raise OperationError(f"{name}: has no boutique:{_SECTION}; name the stack of an environment")
    try:
        settings = Environment.model_validate(section)
    except ValidationError as error:
        raise OperationError(f"{name}: {'; '.join(explain(_SECTION, Environment, error))}") from None
    return {each.workload.name: each.image.version for each in deployed(settings)}
