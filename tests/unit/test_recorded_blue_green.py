"""A new blue/green release replaces pods that do not serve, after any earlier failure."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from boutique.names import labels
from boutique.settings.quantities import api_amount
from boutique.settings.release_settings import Pin, Release
from boutique.settings.stack import Environment
from boutique.targets.quota import hard_limits
from boutique.workloads.blue_green import BlueGreen, with_revision
from boutique.workloads.pod_demand import PodSet, pod_set, total_peak
from boutique.workloads.recorded_blue_green import RecordedRevisions, recorded_revisions
from boutique.workloads.resolved_workload import ResolvedWorkload, resolve_workloads
from tests.support import online_boutique
from tests.support.online_boutique import APPLICATION

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
NAME = "adservice"
ALL = Environment.model_validate(
    {"rollout": {"strategy": "blueGreen"}, "services": {"loadgenerator": {"enabled": False}}}
)


def services(version: str) -> dict[str, ResolvedWorkload]:
    return {
        workload.workload.name: workload
        for workload in resolve_workloads(APPLICATION, ALL, Release(default=Pin(tag=version)))
    }


def state(revisions: dict[str, str], serving: str | None = None, app: str = NAME) -> dict[str, dict[str, Any]]:
    """Return a stack's state with Deployments by logical name, and the Service of the service."""
    labelled = {
        name: {"metadata": {"labels": {"app": app, labels.REVISION: revision}}} for name, revision in revisions.items()
    }
    resources = {
        f"urn:pulumi:dev::boutique::boutique:index:Microservice$kubernetes:apps/v1:Deployment::{name}": {
            "type": "kubernetes:apps/v1:Deployment",
            "outputs": outputs,
        }
        for name, outputs in labelled.items()
    }
    if serving:
        resources["urn::service"] = {"type": "kubernetes:core/v1:Service", "outputs": service(serving, app)}
    return resources


def service(revision: str, app: str = NAME) -> dict[str, Any]:
    return {"metadata": {"labels": {"app": app}}, "spec": {"selector": {"app": app, labels.REVISION: revision}}}


def test_the_first_two_releases_have_names_of_their_own() -> None:
    assert RecordedRevisions().logical_names(NAME, ["a"]) == {"a": "adservice-blue"}
    assert RecordedRevisions(names={"a": "adservice-blue"}).logical_names(NAME, ["b", "a"]) == {
        "b": "adservice-green",
        "a": "adservice-blue",
    }


def test_a_new_one_takes_the_name_of_one_that_is_left_out_and_never_of_one_that_serves() -> None:
    recorded = RecordedRevisions(names={"a": "x-blue", "b": "x-green"}, selected=frozenset("b"))
    assert recorded.logical_names("x", ["c", "b"]) == {"c": "x-blue", "b": "x-green"}
    assert recorded.deleted_first("x", ["c", "b"]) == {"a"}
    # The last successful release was a, and an update that failed later has switched to b.
    assert recorded.logical_names("x", ["c", "a"]) == {"c": "x-3", "a": "x-blue"}
    assert recorded.deleted_first("x", ["c", "a"]) == frozenset()


def test_names_from_before_are_kept_and_taken_over() -> None:
    revisions = recorded_revisions(state({"adservice-0a": "0a", "adservice-0b": "0b"}, serving="0b"))[NAME]
    assert revisions.logical_names(NAME, ["0c", "0b"]) == {"0c": "adservice-0a", "0b": "adservice-0b"}


def test_what_serves_is_read_from_the_state_and_from_the_cluster() -> None:
    # An update was killed after it had switched the Service, and before that was in the state.
    recorded_state = state({"adservice-blue": "0a", "adservice-green": "0b"}, serving="0a")
    assert recorded_revisions(recorded_state, [service("0b")])[NAME].selected == {"0a", "0b"}
    assert recorded_revisions(recorded_state)[NAME].selected == {"0a"}


def test_a_service_whose_deployment_was_never_made_keeps_its_name_from_others() -> None:
    recorded_state = state({"adservice-blue": "0a"})
    preview_service = {
        "metadata": {"labels": {"app": NAME, labels.REVISION: "0b"}},
        "spec": {"selector": {"app": NAME}},
    }
    recorded_state["urn::adservice-green"] = {"type": "kubernetes:core/v1:Service", "outputs": preview_service}
    assert recorded_revisions(recorded_state)[NAME].names == {"0a": "adservice-blue", "0b": "adservice-green"}


def test_other_strategies_and_features_are_no_blue_green_revisions() -> None:
    plain = {"type": "kubernetes:apps/v1:Deployment", "outputs": {"metadata": {"labels": {"app": NAME}}}}
    unknown = {"type": "kubernetes:core/v1:Service", "outputs": {}}
    assert recorded_revisions({"urn::a": plain, "urn::b": unknown, "urn::c": {"type": "x:y:Z"}}) == {}


