"""The tests' application on a lab: programs out of a registry, behind the gateway."""

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.lab import program_images
from tests.support.lab.gateway_clients import Site
from tests.support.lab.image_registry import Registry, docker_configuration
from tests.support.lab.lab_commands import BOUTIQUE, Lab
from tests.support.lab.lab_stacks import Stack, committed_sections, project

HOST = "shop.localhost"
SESSION = "shop_session-id"
FIRST, SECOND = "1.0.0", "1.1.0"
GO, PYTHON = ("catalog", "price", "cart"), ("web", "stock")
REDIS_VERSION = "6.2.14"
PULL_SECRET = "registry-credentials"  # noqa: S105 - the name of a Secret

Hop = dict[str, Any]


@dataclass(frozen=True)
class Programs:
    """The application, deployed by stack `local`.

    Attributes:
        lab: The lab.
        registry: The registry that its images come from.
        stack: The stack.
        site: Its host.
    """

    lab: Lab
    registry: Registry
    stack: Stack
    site: Site

    def push(self, version: str, *workloads: str) -> None:
        """Push an image of each workload."""
        push(self.registry, version, *workloads)

    def visit(self, host: str = HOST, headers: Mapping[str, str] = {}) -> list[Hop]:
        """Return the hops of a visit."""
        status, _, body = Site(host, self.site.port, self.site.authority).get("/", headers=headers)
        assert status == 200, f"{host}: {status}: {body}"
        return list(json.loads(body)["hops"])

    def versions(self, host: str = HOST, headers: Mapping[str, str] = {}) -> dict[str, str]:
        """Return the version of each service that worked on a visit."""
        return {hop["workload"]: hop["version"] for hop in self.visit(host, headers)}

    def boutique(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run the command in the project's folder."""
        done = subprocess.run(
            [*BOUTIQUE, *arguments],
            cwd=self.stack.folder,
            env=dict(self.stack.env),
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        assert not check or done.returncode == 0, f"boutique {' '.join(arguments)}: {done.stdout}{done.stderr}"
        return done


def push(registry: Registry, version: str, *workloads: str) -> None:
    """Push an image of each workload into a registry."""
    for workload in workloads:
        build = program_images.go_image if workload in GO else program_images.python_image
        registry.push_image(f"shop/{workload}", version, build(version))


def deploy(lab: Lab, registry: Registry, folder: Path) -> Programs:
    """Push the images, and deploy the application with all of its services rolled out by blue/green or in place."""
    push(registry, FIRST, *GO, *PYTHON)
    registry.push_image("shop/redis", REDIS_VERSION, program_images.redis_image())
    stack = project(folder, lab.env)("local").create()
    text = (program_images.SOURCES / "application.yaml").read_text()
    (folder / "programs.yaml").write_text(text.replace("REGISTRY", registry.name))
    local = committed_sections("local")
    rollout = {"minReadySeconds": 0, "preStopSeconds": 5, "timeoutSeconds": 120}
    environment = {
        **local["environment"],
        "images": {"pullSecrets": [PULL_SECRET]},
        "rollout": rollout,
        "services": {"stock": {"rollout": {"strategy": "blueGreen"}}, "web": {"rollout": {"strategy": "blueGreen"}}},
    }
    stack.configure(**{**local, "application": "programs.yaml", "environment": environment})
    login = docker_configuration(folder, registry.name).read_text()
    stack.pulumi("config", "set", "--secret", "boutique:registryCredentials", login)
    stack.up()
    authority = Path(lab.env["BOUTIQUE_LAB_FILES"], "certificate/ca.crt").read_text()
    return Programs(lab, registry, stack, Site(HOST, int(lab.env["BOUTIQUE_LAB_HTTPS_PORT"]), authority))
