"""The form of a rule for deployers."""

from collections.abc import Mapping, Sequence
from typing import Any

from boutique.admission import WRITES, by_deployers

Spec = dict[str, Any]
Kinds = Mapping[tuple[str, str], Sequence[str]]
"""Resources by API group and version."""


def spec(kinds: Kinds, validations: Sequence[tuple[str, str]], variables: Mapping[str, str] | None = None) -> Spec:
    """Return the `spec` of a ValidatingAdmissionPolicy for whatever deployers write.

    What an expression cannot be worked out for, a missing field or a regular expression that is none, is refused.

    Args:
        kinds: What is judged.
        validations: Expressions, each with what is said to whoever breaks it.
        variables: Expressions by the name that others have them by, which may use those before.
    """
    return {
        "failurePolicy": "Fail",
        "matchConstraints": {
            "resourceRules": [
                {"apiGroups": [group], "apiVersions": [version], "resources": list(names), "operations": WRITES}
                for (group, version), names in kinds.items()
            ]
        },
        "matchConditions": [by_deployers()],
        "variables": [{"name": name, "expression": each} for name, each in (variables or {}).items()],
        "validations": [{"expression": each, "message": message} for each, message in validations],
    }