def test_pods_whose_place_was_taken_are_no_way_back() -> None:
    first, second = (services(version)[NAME] for version in ("v1.0.0", "v1.1.0"))
    memory = BlueGreen.of(second, BlueGreen.of(first, None, NOW).remember(), NOW).remember()
    ours, theirs = with_revision(first).revision or "", with_revision(second).revision or ""
    assert BlueGreen.of(first, memory, NOW, deployed={ours, theirs}).is_back
    back = BlueGreen.of(first, memory, NOW, deployed={theirs})
    assert (back.is_back, back.is_new, back.previous) == (False, True, with_revision(second))
    assert BlueGreen.of(second, memory, NOW, deployed={theirs}).previous is None


@dataclass
class Simulation:
    """The blue/green services of an environment, as an engine leaves them after each update.

    Attributes:
        deployments: The Deployments with pods, by logical name.
        serving: The revision that each Service selects.
        memory: What the last successful update told the next.
        most: The most pods and resources that there were at once.
    """

    deployments: dict[str, ResolvedWorkload] = field(default_factory=dict)
    serving: dict[str, str] = field(default_factory=dict)
    memory: dict[str, Any] = field(default_factory=dict)
    most: dict[str, Any] = field(default_factory=dict)

    def update(self, version: str, *, ready: int = 100, successful: bool = True) -> None:
        """Release all services.

        Args:
            version: Of all of them.
            ready: How many of them get ready and are switched, of an update that fails.
            successful: Whether it succeeds.
        """
        left_out = set(self.deployments)
        for number, (name, wanted) in enumerate(services(version).items()):
            if not wanted.is_blue_green:
                self.deployments[name] = wanted
                left_out.discard(name)
                continue
            recorded = self.recorded(name)
            blue_green = BlueGreen.of(wanted, self.memory.get(name), NOW, deployed=recorded.names)
            names = recorded.logical_names(name, blue_green.names)
            assert len(set(names.values())) == len(blue_green.names)
            gone = recorded.deleted_first(name, blue_green.names)
            assert self.serving.get(name) not in gone, "what serves is never deleted first"
            for pods in blue_green.variants:
                self.deployments[names[pods.revision or ""]] = pods
            left_out -= set(names.values())
            if successful or number < ready:
                self.serving[name] = blue_green.active.revision or ""
            if successful:
                self.memory[name] = blue_green.remember()
        self.count()
        if successful:
            self.deployments = {name: workload for name, workload in self.deployments.items() if name not in left_out}
        for name, revision in self.serving.items():
            assert revision in self.recorded(name).names, "what a Service selects is there"

    def recorded(self, name: str) -> RecordedRevisions:
        revisions = {
            logical: workload.revision or ""
            for logical, workload in self.deployments.items()
            if workload.workload.name == name
        }
        serving = self.serving.get(name)
        return (
            recorded_revisions(state(revisions, serving, name)).get(name, RecordedRevisions())
            if revisions
            else RecordedRevisions()
        )

    def count(self) -> None:
        present: dict[str, PodSet] = {
            name: pod_set(workload, meshed=True) for name, workload in self.deployments.items()
        }
        need = total_peak(present, present)
        self.most = {key: max(value, self.most.get(key, value)) for key, value in need.items()}


QUOTA = {key: api_amount(value) for key, value in hard_limits(online_boutique.WORKLOADS, 1).items()}


def test_ten_releases_of_all_services_take_twice_the_pods() -> None:
    simulation = Simulation()
    for number in range(10):
        simulation.update(f"v1.0.{number}")
    assert simulation.most["pods"] == 2 * 10 + 1
    assert all(simulation.most[key] * 3 <= QUOTA[key] * 2 for key in QUOTA)


def test_releases_that_fail_one_after_another_take_no_more() -> None:
    simulation = Simulation()
    for number in range(3):
        simulation.update(f"v1.0.{number}")
    for number in range(10):
        simulation.update(f"v1.1.{number}", ready=0, successful=False)
    simulation.update("v1.2.0")
    assert simulation.most["pods"] == 2 * 10 + 1
    assert len(simulation.deployments) == simulation.most["pods"]


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans(), st.integers(0, 12)), max_size=15))
def test_whatever_fails_and_whatever_is_gone_back_to_all_of_it_fits_the_quota(
    updates: list[tuple[int, bool, int]],
) -> None:
    simulation = Simulation()
    for version, successful, ready in [(0, True, 0), *updates]:
        simulation.update(f"v1.0.{version}", ready=ready, successful=successful)
    assert all(simulation.most[key] <= QUOTA[key] for key in QUOTA)
