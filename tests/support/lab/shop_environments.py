"""An environment with features, as its visitors and its cluster see it."""

import http
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from boutique.settings.durations import written
from tests.support.lab.cluster_objects import name
from tests.support.lab.gateway_clients import Site
from tests.support.lab.lab_commands import Lab
from tests.support.lab.lab_stacks import Stack, project, run_together
from tests.support.online_boutique import PAGES

HOST = "shop.localhost"
PATH = "/product/OLJCESPC7Z"
"""A page for which the frontend calls most services, recommendations among them."""
BASELINE = "v0.10.6"
KINDS = (
    *("deployments", "services", "serviceaccounts", "poddisruptionbudgets"),
    *("httproutes.gateway.networking.k8s.io", "virtualservices.networking.istio.io"),
)

Hop = dict[str, Any]


@dataclass(frozen=True)
class Shop:
    """An environment in namespace `local`.

    Attributes:
        lab: Where it is.
        front: Its host.
        stack: Names the stacks of its features.
    """

    lab: Lab
    front: Site
    stack: Callable[[str], Stack]

    @classmethod
    def of_lab(cls, lab: Lab, folder: Path) -> "Shop":
        env = lab.env
        authority = Path(env["BOUTIQUE_LAB_FILES"], "certificate/ca.crt").read_text()
        return cls(lab, Site(HOST, int(env["BOUTIQUE_LAB_HTTPS_PORT"]), authority), project(folder, env))

    def site(self, host: str = HOST) -> Site:
        return replace(self.front, host=host)

    def versions(self, host: str = HOST, **headers: str) -> dict[str, set[str]]:
        """Return which versions of each service worked on a page; none if the host leads nowhere."""
        return versions(self.site(host), **headers)

    def journey(self, host: str = HOST, **headers: str) -> list[Hop]:
        """Return the hops of what a customer does, from the first page to an order."""
        connection = self.site(host).connect()
        hops: list[Hop] = []
        for page in PAGES:
            given = {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded", **headers}
            form = None if page.form is None else urlencode(page.form)
            connection.request("GET" if form is None else "POST", page.path, form, given)
            response = connection.getresponse()
            body = response.read()
            assert response.status == page.status, f"{host}{page.path}: {response.status}: {body.decode()}"
            hops += json.loads(body)["hops"] if response.status == http.HTTPStatus.OK else []
        connection.close()
        return hops

    def objects(self) -> dict[tuple[str, str, str], str]:
        """Return what stacks own in the namespace, each with its generation: that changes with what was asked for."""
        output = self.lab.kubectl("get", ",".join(KINDS), "-n", "local", "-o", "json")
        return {name(item): str(item["metadata"].get("generation", "")) for item in json.loads(output)["items"]}

    def feature(self, name: str, services: dict[str, str], **section: Any) -> Stack:
        """Return the stack of a feature that is not deployed yet."""
        return self.configure(self.stack(name).create(), services, **section)

    def configure(self, stack: Stack, services: dict[str, str], **section: Any) -> Stack:
        expires = written(datetime.now(UTC) + timedelta(hours=1))
        changed = {service: {"version": version} for service, version in services.items()}
        return stack.configure(feature={"environment": "local", "services": changed, "expires": expires, **section})

    @contextmanager
    def deploy_feature(self, name: str, services: dict[str, str], **section: Any) -> Iterator[Stack]:
        """Deploy a feature for a while."""
        stack = self.feature(name, services, **section)
        with self.deploy_all(stack):
            yield stack

    @contextmanager
    def deploy_all(self, *stacks: Stack) -> Iterator[None]:
        """Deploy the stacks of features for a while, all at once."""
        try:
            run_together(stacks, "up")
            yield
        finally:
            run_together(stacks, "destroy")
            for stack in stacks:
                stack.pulumi("stack", "rm", "--yes")


def versions(site: Site, **headers: str) -> dict[str, set[str]]:
    """Return which versions of each service worked on a page; none if the host leads nowhere."""
    status, _, body = site.get(PATH, headers={"Accept": "application/json", **headers})
    versions_by_service: dict[str, set[str]] = {}
    for hop in json.loads(body)["hops"] if status == 200 else []:
        if hop["version"]:
            versions_by_service.setdefault(hop["workload"], set()).add(hop["version"])
    return versions_by_service
