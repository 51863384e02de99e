"""What is in a cluster already when a platform is about to be built on it: whose it is, and who has changed it.

Asked with the rights of the cluster's admin, before anything is planned.
"""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

from boutique.application.application import Application
from boutique.checks import stack_objects
from boutique.kubernetes import listing, live_objects
from boutique.kubernetes.client import KubernetesApi
from boutique.kubernetes.live_objects import DEPLOYER_KINDS, LiveObject
from boutique.mesh import gateway_api, gateway_api_installed
from boutique.mesh.gateway_api_installed import InstalledDefinition
from boutique.settings.errors import ErrorLine, SettingsError
from boutique.settings.mesh_settings import GatewayApiPresent, MeshSettings
from boutique.settings.stack import Environment, Platform
from boutique.targets.target_names import namespace

_PARALLEL = 4
_OWN = "app.kubernetes.io/managed-by=pulumi"
_NAMESPACES = "/api/v1/namespaces"
_ADMISSION = "/apis/admissionregistration.k8s.io/v1/"
_ADMISSION_LISTS = (
    f"{_ADMISSION}validatingadmissionpolicies",
    f"{_ADMISSION}validatingadmissionpolicybindings",
)
_KINDS: Mapping[str, str] = {
    "ResourceQuota": "/api/v1/resourcequotas",
    "LimitRange": "/api/v1/limitranges",
    "Role": "/apis/rbac.authorization.k8s.io/v1/roles",
    "RoleBinding": "/apis/rbac.authorization.k8s.io/v1/rolebindings",
    "NetworkPolicy": "/apis/networking.k8s.io/v1/networkpolicies",
    "ValidatingAdmissionPolicy": _ADMISSION_LISTS[0],
    "ValidatingAdmissionPolicyBinding": _ADMISSION_LISTS[1],
    "AuthorizationPolicy": "/apis/security.istio.io/v1/authorizationpolicies",
    "PeerAuthentication": "/apis/security.istio.io/v1/peerauthentications",
    "Gateway": "/apis/gateway.networking.k8s.io/v1/gateways",
    "Gateway (networking.istio.io)": "/apis/networking.istio.io/v1/gateways",
    "Certificate": "/apis/cert-manager.io/v1/certificates",
    **{kind: listing.whole_cluster(collection) for kind, collection in DEPLOYER_KINDS.items()},
}
"""What stacks with a platform write beside namespaces and definitions, by kind: the lists of the whole cluster."""


def check(
    admin: KubernetesApi,
    application: Application,
    section: Platform,
    environment: Environment | None,
    home: str,
    stack: str,
) -> str:
    """Refuse what belongs to others; return what others have changed of the stack's own objects, or nothing.

    Args:
        admin: The API server of the cluster, with the rights of its admin.
        application: What the environment runs.
        section: The platform.
        environment: The environment of the same stack, if it has one.
        home: Its namespace.
        stack: The stack.

    Raises:
        SettingsError: Another stack owns what this one would write, or the Gateway API cannot be installed or used.
        GatewayApiError: The stack's own definitions cannot be read.
        KubeconfigError: The API server does not answer, or refuses.
    """
    # Before the others, so that a credential plugin is run once.
    namespaces = admin.list_metadata(_NAMESPACES)
    with ThreadPoolExecutor(_PARALLEL) as pool:
        own = {kind: pool.submit(admin.list_metadata, path, _OWN) for kind, path in _KINDS.items()}
        definitions = pool.submit(_definitions, admin) if section.mesh else None
        objects = [
            *(LiveObject(kind="Namespace", metadata=item) for item in namespaces),
            *(LiveObject(kind=kind, metadata=item) for kind, response in own.items() for item in response.result()),
        ]
        installed = definitions.result() if definitions else ()
    in_environment = stack_objects.of_environment(application, environment, home) if environment else frozenset()
    planned = stack_objects.of_platform(section)
    errors = [
        *live_objects.ownership_errors(objects, planned, stack=stack, key="boutique:platform"),
        *live_objects.ownership_errors(objects, in_environment, stack=stack, key="boutique:environment"),
        *(_gateway_api(admin, section.mesh, installed, stack) if section.mesh else ()),
    ]
    if errors:
        raise SettingsError(errors)
    left = stack_objects.autoscaled_deployments(application, environment, home) if environment else ()
    return live_objects.changes(objects, planned | in_environment, stack=stack, autoscaled=left)


def home_of(section: Platform, environment: Environment | None) -> str:
    """Return the namespace of the stack's own environment; empty if it has none."""
    if environment is None:
        return ""
    return namespace(section, environment.target or next(iter(section.targets)))


def _definitions(admin: KubernetesApi) -> tuple[InstalledDefinition, ...]:
    items = [
        item for path in (gateway_api_installed.DEFINITIONS, *_ADMISSION_LISTS) for item in admin.list_metadata(path)
    ]
    return gateway_api_installed.installed_definitions(items)


def _gateway_api(
    admin: KubernetesApi, mesh: MeshSettings, installed: tuple[InstalledDefinition, ...], stack: str
) -> tuple[ErrorLine, ...]:
    source = mesh.gateway_api
    if isinstance(source, GatewayApiPresent):
        served = admin.served_resources(f"{gateway_api_installed.GROUP}/v1")
        return tuple(gateway_api_installed.present_errors(installed, served))
    names = [str(manifest["metadata"]["name"]) for manifest in gateway_api.manifests(source)]
    return tuple(gateway_api_installed.install_errors(installed, names, stack=stack, take_over=source.take_over))
