"""The user and the privileges of a pod, as a workload's keys."""

from collections.abc import Mapping, MutableMapping
from typing import Any

from boutique.application.manifests.import_context import ImportContext

DEFAULT_USER = 1000
"""What containers run as in an environment that names no other."""
_USER = ("runAsUser", "runAsGroup", "fsGroup")
_ROOT = "root is not accepted; run as another user, and choose an image that can"


def take_user(pod: MutableMapping[str, Any], container: MutableMapping[str, Any], context: ImportContext) -> Any:  # noqa: ANN401
    """Return the `user` of a workload, None for the default; what no key says stays in both.

    Args:
        pod: The pod's spec.
        container: Its main container, whose own user goes before the pod's.
        context: The workload.
    """
    outer = _security(pod)
    inner = _security(container)
    ids = {key: inner.pop(key, outer.get(key)) for key in _USER}
    for key in _USER:
        outer.pop(key, None)
    for key, security in (("runAsNonRoot", outer), ("runAsNonRoot", inner)):
        if security.pop(key, None) is False and ids["runAsUser"] is None:
            context.leave_out("securityContext.runAsNonRoot", _ROOT)
    _put(pod, outer)
    _put(container, inner)
    if ids["runAsUser"] is None:
        context.report.without_user.append(context.pair.name)
    if ids["runAsUser"] == 0:
        context.leave_out("securityContext.runAsUser", _ROOT)
        ids["runAsUser"] = None
    given = {key: value for key, value in ids.items() if value is not None}
    user = given.get("runAsUser", DEFAULT_USER)
    if all(value == DEFAULT_USER for value in given.values()):
        return None
    group = given.get("runAsGroup", user)
    return {
        "runAsUser": user,
        **({"runAsGroup": group} if group != user else {}),
        **({"fsGroup": given["fsGroup"]} if given.get("fsGroup", group) != group else {}),
    }


def has_writable_root(container: Mapping[str, Any]) -> bool:
    """Tell whether a container may write to the image's own folders: in Kubernetes it may by default."""
    return (container.get("securityContext") or {}).get("readOnlyRootFilesystem") is not True


def take_privileges(container: MutableMapping[str, Any], *, writable_root: bool, context: ImportContext) -> None:
    """Remove what the program sets in every container from one's `securityContext`.

    Args:
        container: The container.
        writable_root: The key `writableRoot` of the workload.
        context: The workload.
    """
    security = _security(container)
    is_writable = security.pop("readOnlyRootFilesystem", False) is not True
    if is_writable != writable_root:
        security["readOnlyRootFilesystem"] = not is_writable
    if security.get("allowPrivilegeEscalation") is False:
        del security["allowPrivilegeEscalation"]
    if security.get("privileged") is False:
        del security["privileged"]
    if security.pop("runAsUser", None) == 0:
        context.leave_out(f"{container.get('name')}: securityContext.runAsUser", _ROOT)
    security.pop("runAsNonRoot", None)
    # Every container gives up all of them, which is more than any list of some.
    (security.get("capabilities") or {}).pop("drop", None)
    if not security.get("capabilities"):
        security.pop("capabilities", None)
    _put(container, security)


def _security(fields: Mapping[str, Any]) -> dict[str, Any]:
    return dict(fields.get("securityContext") or {})


def _put(fields: MutableMapping[str, Any], security: Mapping[str, Any]) -> None:
    fields.pop("securityContext", None)
    if security:
        fields["securityContext"] = dict(security)
