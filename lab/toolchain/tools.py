"""The programs that the lab is made of: where each comes from and which version of it.

Versions live in the go.mod files under `modules/`. Only what a pseudo-version cannot tell is pinned here.
"""

from pathlib import Path

from lab.toolchain.go_mod import required_version
from lab.toolchain.recipe import EmbeddedDocument, Family, GoProgram, ModuleFile, Tool, VersionQuestion

MODULES = Path(__file__).parent / "modules"

# The releases whose commits modules/pulumi-resource-kubernetes/go.mod and modules/istio/go.mod name.
PROVIDER_VERSION = "4.25.0"
ISTIO_VERSION = "1.31.0"

PROVIDER = "pulumi-resource-kubernetes"
PROVIDER_PLUGIN = f"resource-kubernetes-v{PROVIDER_VERSION}"

_PULUMI_SDK = "github.com/pulumi/pulumi/sdk/v3"
_PULUMI_VERSION = f"{_PULUMI_SDK}/go/common/version.Version"
_PROVIDER_MODULE = "github.com/pulumi/pulumi-kubernetes/provider/v4"
_KUBERNETES = "k8s.io/kubernetes"
_KWOK = "sigs.k8s.io/kwok"
_ETCD = "go.etcd.io/etcd/server/v3"
_ISTIO = "istio.io/istio"
_GATEWAY_API = "sigs.k8s.io/gateway-api"
_DISTRIBUTION = "github.com/distribution/distribution/v3"

# Those of the publishers' own builds, all of them for every tool: a package with other tags is compiled again. And
# cloud.google.com/go/storage's tag (its doc.go) for doing without gRPC's xDS, which Pulumi has no use for.
_TAGS = "disable_grpc_modules,disable_pgv,grpcnotrace,osusergo,retrynotrace,vtprotobuf"

# Generic or generated code that is large and that no request waits for.
_NOT_INLINED = ("istio.io/istio/pilot/...", "k8s.io/client-go/kubernetes/...", "k8s.io/client-go/informers/...")

_STAGES = (
    "node/fast/node-initialize",
    "node/heartbeat-with-lease/node-heartbeat-with-lease",
    "pod/fast/pod-ready",
    "pod/fast/pod-complete",
    "pod/fast/pod-delete",
)
# By the names under which Istio publishes them, so that a folder and a repository of charts are interchangeable.
_CHARTS = {
    "base": "base",
    "istiod": "istio-control/istio-discovery",
    "cni": "istio-cni",
    "gateway": "gateway",
}


def families(modules: Path = MODULES) -> tuple[Family, ...]:
    """Return every family of tools."""
    return (
        _cluster(modules / "kubernetes"),
        _pulumi(modules / "pulumi"),
        _language(modules / "pulumi-language-python"),
    )


def families_of_tests(modules: Path = MODULES) -> tuple[Family, ...]:
    """Return the families that only tests need: no lab waits for them."""
    return (_registry(modules / "registry"),)


def kubernetes_version(modules: Path = MODULES) -> str:
    """Return the version of Kubernetes, with its leading v."""
    return required_version(modules / "kubernetes", _KUBERNETES)


def _cluster(module: Path) -> Family:
    """Return the family of tools that share Kubernetes' packages: one version, compiled once."""
    return Family(
        module,
        (_etcd(module), _kwok(module), *_kubernetes(module), *_istio(module), _provider()),
        files=(
            *(
                (f"kwok/{Path(stage).name}.yaml", ModuleFile(_KWOK, f"kustomize/stage/{stage}.yaml"))
                for stage in _STAGES
            ),
            *(
                (f"istio/charts/{name}", ModuleFile(_ISTIO, f"manifests/charts/{path}"))
                for name, path in _CHARTS.items()
            ),
            ("istio/envoy_bootstrap.json", ModuleFile(_ISTIO, "tools/packaging/common/envoy_bootstrap.json")),
            ("gateway-api", ModuleFile(_GATEWAY_API, "config/crd/standard")),
        ),
    )


def _program(
    package: str, ldflags: str = "-s -w", tag: str = "", embedded: tuple[EmbeddedDocument, ...] = ()
) -> GoProgram:
    """Return a recipe with the flags of every tool of its module: shared packages are compiled once."""
    return GoProgram(package, ldflags, ",".join(filter(None, (tag, _TAGS))), embedded, _NOT_INLINED)


def _etcd(module: Path) -> Tool:
    version = required_version(module, _ETCD).removeprefix("v")
    return Tool("etcd", version, _program(_ETCD), VersionQuestion(("--version",), r"etcd Version: (\S+)"))


