"""Which target an environment goes to, and which namespace a target is."""

from boutique.settings.stack import Cluster, Environment, Platform, StackCluster

DEPLOYERS_NAMESPACE = "deployers"
"""Where the identities of all targets' deployers live."""


def target_name(cluster: Cluster | None, platform: Platform | None, environment: Environment) -> str:
    """Return the target an environment goes to; checked settings have exactly one."""
    if isinstance(cluster, StackCluster):
        return cluster.target
    return environment.target or next(iter(platform.targets if platform else ()))


def namespace(platform: Platform, target: str) -> str:
    """Return the namespace of a target: its own name unless the stack says otherwise."""
    return platform.targets[target].namespace or target


def deployer(target: str) -> str:
    """Return the name of the identity that deploys a target's environment."""
    return f"{target}-deployer"


def user(name: str) -> str:
    """Return what the API server calls one of these identities."""
    return f"system:serviceaccount:{DEPLOYERS_NAMESPACE}:{name}"


def features_deployer(target: str) -> str:
    """Return the name of the identity by which feature stacks deploy into a target."""
    return f"{target}-features"


def lets_features_in(platform: Platform, target: str) -> bool:
    """Say whether feature stacks may come to a target."""
    channel = platform.targets[target].channel
    return channel is None or channel.features
