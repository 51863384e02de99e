"""Blue/green releases of all services, one after another and over failed ones: never more than twice the pods."""

import json
from collections.abc import Iterator

import pytest

from tests.support.lab.gateway_clients import load as visitors
from tests.support.lab.lab_commands import Lab
from tests.support.lab.local_updates import IngressEnvironment
from tests.support.lab.work_sizes import Size

pytestmark = pytest.mark.lab

QUOTA = "twice"
PODS = 24
"""Two pods of each of the twelve workloads: less than the target's own quota gives."""


@pytest.fixture
def ingress(ingress_lab: IngressEnvironment) -> Iterator[IngressEnvironment]:
    """The stack with blue/green releases of every service, in a namespace with room for everything twice."""
    targets = {"local": {**ingress_lab.sections["platform"]["targets"]["local"], "replicas": 1}}
    ingress_lab.configure(
        platform={**ingress_lab.sections["platform"], "targets": targets},
        environment={
            "rollout": {"strategy": "blueGreen", "minReadySeconds": 0, "preStopSeconds": 5, "timeoutSeconds": 90},
            "services": {"loadgenerator": {"enabled": False}},
        },
        release={"default": "v1.0.0"},
    ).up()
    ingress_lab.lab.kubectl("create", "quota", QUOTA, "-n", "local", f"--hard=pods={PODS}")
    yield ingress_lab.wait()
    ingress_lab.lab.kubectl("delete", "quota", QUOTA, "-n", "local")


def update_all(door: IngressEnvironment, version: str, *, fails: bool = False) -> str:
    door.set("release.default", version)
    door.set("environment.rollout.timeoutSeconds", "10" if fails else "90")
    done = door.stack.up(check=not fails)
    assert (done.returncode != 0) == fails, done.stdout
    return done.stdout


def refused_pods(lab: Lab) -> list[str]:
    events = json.loads(lab.kubectl("get", "events", "-n", "local", "-o", "json"))["items"]
    return [event["message"] for event in events if "exceeded quota" in event.get("message", "")]


def deployments(lab: Lab) -> dict[str, str]:
    """Return the version of each Deployment, by its name."""
    items = json.loads(lab.kubectl("get", "deployments", "-n", "local", "-o", "json"))["items"]
    return {
        deployment["metadata"]["name"]: deployment["spec"]["template"]["spec"]["containers"][0]["image"].rpartition(
            ":"
        )[2]
        for deployment in items
        if not deployment["metadata"]["name"].startswith("redis")
    }


def test_releases_of_all_services_in_a_row_and_after_failed_ones_fit_twice(
    ingress: IngressEnvironment, size: Size
) -> None:
    lab, stack = ingress.lab, ingress.stack
    with visitors(ingress.site, "/_healthz", pause=0.2) as load:
        for number in range(1, size.releases):
            update_all(ingress, f"v1.0.{number}")
        former, last = f"v1.0.{size.releases - 2}", f"v1.0.{size.releases - 1}"
        assert sorted(set(deployments(lab).values())) == [former, last]
        for number in (1, 2):
            output = update_all(ingress, f"1.1.{number}-broken.never-ready", fails=True)
            assert "exceeded quota" not in output
        assert ingress.page()["version"] == last
        update_all(ingress, "v1.2.0")
        assert ingress.page()["version"] == "v1.2.0"
    assert not load.failures, f"within {load.outage:.1f} s"
    assert not refused_pods(lab)
    assert sorted(set(deployments(lab).values())) == [last, "v1.2.0"]
    stack.pulumi("preview", "--expect-no-changes")
    update_all(ingress, last)
    assert ingress.page()["version"] == last


def test_a_limit_that_does_not_fit_is_refused_by_the_preview(ingress: IngressEnvironment) -> None:
    before = deployments(ingress.lab)
    ingress.set("environment.services.frontend.resources.limits.memory", "64Gi")
    result = ingress.stack.pulumi("preview", check=False)
    ingress.unset("environment.services.frontend")
    assert result.returncode != 0
    assert "boutique:environment.services.frontend.resources.limits.memory: 64Gi: " in result.stdout
    assert "raise boutique:platform.targets.local.replicas to" in result.stdout
    assert deployments(ingress.lab) == before