def _kwok(module: Path) -> Tool:
    version = required_version(module, _KWOK)
    recipe = _program(f"{_KWOK}/cmd/kwok", f"-s -w -X {_KWOK}/pkg/consts.Version={version}")
    return Tool("kwok", version, recipe, VersionQuestion(("--version",), r"kwok version (\S+)"))


def _kubernetes(module: Path) -> tuple[Tool, ...]:
    version = required_version(module, _KUBERNETES)
    major, minor, _ = version.removeprefix("v").split(".", 2)
    values = {
        "gitVersion": version,
        "gitMajor": major,
        "gitMinor": minor,
        "gitTreeState": "clean",
        "gitCommit": "0000000",
        "buildDate": "2026-01-01T00:00:00Z",
    }
    packages = ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")
    ldflags = " ".join(
        ["-s -w", *(f"-X {package}.{name}={value}" for package in packages for name, value in values.items())]
    )
    server = VersionQuestion(("--version",), r"Kubernetes (\S+)")
    questions = {
        "kubectl": VersionQuestion(("version", "--client"), r"Client Version: (\S+)"),
        "kube-scheduler": server,
        "kube-apiserver": server,
        "kube-controller-manager": server,
    }
    return tuple(
        Tool(name, version, _program(f"{_KUBERNETES}/cmd/{name}", ldflags), question)
        for name, question in questions.items()
    )


def _istio(module: Path) -> tuple[Tool, ...]:
    values = {
        "buildVersion": ISTIO_VERSION,
        "buildGitRevision": required_version(module, _ISTIO).rpartition("-")[2],
        "buildStatus": "Clean",
        "buildTag": ISTIO_VERSION,
        "buildHub": "docker.io/istio",
    }
    ldflags = " ".join(["-s -w", *(f"-X {_ISTIO}/pkg/version.{name}={value}" for name, value in values.items())])
    answer = r"client version: (\S+)"
    local, client = (
        VersionQuestion(("version", "--short"), answer),
        VersionQuestion(("version", "--short", "--remote=false"), answer),
    )
    return (
        Tool("pilot-discovery", ISTIO_VERSION, _program(f"{_ISTIO}/pilot/cmd/pilot-discovery", ldflags), local),
        Tool("pilot-agent", ISTIO_VERSION, _program(f"{_ISTIO}/pilot/cmd/pilot-agent", ldflags, "agent"), local),
        Tool("istioctl", ISTIO_VERSION, _program(f"{_ISTIO}/istioctl/cmd/istioctl", ldflags), client, on_demand=True),
    )


def _provider() -> Tool:
    folder = f"cmd/{PROVIDER}"
    recipe = _program(
        "./provider",
        f"-s -w -X {_PROVIDER_MODULE}/pkg/version.Version={PROVIDER_VERSION}",
        embedded=(
            EmbeddedDocument(
                "provider/schema.json", ModuleFile(_PROVIDER_MODULE, f"{folder}/schema.json"), PROVIDER_VERSION
            ),
            EmbeddedDocument(
                "provider/terraform-mapping.json", ModuleFile(_PROVIDER_MODULE, f"{folder}/terraform-mapping.json")
            ),
        ),
    )
    return Tool(PROVIDER, PROVIDER_VERSION, recipe, plugin=PROVIDER_PLUGIN)


def _pulumi(module: Path) -> Family:
    version = required_version(module, _PULUMI_SDK)
    # The engine warns if its language host is not the one beside it, and the language host looks for its script nowhere
    # else: an installed engine is of use with both of them or not at all.
    pulumi = Tool(
        "pulumi",
        version,
        GoProgram(
            "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
            f"-s -w -X {_PULUMI_VERSION}={version}",
            _TAGS,
        ),
        VersionQuestion(("version",), r"^(v\S+)"),
        parts=("pulumi-language-python", "pulumi-language-python-exec"),
    )
    script = ModuleFile(_PULUMI_SDK, "python/cmd/pulumi-language-python-exec")
    return Family(module, (pulumi, Tool("pulumi-language-python-exec", version, script)))


def _language(module: Path) -> Family:
    version = required_version(module, _PULUMI_SDK)
    recipe = GoProgram(
        f"{_PULUMI_SDK}/python/cmd/pulumi-language-python", f"-s -w -X {_PULUMI_VERSION}={version}", _TAGS
    )
    return Family(module, (Tool("pulumi-language-python", version, recipe),))


def _registry(module: Path) -> Family:
    version = required_version(module, _DISTRIBUTION)
    recipe = GoProgram(".", f"-s -w -X {_DISTRIBUTION}/version.version={version}")
    return Family(
        module, (Tool("registry", version, recipe, VersionQuestion(("--version",), r"distribution/v3 (\S+)")),)
    )
