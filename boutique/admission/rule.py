"""The form of a ValidatingAdmissionPolicy: what it is about, for whom, and what has to hold.

https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from boutique.targets.target_names import user

Spec = dict[str, Any]
Kinds = Mapping[tuple[str, str], Sequence[str]]
"""Resources by API group and version."""

CHANGES = ("CREATE", "UPDATE")
ALL_WRITES = (*CHANGES, "DELETE")

BY_DEPLOYERS = ("by-deployers", f"request.userInfo.username.startsWith({json.dumps(user(''))})")
"""The condition of a rule that holds for the deployers of every target."""


def spec(
    kinds: Kinds,
    validations: Sequence[Spec],
    variables: Mapping[str, str] | None = None,
    *,
    condition: tuple[str, str] = BY_DEPLOYERS,
    operations: Sequence[str] = CHANGES,
) -> Spec:
    """Return the `spec` of a policy.

    What an expression cannot be worked out for, a missing field or a regular expression that is none, is refused.

    Args:
        kinds: What is judged.
        validations: What has to hold.
        variables: Expressions by the name that others have them by, which may use those before.
        condition: The name and the expression of who is judged.
        operations: What they do.
    """
    name, by = condition
    named = [{"name": name, "expression": expression} for name, expression in (variables or {}).items()]
    return {
        "failurePolicy": "Fail",
        "matchConstraints": {
            "resourceRules": [
                {
                    "apiGroups": [group],
                    "apiVersions": [version],
                    "resources": list(names),
                    "operations": list(operations),
                }
                for (group, version), names in kinds.items()
            ]
        },
        "matchConditions": [{"name": name, "expression": by}],
        **({"variables": named} if named else {}),
        "validations": list(validations),
    }


def validation(expression: str, message: str) -> Spec:
    """Return what has to hold, with the message for a refused object."""
    return {"expression": expression, "message": message}
