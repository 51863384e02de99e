"""Who may write an object that a stack owns: the rule of the API server that keeps one owning stack for each object.

Server-side apply with force takes fields from other stacks as well, and what the program asked for before it began may
be out of date. The API server judges each write by itself.
"""

import json

from boutique.admission.rule import Kinds, Spec, spec
from boutique.names import labels
from boutique.targets.rbac import DEPLOYER_RULES

_OF_THE_PLATFORM: Kinds = {
    ("", "v1"): ("namespaces", "resourcequotas", "limitranges"),
    ("rbac.authorization.k8s.io", "v1"): ("roles", "rolebindings"),
    ("networking.k8s.io", "v1"): ("networkpolicies",),
    ("security.istio.io", "*"): ("authorizationpolicies",),
}

_OWNER = json.dumps(labels.OWNER)


def rule() -> Spec:
    """Return the `spec` of the rule: the annotation with the owner does not change, for any user.

    It may be removed: that releases an object whose stack is gone.
    """
    return spec(
        _kinds(),
        [
            {
                "expression": f"object.metadata.?annotations[?{_OWNER}].orValue(variables.owner) == variables.owner",
                "messageExpression": "'belongs to stack ' + variables.owner + "
                + json.dumps(
                    f", as the annotation {labels.OWNER} says: an object has one owning stack; destroy that one first, "
                    f"or remove the annotation if it is gone (kubectl annotate … {labels.OWNER}-)"
                ),
                "message": f"belongs to another stack, as the annotation {labels.OWNER} says",
            }
        ],
        {"owner": f"oldObject.metadata.annotations[{_OWNER}]"},
        condition=("owned", f"oldObject.metadata.?annotations[?{_OWNER}].hasValue()"),
        operations=("UPDATE",),
    )


def _kinds() -> Kinds:
    kinds: dict[tuple[str, str], tuple[str, ...]] = {key: tuple(names) for key, names in _OF_THE_PLATFORM.items()}
    for rule in DEPLOYER_RULES:
        if "update" in rule.verbs:
            key = rule.group, "*" if rule.group else "v1"
            kinds[key] = (*kinds.get(key, ()), *rule.resources)
    return kinds
