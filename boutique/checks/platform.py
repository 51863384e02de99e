"""Whether the parts of a platform fit together."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from boutique.mesh import istio, policies
from boutique.settings.certificate_settings import AcmCertificate
from boutique.settings.errors import ErrorLine
from boutique.settings.ingress_settings import NetworkLoadBalancer
from boutique.settings.mesh_settings import ChartFolder
from boutique.settings.stack import Platform
from boutique.targets.target_names import DEPLOYERS_NAMESPACE, namespace

_RESERVED = {DEPLOYERS_NAMESPACE, "default", istio.NAMESPACE, policies.GATEWAY.namespace}


def errors(platform: Platform) -> Iterator[ErrorLine]:
    """Return a line for each error."""
    yield from _targets(platform)
    yield from _mesh(platform)
    yield from _ingress(platform)


def _targets(platform: Platform) -> Iterator[ErrorLine]:
    names = {target: namespace(platform, target) for target in platform.targets}
    for target, name in names.items():
        if name in _RESERVED or name.startswith("kube-"):
            yield ErrorLine(
                "reserved-namespace",
                f"boutique:platform.targets.{target}.namespace: {name!r} is reserved; choose another namespace",
            )
    for name, count in Counter(names.values()).items():
        if count > 1:
            yield ErrorLine(
                "shared-namespace",
                f"boutique:platform.targets: {count} targets share the namespace {name!r}; give each its own",
            )


def _mesh(platform: Platform) -> Iterator[ErrorLine]:
    mesh = platform.mesh
    if mesh and mesh.replicas > mesh.max_replicas:
        yield ErrorLine(
            "below-replicas",
            f"boutique:platform.mesh.maxReplicas: {mesh.max_replicas}: must be at least mesh.replicas, "
            f"which is {mesh.replicas}",
        )
    if mesh and isinstance(mesh.charts, ChartFolder):
        charts = ("base", *(["cni"] if mesh.cni else []), "istiod", *(["gateway"] if platform.ingress else []))
        missing = [name for name in charts if not (Path(mesh.charts.path) / name / "Chart.yaml").is_file()]
        if missing:
            yield ErrorLine(
                "missing-charts",
                f"boutique:platform.mesh.charts.path: {mesh.charts.path!r}: lacks the charts {', '.join(missing)}; "
                "put each into a folder of its name, or name another source of charts",
            )


def _ingress(platform: Platform) -> Iterator[ErrorLine]:
    ingress = platform.ingress
    if ingress is None:
        return
    if platform.mesh is None:
        yield ErrorLine("no-mesh", "boutique:platform.ingress: is a gateway of the mesh; add boutique:platform.mesh")
    if isinstance(ingress.certificate, AcmCertificate) and not isinstance(ingress.load_balancer, NetworkLoadBalancer):
        yield ErrorLine(
            "acm-without-nlb",
            "boutique:platform.ingress.certificate.kind: 'acm': TLS ends at a load balancer of AWS then; "
            "add ingress.loadBalancer {kind: nlb}, or take the certificate from elsewhere",
        )
    if ingress.replicas > ingress.max_replicas:
        yield ErrorLine(
            "below-replicas",
            f"boutique:platform.ingress.maxReplicas: {ingress.max_replicas}: must be at least ingress.replicas, "
            f"which is {ingress.replicas}",
        )
