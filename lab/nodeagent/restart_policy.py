"""Decides whether a container that has ended is started again, as a kubelet decides."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Literal, cast

from lab.nodeagent.pods import Container
from lab.nodeagent.state import ContainerState

RestartPolicy = Literal["Always", "OnFailure", "Never"]


def restart_policy(pod: Mapping[str, Any], container: Container) -> RestartPolicy:
    """Return the restart policy of a container: its own, or its pod's.

    An init container has done its work when it has succeeded, so for it `Always` means `OnFailure`.
    """
    policy = cast(RestartPolicy, container.spec.get("restartPolicy") or pod_policy(pod))
    return "OnFailure" if container.init and policy == "Always" else policy


def pod_policy(pod: Mapping[str, Any]) -> RestartPolicy:
    """Return the restart policy of a pod."""
    return cast(RestartPolicy, pod["spec"].get("restartPolicy") or "Always")


def is_restarted(policy: RestartPolicy, code: int) -> bool:
    """Say whether a container is started again that has ended with an exit code."""
    return policy == "Always" or (policy == "OnFailure" and code != 0)


def states_without_network(
    pod: Mapping[str, Any], past: Mapping[str, ContainerState], find_end: Callable[[ContainerState], int]
) -> dict[str, ContainerState]:
    """Return which states of a pod's containers still count after its network, and all that ran in it, is gone.

    A pod that is never restarted ends with its network. One that is restarted on failure does not repeat what has
    succeeded. All others begin anew.

    Args:
        pod: The pod.
        past: The states.
        find_end: Finds the exit code of a process that nothing watched.
    """
    if pod_policy(pod) == "Never":
        return {name: end_state(state, find_end) for name, state in past.items() if state.since}
    if pod_policy(pod) == "OnFailure":
        apps = {container["name"] for container in pod["spec"]["containers"]}
        return {name: state for name, state in past.items() if name in apps and _has_succeeded(state)}
    return {}


def end_state(state: ContainerState, find_end: Callable[[ContainerState], int]) -> ContainerState:
    """Return the state of a container whose process is gone.

    Args:
        state: Its last state, with its process if nothing watched how that ended.
        find_end: Finds the exit code of such a process.
    """
    if state.process is None:
        return replace(state, started=False, ready=False)
    return replace(state, process=None, exit_code=find_end(state), began=state.since, started=False, ready=False)


def _has_succeeded(state: ContainerState) -> bool:
    return state.process is None and state.exit_code == 0
