"""Whether the pods of a Deployment are those that were asked for."""

from typing import Any

import pytest

from boutique.kubernetes import kubeconfig, rollout_status
from boutique.kubernetes.client import KubernetesApi, RefusedError
from boutique.kubernetes.kubeconfig import ApiServer, KubeconfigError
from boutique.kubernetes.rollout_status import NotReadyError


def content(**entry: str) -> str:
    """Return a kubeconfig of a deployer."""
    server = "https://127.0.0.1:1"
    reached = ApiServer(server=server, entry={"server": server, **entry})
    return kubeconfig.for_token(reached, namespace="dev", user="deployer", token="")


CONTENT = content()
GIVEN_UP = {"type": "Progressing", "status": "False", "message": 'ReplicaSet "ads-1" has timed out progressing.'}
REFUSED = {"type": "ReplicaFailure", "status": "True", "message": "exceeded quota: environment"}
AVAILABLE = {"type": "Available", "status": "True", "message": "Deployment has minimum availability."}


def deployment(generation: int = 2, replicas: int = 1, **status: Any) -> dict[str, Any]:
    """Return a Deployment that is rolled out, but for what is said otherwise."""
    complete = {"observedGeneration": 2, "replicas": 1, "updatedReplicas": 1, "availableReplicas": 1, "conditions": []}
    return {
        "metadata": {"generation": generation},
        "spec": {"replicas": replicas},
        "status": {**complete, **status},
    }


@pytest.mark.parametrize(
    ("live", "message"),
    [
        (deployment(), ""),
        (deployment(conditions=[AVAILABLE]), ""),
        ({**deployment(replicas=0), "status": {"observedGeneration": 2}}, ""),
        ({**deployment(), "status": {}}, "the controller of Deployments has not seen it yet"),
        (deployment(generation=3), "the controller of Deployments has not seen it yet"),
        (deployment(updatedReplicas=0), "0 of 1 new pods are available"),
        (deployment(replicas=2), "1 of 2 new pods are available"),
        (deployment(availableReplicas=0), "0 of 1 new pods are available"),
        (deployment(replicas=1) | {"status": {"observedGeneration": 2}}, "0 of 1 new pods are available"),
        (deployment(updatedReplicas=0, conditions=[AVAILABLE, REFUSED]), REFUSED["message"]),
        (deployment(availableReplicas=0, conditions=[GIVEN_UP]), GIVEN_UP["message"].rstrip(".")),
    ],
)
def test_what_a_deployment_lacks(live: dict[str, Any], message: str) -> None:
    assert rollout_status.lacking(live) == message


def test_old_pods_beside_the_new_ones_have_to_go() -> None:
    live = deployment()
    live["status"]["replicas"] = 2
    assert rollout_status.lacking(live) == "old pods are still there"


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock that goes on by pauses only."""
    seconds: list[float] = []
    monkeypatch.setattr("time.sleep", seconds.append)
    monkeypatch.setattr("time.monotonic", lambda: sum(seconds))
    return seconds


def answers(monkeypatch: pytest.MonkeyPatch, *outcomes: dict[str, Any] | Exception) -> list[str]:
    """Have the API server answer one after the other, and the last one for good; return the paths it is asked for."""
    requests: list[str] = []

    def answer(api: KubernetesApi, method: str, path: str, *, seconds: float) -> dict[str, Any]:
        assert (api.api_server.server, method, seconds) == ("https://127.0.0.1:1", "GET", 5)
        requests.append(path)
        outcome = outcomes[min(len(requests), len(outcomes)) - 1]
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    monkeypatch.setattr(KubernetesApi, "request", answer)
    return requests


def test_it_is_waited_for_whatever_happens_to_the_api_server_meanwhile(
    monkeypatch: pytest.MonkeyPatch, pauses: list[float]
) -> None:
    refusal = RefusedError(500, "answers 500")
    requests = answers(monkeypatch, KubeconfigError("reset"), refusal, deployment(generation=3), deployment())
    rollout_status.wait(CONTENT, "dev", "ads", 60)
    assert requests == ["/apis/apps/v1/namespaces/dev/deployments/ads"] * 4
    assert len(pauses) == 3


def test_it_is_given_up_in_time(monkeypatch: pytest.MonkeyPatch, pauses: list[float]) -> None:
    answers(monkeypatch, deployment(availableReplicas=0))
    with pytest.raises(NotReadyError, match="0 of 1 new pods are available"):
        rollout_status.wait(CONTENT, "dev", "ads", 5)
    assert sum(pauses) == 5
    answers(monkeypatch, KubeconfigError("no answer: reset"))
    with pytest.raises(NotReadyError, match="no answer: reset"):
        rollout_status.wait(CONTENT, "dev", "ads", 0)


def test_what_the_cluster_has_given_up_is_not_waited_for(monkeypatch: pytest.MonkeyPatch, pauses: list[float]) -> None:
    answers(monkeypatch, deployment(availableReplicas=0, conditions=[GIVEN_UP]))
    with pytest.raises(NotReadyError, match="timed out progressing"):
        rollout_status.wait(CONTENT, "dev", "ads", 60)
    assert pauses == []
    # What it has said of another generation says nothing of this one.
    answers(
        monkeypatch, deployment(generation=3, conditions=[GIVEN_UP]), deployment(generation=3, observedGeneration=3)
    )
    rollout_status.wait(CONTENT, "dev", "ads", 60)
