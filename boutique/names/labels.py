"""Labels, selectors and annotations: how an object says what it is, and who owns it.

Recommended labels: https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/
"""

from dataclasses import dataclass

from boutique.names.image_reference import label_value

TRACK = "boutique.dev/track"
OWNER = "boutique.dev/owner"
FIELD_MANAGER = "pulumi.com/patchFieldManager"
FORCE = "pulumi.com/patchForce"
FEATURE = "boutique.dev/feature"
REVISION = "boutique.dev/colour"
CHECKED = "boutique.dev/checked"
"""The annotation of a Service that names the last pods which passed the smoke check before they got requests."""
BRANCH = "boutique.dev/branch"
EXPIRES = "boutique.dev/expires"
BASELINE = "baseline"
ENDING_BY_ITSELF = {"pulumi.com/deletionPropagationPolicy": "background"}
"""Nobody waits for the pods of what is deleted: for what no route leads to any more.

https://github.com/pulumi/pulumi-kubernetes/pull/3011
"""
POD_SECURITY = "pod-security.kubernetes.io/enforce"


@dataclass(frozen=True, kw_only=True)
class Owner:
    """The stack that owns an object, and the application that the object is for.

    Attributes:
        stack: The name of the stack.
        application: The name of the application.
    """

    stack: str
    application: str


def common(application: str) -> dict[str, str]:
    """Return the labels of every object."""
    return {"app.kubernetes.io/part-of": application, "app.kubernetes.io/managed-by": "pulumi"}


def selector(workload: str, feature: str | None = None) -> dict[str, str]:
    """Return what picks a workload's pods of the baseline, or of one feature, and never those of another.

    A Deployment's selector cannot change, so nothing in here may ever move.
    """
    return {"app": workload, **({TRACK: "feature", FEATURE: feature} if feature else {TRACK: BASELINE})}


def workload(application: str, name: str, feature: str | None = None) -> dict[str, str]:
    """Return the labels of a workload's objects and pods, of the baseline or of a feature."""
    return {**common(application), **selector(name, feature), "app.kubernetes.io/name": name}


def revision(name: str | None) -> dict[str, str]:
    """Return the label that tells the pods of one blue/green release from those of the others."""
    return {REVISION: name} if name else {}


def version(tag: str) -> dict[str, str]:
    """Return the label that says which version runs; only for what changes with every version anyway."""
    return {"app.kubernetes.io/version": label_value(tag)}


def owned_by(stack: str) -> dict[str, str]:
    """Return the annotations that name the one stack that may write an object, and let it take its fields back.

    The writer's name is the stack's: one drawn at random would be forgotten with an update that is killed, and the next
    update would be in conflict with its own past. Without force, an object that was changed by hand could not
    be updated any more; other stacks are kept away by the owner (docs/adr/0019).
    """
    return {OWNER: stack, FIELD_MANAGER: field_manager(stack), FORCE: "true"}


def field_manager(stack: str) -> str:
    """Return the name by which the API server knows what a stack has set."""
    return f"pulumi-{stack}"


def feature(application: str, key: str) -> dict[str, str]:
    """Return the labels of what a feature has beside workloads."""
    return {**common(application), TRACK: "feature", FEATURE: key}


def branch(name: str | None, expires: str | None) -> dict[str, str]:
    """Return the annotations of a feature's objects, so that they tell what they are without the stack.

    Args:
        name: The branch it was built from, if that is known.
        expires: When it may be removed, as RFC 3339 has it; None for never.
    """
    return {**({BRANCH: name} if name else {}), **({EXPIRES: expires} if expires else {})}


def injection() -> dict[str, str]:
    """Return the label of a namespace in which every new pod gets a proxy; a second control plane would need another.

    https://istio.io/latest/docs/setup/additional-setup/sidecar-injection/
    """
    return {"istio-injection": "enabled"}


def namespace(application: str, *, meshed: bool = False, node_agents: bool = False) -> dict[str, str]:
    """Return the labels of a namespace, with the pod security standard its pods have to keep.

    Without an agent on the node (`cni`), each pod of the mesh redirects its own traffic, which only the standard
    `privileged` allows; other pods that would violate `baseline` still cause a warning.

    https://kubernetes.io/docs/concepts/security/pod-security-standards/

    Args:
        application: The name of the application.
        meshed: Whether new pods get a proxy.
        node_agents: Whether agents on the nodes redirect the traffic of pods.
    """
    if not meshed:
        return {**common(application), POD_SECURITY: "baseline"}
    if node_agents:
        return {**common(application), **injection(), POD_SECURITY: "baseline"}
    return {
        **common(application),
        **injection(),
        POD_SECURITY: "privileged",
        "pod-security.kubernetes.io/warn": "baseline",
    }


def gateway(application: str, *, readiness_gate: bool) -> dict[str, str]:
    """Return the labels of the gateway's namespace, where pods say by a label of their own that they get a proxy.

    Args:
        application: The name of the application.
        readiness_gate: Whether a pod counts as ready only when AWS' load balancer calls it healthy:
            https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/deploy/pod_readiness_gate/
    """
    gate = {"elbv2.k8s.aws/pod-readiness-gate-inject": "enabled"} if readiness_gate else {}
    return {**common(application), POD_SECURITY: "baseline", **gate}


def control_plane(application: str, *, node_agents: bool) -> dict[str, str]:
    """Return the labels of a namespace of the mesh's own; agents on the nodes have to be privileged."""
    return {**common(application), POD_SECURITY: "privileged" if node_agents else "baseline"}
