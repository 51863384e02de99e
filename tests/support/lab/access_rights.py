"""What identities may do, as the API server that enforces it answers."""

import re
from collections.abc import Iterable
from itertools import product

from boutique.targets.rbac import RbacRule
from tests.support.lab.authorization_requests import Questions
from tests.support.lab.lab_commands import Lab

VERBS = ("get", "list", "watch", "create", "update", "patch", "delete", "deletecollection")
EVERYBODY = {
    ("create", "authentication.k8s.io", "selfsubjectreviews"),
    ("create", "authorization.k8s.io", "selfsubjectaccessreviews"),
    ("create", "authorization.k8s.io", "selfsubjectrulesreviews"),
}
"""Every authenticated user may review its own identity and rights (ClusterRole system:basic-user)."""

Rights = set[tuple[str, str, str]]


def deployer(name: str) -> str:
    """Return the user that a deployer's token is of."""
    return f"system:serviceaccount:deployers:{name}"


def rights_of_rules(rules: Iterable[RbacRule]) -> Rights:
    """Return what the rules of a Role grant."""
    return {(verb, rule.group, resource) for rule in rules for resource in rule.resources for verb in rule.verbs}


def allowed_rights(questions: Questions, namespace: str, user: str) -> Rights:
    """Return which of all verbs on all resources an identity may use; no namespace is the whole cluster."""
    matrix = product(VERBS, sorted(questions.resources()))
    return {
        (verb, group, resource)
        for verb, (group, resource) in matrix
        if questions.is_allowed(user, verb, group, resource, namespace)
    }


def listed_rights(lab: Lab, namespace: str, user: str) -> Rights:
    """Return what the API server itself lists: rights on what it does not serve, and with other verbs, among it.

    Raises:
        AssertionError: A right is on single objects by their names.
    """
    output = lab.kubectl("auth", "can-i", "--list", "--no-headers", "-n", namespace, "--as", user)
    rights: Rights = set()
    for line in output.splitlines():
        rule = re.fullmatch(r"(\S*) +\[(.*?)\] +\[(.*?)\] +\[(.*?)\]", line)
        assert rule, line
        resource, path, names, verbs = rule.groups()
        assert not names, line
        if resource:
            kind, _, group = resource.partition(".")
            rights |= {(verb, group, kind) for verb in verbs.split()}
        else:
            assert path.startswith("/"), line
    return rights
