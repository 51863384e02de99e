"""Online Boutique and Bookinfo on one cluster, with features on both: names, policies, quotas and routes apart."""

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from boutique.application.application_file import load_application
from boutique.settings.durations import written
from boutique.targets.quota import hard_limits
from tests.support.certificate_samples import issue
from tests.support.lab.gateway_clients import Site
from tests.support.lab.lab_commands import BOUTIQUE, Lab, eventually, running
from tests.support.lab.lab_stacks import QUICKLY, ROOT, Stack, committed_sections, project, run_together
from tests.support.online_boutique import APPLICATION

pytestmark = pytest.mark.lab

BOOKS = load_application("bookinfo", ROOT)
SHOP_HOST, BOOKS_HOST = "shop.localhost", "books.localhost"
ENVIRONMENT: dict[str, Any] = {"features": {}, "rollout": QUICKLY}
NEW_ADS, NEW_PAGE = "0.10.7-new.1", "1.21.0-new.1"


@dataclass(frozen=True)
class Cluster:
    """A lab with both applications.

    Attributes:
        lab: The lab.
        folder: The folder of the project.
        front: The gateway, at the host of the shop.
    """

    lab: Lab
    folder: Path
    front: Site

    def versions(self, host: str, path: str) -> dict[str, str]:
        """Return the version of each service that worked on a page; none if the page does not answer."""
        site = Site(host, self.front.port, self.front.authority)
        status, _, body = site.get(path, headers={"Accept": "application/json"})
        hops = json.loads(body)["hops"] if status == 200 else []
        return {hop["workload"]: hop["version"] for hop in hops if hop["version"]}

    def names(self, kind: str, namespace: str) -> set[str]:
        return set(self.lab.kubectl("get", kind, "-n", namespace, "-o", "jsonpath={.items[*].metadata.name}").split())

    def boutique(self, *arguments: str) -> Any:
        done = subprocess.run(
            [*BOUTIQUE, *arguments, "--json"], cwd=self.folder, env=dict(self.lab.env), capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


def feature(stack: Stack, environment: str, services: dict[str, str]) -> Stack:
    changed = {name: {"version": version} for name, version in services.items()}
    expires = written(datetime.now(UTC) + timedelta(hours=1))
    return stack.create().configure(feature={"environment": environment, "services": changed, "expires": expires})


@pytest.fixture(scope="module")
def cluster(state_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    folder = tmp_path_factory.mktemp("applications")
    served = issue("served", hosts=(SHOP_HOST, f"*.{SHOP_HOST}", BOOKS_HOST, f"*.{BOOKS_HOST}"), now=datetime.now(UTC))
    chain, key = folder / "tls.crt", folder / "tls.key"
    chain.write_text(served.pem)
    key.write_text(served.key_pem())
    local = committed_sections("local")
    certificate = {"kind": "files", "chain": str(chain), "key": str(key)}
    platform = {
        **local["platform"],
        "ingress": {**local["platform"]["ingress"], "certificate": certificate},
        "targets": {
            **local["platform"]["targets"],
            "books": {"protect": False, "host": BOOKS_HOST, "application": "bookinfo"},
        },
    }
    for lab in running(Lab("applications", state_home)):
        stack = project(folder, lab.env)
        shop = {**ENVIRONMENT, "target": "local"}
        stack("local").create().configure(**{**local, "platform": platform, "environment": shop}).up()
        target = {"kind": "stack", "name": "local", "target": "books"}
        stack("books").create().configure(application="bookinfo", cluster=target, environment=ENVIRONMENT).up()
        features = [
            feature(stack("local-new"), "local", {"adservice": NEW_ADS}),
            feature(stack("books-new"), "books", {"productpage": NEW_PAGE}),
        ]
        run_together(features, "up")
        yield Cluster(lab, folder, Site(SHOP_HOST, int(lab.env["BOUTIQUE_LAB_HTTPS_PORT"]), served.pem))


def test_each_host_leads_to_its_own_application(cluster: Cluster) -> None:
    eventually(lambda: bool(cluster.versions(BOOKS_HOST, "/productpage")), "Bookinfo answers")
    assert set(cluster.versions(BOOKS_HOST, "/productpage")) == {"productpage", "details", "reviews", "ratings"}
    assert cluster.versions(SHOP_HOST, "/")["adservice"] == "v0.10.6"


def test_a_feature_of_one_is_not_seen_in_the_other(cluster: Cluster) -> None:
    eventually(
        lambda: cluster.versions(f"new.{BOOKS_HOST}", "/productpage").get("productpage") == NEW_PAGE,
        "the preview link of Bookinfo's feature leads to it",
    )
    assert cluster.versions(BOOKS_HOST, "/productpage")["productpage"] != NEW_PAGE
    assert cluster.versions(f"new.{SHOP_HOST}", "/")["adservice"] == NEW_ADS
    assert cluster.versions(SHOP_HOST, "/")["adservice"] == "v0.10.6"


def test_policies_quotas_and_routes_are_apart(cluster: Cluster) -> None:
    shop, books = cluster.names("authorizationpolicies", "local"), cluster.names("authorizationpolicies", "books")
    assert books == {"allow-nothing", *BOOKS.workloads_by_name}
    assert not shop & set(BOOKS.workloads_by_name)
    quotas = {
        namespace: json.loads(cluster.lab.kubectl("get", "resourcequota", "environment", "-n", namespace, "-o", "json"))
        for namespace in ("local", "books")
    }
    pods = {namespace: quota["spec"]["hard"]["pods"] for namespace, quota in quotas.items()}
    assert pods == {
        "local": hard_limits(APPLICATION.workloads, 2)["pods"],
        "books": hard_limits(BOOKS.workloads, 2)["pods"],
    }
    routes = cluster.names("httproutes", "books")
    assert {"edge", "productpage-new", *BOOKS.workloads_by_name} <= routes
    assert "adservice-new" not in routes
    assert "adservice-new" in cluster.names("httproutes", "local")


def test_the_command_knows_both(cluster: Cluster) -> None:
    services = {status["stack"]: set(status["services"]) for status in cluster.boutique("status")}
    assert services == {"local": set(APPLICATION.workloads_by_name), "books": set(BOOKS.workloads_by_name)}
    ca = Path(cluster.folder, "tls.crt")
    for stack in ("local", "books"):
        result = cluster.boutique("smoke", stack, "--cacert", str(ca))
        assert result["mistakes"] == []


def test_an_environment_of_another_application_than_its_target_is_refused(cluster: Cluster) -> None:
    target = {"kind": "stack", "name": "local", "target": "books"}
    stack = project_stack(cluster, "wrong").create().configure(cluster=target, environment=ENVIRONMENT)
    preview = stack.pulumi("preview", check=False)
    assert preview.returncode != 0
    assert "boutique:application: 'online-boutique': target 'books' is for 'bookinfo'" in preview.stdout


def project_stack(cluster: Cluster, name: str) -> Stack:
    return Stack(name, cluster.folder, cluster.lab.env)
