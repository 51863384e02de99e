"""Two environments on one cluster, and the commands that release to them."""

import json
import subprocess
import time
from base64 import b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from tests.support.lab.lab_commands import BOUTIQUE, Lab
from tests.support.lab.lab_stacks import Stack, end


@dataclass(frozen=True)
class Releases:
    """Two environments, `staging` and `test`, and the command.

    Attributes:
        lab: Where they are.
        staging: One.
        test: The other.
    """

    lab: Lab
    staging: Stack
    test: Stack

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*BOUTIQUE, *arguments],
            cwd=self.staging.folder,
            env=dict(self.staging.env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, *arguments: str, code: int = 0) -> str:
        began = time.monotonic()
        with self.start(*arguments) as running:
            output = end(running, self.staging.env)
        print(f"boutique {' '.join(arguments)}: {time.monotonic() - began:.1f} s")
        assert running.returncode == code, output
        assert "Traceback" not in output
        return output

    def json(self, *arguments: str, code: int = 0) -> Any:
        """Return what a command prints for a program, without what it says of its progress."""
        output = self.run(*arguments, "--json", code=code)
        return json.loads(output[min(at for at in (output.find("{"), output.find("[")) if at >= 0) :])

    def file(self, stack: Stack) -> Path:
        return stack.folder / f"Pulumi.{stack.name}.yaml"

    def running(self, space: str) -> dict[str, dict[str, Any]]:
        """Return what the Deployments ask for and have: image, variables, replicas."""
        items = json.loads(self.lab.kubectl("get", "deployments", "-n", space, "-o", "json"))["items"]
        deployments = {}
        for item in items:
            container = item["spec"]["template"]["spec"]["containers"][0]
            deployments[item["metadata"]["name"]] = {
                "image": container["image"],
                "variables": {variable["name"]: variable.get("value") for variable in container.get("env", ())},
                "replicas": item["spec"]["replicas"],
                "ready": item["status"].get("readyReplicas", 0),
            }
        return deployments

    def versions(self, space: str) -> set[str]:
        services = self.running(space).items()
        return {service["image"].rpartition(":")[2] for name, service in services if name != "redis-cart"}

    def contents(self, space: str) -> dict[tuple[str, str, str], str]:
        """Return what is in ConfigMaps and Secrets of services, by kind, name and key."""
        output = self.lab.kubectl("get", "configmaps,secrets", "-n", space, "-l", "app", "-o", "json")
        return {
            (item["kind"], item["metadata"]["name"], key): b64decode(value).decode()
            if item["kind"] == "Secret"
            else value
            for item in json.loads(output)["items"]
            for key, value in item["data"].items()
        }

    def edit(self, stack: Stack, change: Callable[[dict[str, Any]], object]) -> None:
        """Change the configuration in a stack's file by hand."""
        content = yaml.safe_load(self.file(stack).read_text())
        change(content["config"])
        self.file(stack).write_text(yaml.safe_dump(content))

    def keep_secret(self, stack: Stack, name: str, content: str) -> None:
        command = ["pulumi", "config", "set", "--secret", "--path", f"serviceSecrets.{name}", "--stack", stack.name]
        subprocess.run(command, cwd=stack.folder, env=dict(stack.env), input=content, text=True, check=True)

    def history(self, stack: Stack) -> list[Mapping[str, Any]]:
        """Return the updates of a stack, the oldest first."""
        output = stack.pulumi("stack", "history", "--json", "--page-size", "100", "--page", "1").stdout
        updates: list[Mapping[str, Any]] = json.loads(output)
        return updates[::-1]

    def is_locked(self, stack: Stack) -> bool:
        backend = Path(urlsplit(stack.env["PULUMI_BACKEND_URL"]).path)
        return any((backend / ".pulumi/locks").rglob(f"{stack.name}/*.json"))
