"""The configuration of the mesh: which Istio, from where, how much of it, and what it enforces."""

from typing import Annotated, Literal

from pydantic import Field

from boutique.settings.fields import Count, ExactVersion, FolderPath, HttpsAddress, OciAddress, Repository, Section

ISTIO_VERSION = "1.31.1"
GATEWAY_API_VERSION = "1.6.3"
GATEWAY_API_OLDEST = "1.2.0"
"""The oldest bundle whose HTTPRoute has `timeouts` in the standard channel (GEP-1742); older ones drop them."""


class ChartRepository(Section):
    """A Helm repository."""

    kind: Literal["repository"]
    url: HttpsAddress = "https://blob.istio.io/istio-release/charts"
    """Its address; the default is where Istio publishes from 1.31 on."""


class ChartRegistry(Section):
    """Charts as OCI artifacts."""

    kind: Literal["registry"]
    url: OciAddress = "oci://ghcr.io/istio/release/charts"
    """What comes before `/<chart>`."""


class ChartFolder(Section):
    """A folder with a folder per chart: `base`, `cni`, `istiod`."""

    kind: Literal["folder"]
    path: FolderPath
    """Where it is; `${NAME}` stands for an environment variable, so that the stack file fits every machine."""


Charts = Annotated[ChartRepository | ChartRegistry | ChartFolder, Field(discriminator="kind")]


class GatewayApiRelease(Section):
    """The manifest that the Gateway API publishes with a release; read at every preview and update."""

    kind: Literal["release"]
    url: HttpsAddress = (
        f"https://github.com/kubernetes-sigs/gateway-api/releases/download/v{GATEWAY_API_VERSION}/standard-install.yaml"
    )
    """Its address."""
    take_over: bool = False
    """True makes definitions that are in the cluster already this stack's, if they are of the standard channel and not
    newer; without it they are refused at preview."""


class GatewayApiFolder(Section):
    """A folder with manifests of the Gateway API."""

    kind: Literal["folder"]
    path: FolderPath
    """Where it is; `${NAME}` stands for an environment variable, so that the stack file fits every machine."""
    take_over: bool = False
    """True makes definitions that are in the cluster already this stack's, if they are of the standard channel and not
    newer; without it they are refused at preview."""


class GatewayApiPresent(Section):
    """The cluster has the Gateway API already, 1.2.0 or later; nothing is installed, changed or removed."""

    kind: Literal["present"]


GatewayApi = Annotated[GatewayApiRelease | GatewayApiFolder | GatewayApiPresent, Field(discriminator="kind")]


class MeshPolicies(Section):
    """Who may talk to whom; the call graph of the application, and nothing else."""

    mtls: Literal["strict", "permissive"] = "strict"
    """`permissive` also takes calls without a certificate: while namespaces move into the mesh."""
    authorization: bool = True
    """AuthorizationPolicies: proxies let in only the callers that the call graph names, by their identity."""
    network: bool = True
    """NetworkPolicies: the same for pods' addresses, where the cluster's network enforces them."""


class MeshSettings(Section):
    """Istio with sidecars, in every target of this stack; `{}` takes the defaults."""

    version: ExactVersion = ISTIO_VERSION
    """The exact release; charts in a folder are taken as they are, with the images of this release."""
    charts: Charts = ChartRepository(kind="repository")
    """Where the Helm charts come from."""
    hub: Repository = "docker.io/istio"
    """Where Istio's images come from; nodes behind one address soon meet Docker Hub's limits, a mirror does not."""
    gateway_api: GatewayApi = GatewayApiRelease(kind="release")
    """Where the Gateway API's custom resource definitions come from."""
    cni: bool = False
    """True redirects pods' traffic from the node, and pods keep the standard `baseline`; else each needs NET_ADMIN."""
    replicas: Count = 2
    """The least replicas of istiod; from two on with a PodDisruptionBudget, spread over nodes and zones."""
    max_replicas: Count = 5
    """The most replicas that istiod is scaled to under load."""
    egress: Literal["registered", "any"] = "registered"
    """What pods reach outside the mesh: only what a ServiceEntry names, or anything."""
    stock_envoy: bool = False
    """True for proxies that run a stock Envoy, which lacks Istio's own filters: no metrics of Istio's own."""
    policies: MeshPolicies = MeshPolicies()
    """What is enforced between pods."""


def takes_strangers(mesh: MeshSettings | None) -> bool:
    """Say whether pods answer callers who have no identity of the mesh, as people outside have none."""
    return mesh is None or (mesh.policies.mtls == "permissive" and not mesh.policies.authorization)
