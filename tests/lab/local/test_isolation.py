"""What reaches beyond a namespace is refused to those who may deploy in it, by the API server itself."""

from typing import Any

import pytest

from tests.support.lab.deployer_escapes import GATEWAY, denied_by, route, virtual_service
from tests.support.lab.deployer_writes import Object, Write, dry_run_writer, feature_object
from tests.support.lab.lab_commands import Lab, eventually
from tests.support.lab.local_stack import LocalDeployment

pytestmark = pytest.mark.lab

DEPLOYER = "local-deployer"
IMAGE = "example.org/adservice:v0.10.6"
HOSTNAME = {"group": "networking.istio.io", "kind": "Hostname", "name": "x.elsewhere.svc.cluster.local", "port": 1}
BAD = {"type": "RegularExpression", "value": "/("}


@pytest.fixture(scope="module")
def write(lab: Lab, local: LocalDeployment) -> Write:
    assert local.output
    write = dry_run_writer(lab)
    # A rule is in force a moment after it was made.
    eventually(lambda: write(DEPLOYER, "create", **pods(hostNetwork=True)) != "", "the rule is in force")
    return write


def pods(*, annotations: dict[str, str] | None = None, container: Object | None = None, **spec: Any) -> Object:
    """Return a Deployment with something special about its pods."""
    labels = {"app": "adservice", "boutique.dev/track": "baseline"}
    ours = {"name": "server", "image": IMAGE, **(container or {})}
    template = {
        "metadata": {"labels": labels, **({"annotations": annotations} if annotations else {})},
        "spec": {"containers": [ours], **spec},
    }
    content = {"selector": {"matchLabels": labels}, "template": template}
    return feature_object("Deployment", "adservice-isolated", "apps/v1", labels=labels, spec=content)


def service(name: str = "adservice-isolated", **spec: Any) -> Object:
    return feature_object("Service", name, labels={}, spec={"ports": [{"port": 1}], "selector": {"app": "x"}, **spec})


def budget(name: str = "adservice-isolated", **spec: Any) -> Object:
    selector = {"matchLabels": {"app": "adservice-isolated"}}
    return feature_object("PodDisruptionBudget", name, "policy/v1", labels={}, spec={"selector": selector, **spec})


def against(whom: Object) -> Object:
    """Return that pods do not go where some others are."""
    term = {"topologyKey": "kubernetes.io/os", "labelSelector": {}, **whom}
    return {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}


def pod_with_security_context(**context: Any) -> Object:
    return pods(container={"securityContext": context})


