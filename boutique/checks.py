"""What single values cannot tell: whether the sections of a stack fit together and fit the catalogue."""

from collections import Counter
from collections.abc import Collection, Iterator
from pathlib import Path

from boutique import catalogue, hosts, istio, policies
from boutique.certificates.settings import AcmCertificate
from boutique.deployed import Deployed, deployed
from boutique.ingress import NetworkLoadBalancer
from boutique.mesh import ChartFolder
from boutique.mistakes import nearest
from boutique.quota import amount
from boutique.settings import (
    Cluster,
    EksCluster,
    Environment,
    ExistingCluster,
    Platform,
    Service,
    StackCluster,
)
from boutique.targets import DEPLOYERS_NAMESPACE, namespace, target_name
from boutique.workload import Workload

_RESERVED = {DEPLOYERS_NAMESPACE, "default", istio.NAMESPACE, policies.GATEWAY.namespace}


def check(
    *,
    cluster: Cluster | None,
    platform: Platform | None,
    environment: Environment | None,
    unread: Collection[str] = (),
) -> list[str]:
    """Return a line for each mistake; a section that could not be read (`unread`) is None and is not judged."""
    return [
        *_cluster(cluster, platform),
        *_targets(platform),
        *_mesh(platform),
        *_ingress(platform),
        *(hosts.mistakes(platform) if platform else ()),
        *(_target(cluster, platform, environment) if "platform" not in unread else ()),
        *_services(environment),
        *_deployed(environment),
        *_room(cluster, platform, environment),
        *_external(platform, environment),
    ]


def _cluster(cluster: Cluster | None, platform: Platform | None) -> Iterator[str]:
    if isinstance(cluster, EksCluster):
        yield (
            "boutique:cluster.kind: 'eks' is not built yet; "
            "use {kind: existing, context: …} for a cluster that is there, or {kind: stack, name: …, target: …}"
        )
    if isinstance(cluster, StackCluster) and platform:
        yield (
            "boutique:platform: a stack that deploys into a target of another stack has no rights to build a platform; "
            f"move the section to the stack {cluster.name!r}"
        )


def _targets(platform: Platform | None) -> Iterator[str]:
    if platform is None:
        return
    names = {target: namespace(platform, target) for target in platform.targets}
    for target, name in names.items():
        if name in _RESERVED or name.startswith("kube-"):
            yield f"boutique:platform.targets.{target}.namespace: {name!r} is reserved; choose another namespace"
    for name, count in Counter(names.values()).items():
        if count > 1:
            yield f"boutique:platform.targets: {count} targets share the namespace {name!r}; give each its own"


def _mesh(platform: Platform | None) -> Iterator[str]:
    mesh = platform.mesh if platform else None
    if mesh and mesh.replicas > mesh.max_replicas:
        yield (
            f"boutique:platform.mesh.maxReplicas: {mesh.max_replicas}: must be at least mesh.replicas, "
            f"which is {mesh.replicas}"
        )
    if mesh and platform and isinstance(mesh.charts, ChartFolder):
        wanted = ("base", *(["cni"] if mesh.cni else []), "istiod", *(["gateway"] if platform.ingress else []))
        missing = [name for name in wanted if not (Path(mesh.charts.path) / name / "Chart.yaml").is_file()]
        if missing:
            yield (
                f"boutique:platform.mesh.charts.path: {mesh.charts.path!r}: lacks the charts {', '.join(missing)}; "
                "put each into a folder of its name, or name another source of charts"
            )


def _ingress(platform: Platform | None) -> Iterator[str]:
    ingress = platform.ingress if platform else None
    if platform is None or ingress is None:
        return
    if platform.mesh is None:
        yield "boutique:platform.ingress: is a gateway of the mesh; add boutique:platform.mesh"
    if isinstance(ingress.certificate, AcmCertificate) and not isinstance(ingress.load_balancer, NetworkLoadBalancer):
        yield (
            "boutique:platform.ingress.certificate.kind: 'acm': TLS ends at a load balancer of AWS then; "
            "add ingress.loadBalancer {kind: nlb}, or take the certificate from elsewhere"
        )
    if ingress.replicas > ingress.max_replicas:
        yield (
            f"boutique:platform.ingress.maxReplicas: {ingress.max_replicas}: must be at least ingress.replicas, "
            f"which is {ingress.replicas}"
        )


