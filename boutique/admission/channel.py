"""What the API server itself refuses in a target, as ValidatingAdmissionPolicies.

The channel: anyone with rights to deploy there could run any image by hand. It holds for all but Kubernetes' own
controllers, which only make the pods of what was let in before. And which Secrets a deployer may write.

https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/
"""

import json
import re
from collections.abc import Iterable, Iterator

from boutique.admission.rule import ALL_WRITES, Kinds, Spec, spec, validation
from boutique.application.workload import Workload
from boutique.names import labels
from boutique.settings.version_channel import Channel

POD_KINDS: Kinds = {
    ("", "v1"): ("pods", "replicationcontrollers"),
    ("apps", "v1"): ("deployments", "replicasets", "statefulsets", "daemonsets"),
    ("batch", "v1"): ("jobs", "cronjobs"),
}
"""What pods are, or are made from, by API group and version."""

_CONTROLLERS = "system:kube-controller-manager", "system:serviceaccount:kube-system:"
"""Who the controllers are: one user, or a ServiceAccount of each one's own (--use-service-account-credentials)."""

_NUMBER = "(0|[1-9][0-9]*)"
_IDENTIFIER = f"({_NUMBER}|[0-9]*[A-Za-z-][0-9A-Za-z-]*)"
_VERSION = rf"^v?{_NUMBER}[.]{_NUMBER}[.]{_NUMBER}(-{_IDENTIFIER}([.]{_IDENTIFIER})*)?$"
"""A tag that is a SemVer version, in RE2: the grammar of https://semver.org/spec/v2.0.0.html.

Build metadata is missing: no tag can hold a '+'.
"""


def policy_name(application: str, rule: str, namespace: str) -> str:
    """Return the name of one rule of a target, which is the whole cluster's, and of its binding."""
    return f"{application}-{rule}-{namespace}"


def secrets(workloads: Iterable[Workload]) -> Spec:
    """Return the `spec` of the rule which Secrets a deployer may write: those of services, and no tokens.

    A Role cannot say it: it does not know the name of what is created.

    Args:
        workloads: Those of the application.
    """
    names = "|".join(re.escape(workload.name) for workload in workloads)
    name = json.dumps(f"^({names})(-[a-z0-9-]+)?-[0-9a-f]{{8}}$")
    return spec(
        {("", "v1"): ("secrets",)},
        [
            validation(
                f"request.name.matches({name}) && (object == null || object.type == 'Opaque')",
                "a deployer writes no Secrets but those of services: Opaque, named <service>-<digest>",
            )
        ],
        operations=ALL_WRITES,
    )


def channel(accepted: Channel, workloads: Iterable[Workload]) -> Spec:
    """Return the `spec` of the rule which versions may run.

    Args:
        accepted: What the target lets in.
        workloads: Those of the application; images that others publish are not judged.
    """
    shared = [workload for workload in workloads if not workload.own_image]
    own = {workload.name: workload.container_name for workload in shared}
    names = "|".join(re.escape(name) for name in sorted({workload.image.name for workload in shared}))
    image = json.dumps(f"^([^/]+/)*({names})(:[^/]*)?(@.*)?$")
    return spec(
        POD_KINDS,
        [*_versions(accepted), _own(), *([] if accepted.features else [_no_features()])],
        {
            "pods": pods_of("object"),
            "pod": "variables.pods.spec",
            "labels": (
                "has(variables.pods.metadata) && has(variables.pods.metadata.labels)"
                " ? variables.pods.metadata.labels : {}"
            ),
            "feature": f"variables.labels[?{json.dumps(labels.TRACK)}].orValue('') == 'feature'",
            # A container that starts before the others and stays takes requests like any other.
            "containers": containers_of("variables.pod"),
            "app": "variables.labels[?'app'].orValue('')",
            "own": f"{json.dumps(own)}[?variables.app].orValue('')",
            # By the image's name or by what it says it is: a copy under another name would still take the requests.
            "images": (
                f"variables.containers.filter(c, c.image.matches({image}) || variables.own == c.name).map(c, c.image)"
            ),
            # A channel that is tightened does not keep anybody from scaling or removing what runs.
            "podBefore": f"({pods_of('oldObject')}).spec",
            "before": f"oldObject == null ? [] : ({containers_of('variables.podBefore')}).map(c, c.image)",
            "changed": "variables.images.filter(i, !(i in variables.before))",
            "tags": (
                "variables.changed.map(i, i.split('@')[0]).map(i, i.substring(i.lastIndexOf('/') + 1))"
                ".map(i, i.contains(':') ? i.substring(i.indexOf(':') + 1) : '')"
            ),
        },
        condition=("not-by-controllers", _not_by_controllers()),
    )


def binding(namespace: str) -> Spec:
    """Return the `spec` of the binding of a rule to a namespace, without the name of the policy."""
    return {
        "validationActions": ["Deny"],
        "matchResources": {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}}},
    }


def _not_by_controllers() -> str:
    user, accounts = _CONTROLLERS
    name = "request.userInfo.username"
    return f"{name} != {json.dumps(user)} && !{name}.startsWith({json.dumps(accounts)})"


def pods_of(which: str) -> str:
    """Return the expression for the pods of an object: a pod's own, or the template's."""
    return (
        f"{which}.kind == 'Pod' ? {which} : "
        f"{which}.kind == 'CronJob' ? {which}.spec.jobTemplate.spec.template : {which}.spec.template"
    )


def containers_of(spec: str) -> str:
    """Return the expression for all containers of pods with a `spec`, those that run first among them."""
    return f"{spec}.containers + (has({spec}.initContainers) ? {spec}.initContainers : [])"


def _versions(channel: Channel) -> Iterator[Spec]:
    exempt = "variables.feature || " if channel.features else ""
    prerelease = "(t.contains('-') ? t.substring(t.indexOf('-') + 1) : '')"
    yield {
        "expression": f"{exempt}variables.tags.all(t, t.matches({json.dumps(_VERSION)}))",
        "messageExpression": "variables.changed.join(', ') + ': the tag of an image is no SemVer version here'",
    }
    yield {
        "expression": f"{exempt}variables.changed.all(i, !i.contains('@') || i.matches('@sha256:[0-9a-f]{{64}}$'))",
        "messageExpression": "variables.changed.join(', ') + ': a digest is sha256: and 64 hexadecimal digits'",
    }
    yield {
        "expression": f"{exempt}variables.tags.all(t, {prerelease}.matches({json.dumps(channel.prereleases)}))",
        "messageExpression": "variables.changed.join(', ')"
        f" + {json.dumps(f': is not let in, the channel of this namespace accepts {channel.description}')}",
    }


def _own() -> Spec:
    return {
        "expression": "variables.own == '' || variables.containers.exists(c, c.name == variables.own)",
        "message": "pods with the label app: <service> take the requests of that service, and need its container",
        "messageExpression": "'pods with the label app: ' + variables.app + ' take the requests of that service, and"
        " need its container ' + variables.own",
    }


def _no_features() -> Spec:
    return {
        "expression": "!variables.feature",
        "message": "the channel of this namespace lets no features in",
    }