NODE = "have nothing of their node"
PRIVILEGES = "get no privileges"
PROXY = "is the mesh's to set up"
NEIGHBOURS = "push no others aside"
AFFINITY = "keep away from those of their own namespace only"
ENDING = "so that nodes can be renewed"
SERVICE = "are of type ClusterIP, without externalIPs"
BUDGET = "lets one pod of the app that it is called after go"
PATTERN = "match by regular expressions of RE2"
TO_OWN = "lead to Services of local"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (pods(hostNetwork=True), NODE),
        (pods(hostPID=True), NODE),
        (pods(hostIPC=True), NODE),
        (pods(nodeName="somewhere"), NODE),
        (pods(volumes=[{"name": "node", "hostPath": {"path": "/"}}]), NODE),
        (pods(container={"ports": [{"containerPort": 1, "hostPort": 1}]}), NODE),
        (pod_with_security_context(privileged=True), PRIVILEGES),
        (pod_with_security_context(capabilities={"add": ["NET_ADMIN"]}), PRIVILEGES),
        (pod_with_security_context(seccompProfile={"type": "Unconfined"}), PRIVILEGES),
        (pod_with_security_context(appArmorProfile={"type": "Unconfined"}), PRIVILEGES),
        (pod_with_security_context(seLinuxOptions={"type": "spc_t"}), PRIVILEGES),
        (pods(container={"securityContext": {"procMount": "Unmasked"}}, hostUsers=False), PRIVILEGES),
        (pods(securityContext={"seccompProfile": {"type": "Unconfined"}}), PRIVILEGES),
        (pods(securityContext={"sysctls": [{"name": "kernel.shm_rmid_forced", "value": "1"}]}), PRIVILEGES),
        (pods(annotations={"container.apparmor.security.beta.kubernetes.io/server": "unconfined"}), PRIVILEGES),
        (
            pods(initContainers=[{"name": "first", "image": IMAGE, "securityContext": {"privileged": True}}]),
            PRIVILEGES,
        ),
        (pods(container={"livenessProbe": {"httpGet": {"host": "127.0.0.1", "port": 10248}}}), NODE),
        (pods(container={"lifecycle": {"postStart": {"tcpSocket": {"host": "10.0.0.1", "port": 1}}}}), NODE),
        (pods(priorityClassName="system-cluster-critical"), NEIGHBOURS),
        (pods(tolerations=[{"operator": "Exists"}]), NEIGHBOURS),
        (pods(affinity=against({"namespaceSelector": {}})), AFFINITY),
        (pods(affinity=against({"namespaces": ["kube-system"]})), AFFINITY),
        (pods(terminationGracePeriodSeconds=86400), ENDING),
        (pods(annotations={"sidecar.istio.io/userVolume": '[{"name": "x", "hostPath": {"path": "/"}}]'}), PROXY),
        (pods(annotations={"sidecar.istio.io/proxyImage": IMAGE}), PROXY),
        (pods(annotations={"inject.istio.io/templates": "own"}), PROXY),
        (pods(initContainers=[{"name": "istio-init", "image": IMAGE}]), PROXY),
        (service(externalIPs=["203.0.113.7"]), SERVICE),
        (service(type="NodePort"), SERVICE),
        (service(type="LoadBalancer"), SERVICE),
        (service("frontend-external", type="LoadBalancer"), SERVICE),
        (service(type="ExternalName", externalName="adservice.elsewhere.svc.cluster.local"), SERVICE),
        (virtual_service("local", ["adservice.elsewhere.svc.cluster.local"]), "are for Services of local"),
        (virtual_service("local", ["adservice", "*"]), "are for Services of local"),
        (virtual_service("local", ["*"], ["istio-ingress/ingress", "mesh"]), "are for Services of local"),
        (virtual_service("local", ["adservice"], to="adservice.elsewhere.svc.cluster.local"), TO_OWN),
        (route("local", GATEWAY, backend={"name": "x", "namespace": "elsewhere", "port": 1}), TO_OWN),
        (route("local", GATEWAY, backend=HOSTNAME), TO_OWN),
        (
            route("local", GATEWAY, filters=[{"type": "RequestMirror", "requestMirror": {"backendRef": HOSTNAME}}]),
            TO_OWN,
        ),
        (route("local", GATEWAY, matches=[{"headers": [{**BAD, "name": "x"}]}]), "error parsing regexp"),
        (route("local", GATEWAY, matches=[{"queryParams": [{**BAD, "name": "x"}]}]), "error parsing regexp"),
        (route("local", GATEWAY, matches=[{"path": BAD}]), "error parsing regexp"),
        (route("local", GATEWAY, matches=[{"headers": [{**BAD, "name": "x", "value": "a" * 1025}]}]), PATTERN),
        (budget(minAvailable=1), BUDGET),
        (budget(maxUnavailable=0), BUDGET),
        (budget("another", maxUnavailable=1), BUDGET),
    ],
)
def test_what_reaches_beyond_the_namespace_is_refused(write: Write, content: Object, message: str) -> None:
    refusal = write(DEPLOYER, "create", **content)
    assert denied_by(refusal) in {"isolation-pods-local", "isolation-services-local", "isolation-routes-local"}
    assert message in refusal


@pytest.mark.parametrize(
    "content",
    [
        pods(),
        pods(
            container={"securityContext": {"privileged": False, "capabilities": {"drop": ["ALL"]}}},
            securityContext={"seccompProfile": {"type": "RuntimeDefault"}},
            volumes=[{"name": "empty", "emptyDir": {}}],
        ),
        pods(annotations={"sidecar.istio.io/rewriteAppHTTPProbers": "true"}),
        service(),
        service(clusterIP="None"),
        pods(affinity=against({})),
        budget(maxUnavailable=1),
        route("local", GATEWAY, matches=[{"headers": [{**BAD, "name": "x", "value": "^a+$"}], "path": {"value": "/"}}]),
        virtual_service("local", ["adservice", "adservice.local.svc.cluster.local"]),
        # Whether it may, the gateway says.
        virtual_service("local", ["shop.localhost"], ["istio-ingress/ingress"]),
    ],
)
def test_what_stays_in_it_is_let_through(write: Write, content: Object) -> None:
    assert write(DEPLOYER, "create", **content) == ""
