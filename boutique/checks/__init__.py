"""What single values cannot tell: whether the sections of a stack fit together and fit the application."""

from collections.abc import Collection, Iterator

from boutique.application.application import Application
from boutique.checks import eks
from boutique.checks import environment as environments
from boutique.checks import platform as platforms
from boutique.checks import release as releases
from boutique.mesh import gateway_hosts
from boutique.settings.eks_settings import EksCluster
from boutique.settings.errors import ErrorLine
from boutique.settings.feature_settings import Feature
from boutique.settings.release_settings import Release
from boutique.settings.stack import Cluster, Environment, Platform, StackCluster


def check(
    *,
    application: Application,
    cluster: Cluster | None,
    platform: Platform | None,
    environment: Environment | None,
    release: Release | None = None,
    feature: Feature | None = None,
    unread: Collection[str] = (),
) -> list[ErrorLine]:
    """Return a line for each error; a section that could not be read (`unread`) is None and is not judged."""
    return [
        *_cluster(cluster, platform),
        *(platforms.errors(platform) if platform else ()),
        *(gateway_hosts.errors(platform) if platform else ()),
        *(environments.errors(application, environment, cluster, platform, release, unread) if environment else ()),
        *(releases.errors(release, environment) if release and "environment" not in unread else ()),
        *(_alone(feature, cluster, platform, environment, release) if feature else ()),
    ]


def _alone(
    feature: Feature,
    cluster: Cluster | None,
    platform: Platform | None,
    environment: Environment | None,
    release: Release | None,
) -> Iterator[ErrorLine]:
    others = {"cluster": cluster, "platform": platform, "environment": environment, "release": release}
    for name in (name for name, section in others.items() if section):
        yield ErrorLine(
            "feature-stack-section",
            f"boutique:{name}: a stack with a feature has nothing else: where it goes, it learns from the stack "
            f"{feature.environment!r}; remove this section",
        )


def _cluster(cluster: Cluster | None, platform: Platform | None) -> Iterator[ErrorLine]:
    if isinstance(cluster, EksCluster):
        yield from eks.errors(cluster, platform)
    if isinstance(cluster, StackCluster) and platform:
        yield ErrorLine(
            "platform-without-rights",
            "boutique:platform: a stack that deploys into a target of another stack has no rights to build a platform; "
            f"move the section to the stack {cluster.name!r}",
        )
