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
            said = end(running, self.staging.env)
        print(f"boutique {' '.join(arguments)}: {time.monotonic() - began:.1f} s")
        assert running.returncode == code, said
        assert "Traceback" not in said
        return said

    def json(self, *arguments: str, code: int = 0) -> Any:
        """Return what a command prints for a program, without what it says of its progress."""
        said = self.run(*arguments, "--json", code=code)
        return json.loads(said[min(at for at in (said.find("{"), said.find("[")) if at >= 0) :])

    def file(self, stack: Stack) -> Path:
        return stack.folder / f"Pulumi.{stack.name}.yaml"

    def running(self, space: str) -> dict[str, dict[str, Any]]:
        """Return what the Deployments ask for and have: image, variables, replicas."""
        items = json.loads(self.lab.kubectl("get", "deployments", "-n", space, "-o", "json"))["items"]
        found = {}
        for each in items:
            container = each["spec"]["template"]["spec"]["containers"][0]
            found[each["metadata"]["name"]] = {
                "image": container["image"],
                "variables": {one["name"]: one.get("value") for one in container.get("env", ())},
                "replicas": each["spec"]["replicas"],
                "ready": each["status"].get("readyReplicas", 0),
            }
        return found

    def versions(self, space: str) -> set[str]:
        found = self.running(space).items()
        return {each["image"].rpartition(":")[2] for name, each in found if name != "redis-cart"}

    def contents(self, space: str) -> dict[tuple[str, str, str], str]:
        """Return what is in ConfigMaps and Secrets of services, by kind, name and key."""
        said = self.lab.kubectl("get", "configmaps,secrets", "-n", space, "-l", "app", "-o", "json")
        return {
            (each["kind"], each["metadata"]["name"], key): b64decode(value).decode()
            if each["kind"] == "Secret"
            else value
            for each in json.loads(said)["items"]
            for key, value in each["data"].items()
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
        said = stack.pulumi("stack", "history", "--json", "--page-size", "100", "--page", "1").stdout
        found: list[Mapping[str, Any]] = json.loads(said)
        return found[::-1]

    def is_locked(self, stack: Stack) -> bool:
        backend = Path(urlsplit(stack.env["PULUMI_BACKEND_URL"]).path)
        return any((backend / ".pulumi/locks").rglob(f"{stack.name}/*.json"))