def _target(cluster: Cluster | None, platform: Platform | None, environment: Environment | None) -> Iterator[str]:
    if environment is None:
        return
    if isinstance(cluster, StackCluster):
        if environment.target:
            yield "boutique:environment.target: the target is named by boutique:cluster.target here; remove this key"
    elif isinstance(cluster, ExistingCluster) and platform is None:
        yield (
            "boutique:environment: has no target to go to; add boutique:platform with targets to this stack, "
            "or take a target of another stack with boutique:cluster {kind: stack, name: …, target: …}"
        )
    elif platform and environment.target is None and len(platform.targets) > 1:
        yield f"boutique:environment.target: is missing; there are: {', '.join(sorted(platform.targets))}"
    elif platform and environment.target and environment.target not in platform.targets:
        hint = nearest(environment.target, platform.targets)
        yield f"boutique:environment.target: {environment.target!r} is not in boutique:platform.targets{hint}"


def _services(environment: Environment | None) -> Iterator[str]:
    if environment is None:
        return
    for workload in catalogue.WORKLOADS:
        key = f"boutique:environment.services.{workload.name}"
        for mistake in _service(workload, environment.services.get(workload.name, Service())):
            yield f"{key}.{mistake}"


def _service(workload: Workload, service: Service) -> Iterator[str]:
    if not service.enabled and not workload.optional:
        yield "enabled: others need this service; it cannot be left out"
    if service.replicas not in (None, 1) and workload.store:
        yield f"replicas: {service.replicas}: must be 1; a second one would hold other data"
    if service.external and not workload.external_service:
        yield "external: it has no external Service in the catalogue"
    if service.init_image and not workload.init:
        yield "initImage: it has no init container"
    addresses = {**workload.calls, **({"PORT": None} if "PORT" in workload.variables else {})}
    for name in sorted(set(service.variables) & set(addresses)):
        yield f"variables.{name}: is set from the catalogue, so that addresses and ports always fit; remove it"


def _deployed(environment: Environment | None) -> Iterator[str]:
    """Check what only shows when a service's settings and the ones for all services are put together."""
    for each in deployed(environment) if environment else ():
        key = f"boutique:environment.services.{each.workload.name}"
        if each.rollout.min_ready_seconds >= each.rollout.timeout_seconds:
            yield (
                f"{key}.rollout.minReadySeconds: {each.rollout.min_ready_seconds}: must be less than timeoutSeconds, "
                f"which is {each.rollout.timeout_seconds}"
            )
        for resource in ("cpu", "memory"):
            asked, most = getattr(each.requests, resource), getattr(each.limits, resource)
            if amount(asked) > amount(most):
                yield f"{key}.resources.requests.{resource}: {asked}: must not be more than the limit, which is {most}"


def _room(cluster: Cluster | None, platform: Platform | None, environment: Environment | None) -> Iterator[str]:
    if cluster is None or platform is None or environment is None:
        return
    name = target_name(cluster, platform, environment)
    target = platform.targets.get(name)
    most: Deployed = max(deployed(environment), key=lambda each: each.replicas)
    if target and most.replicas > target.replicas:
        yield (
            f"boutique:platform.targets.{name}.replicas: {target.replicas}: leaves no room for the {most.replicas} "
            f"replicas of {most.workload.name}; raise it to {most.replicas}"
        )


def _external(platform: Platform | None, environment: Environment | None) -> Iterator[str]:
    mesh = platform.mesh if platform else None
    if mesh is None or environment is None or (mesh.policies.mtls == "permissive" and not mesh.policies.authorization):
        return
    for name, service in environment.services.items():
        if service.external:
            yield (
                f"boutique:environment.services.{name}.external: the mesh refuses callers without an identity, "
                "and nobody outside has one; remove it, or loosen boutique:platform.mesh.policies: "
                "{mtls: permissive, authorization: false}"
            )
