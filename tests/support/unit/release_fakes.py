"""A project with environments, and a Pulumi that deploys them into memory: what commands of releases need of it."""

import json
from collections.abc import Callable, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml
from typer.testing import Result

from boutique.outputs import SCHEMA_VERSION, VERSION
from boutique.settings.release_settings import Release
from boutique.settings.stack import Environment
from boutique.workloads.resolved_workload import resolve_workloads
from ops.pulumi.engine import EngineError, Holder, LockedError, MissingStackError
from tests.support.online_boutique import APPLICATION, write_project

FILE = """# The head of {name}.
config:
  boutique:cluster: {{kind: stack, name: nonprod, target: {name}}}
  # The versions.
  boutique:release:
    default: {version}  # of all
  boutique:environment:
    services:
      loadgenerator: {{enabled: false}}
encryptionsalt: v1:abc=
"""
_SECRETS = "boutique:serviceSecrets"
Config = Mapping[str, Any]
Run = Callable[..., Result]
RELEASES_ONLY: dict[str, str] = {"prereleases": "^$"}


class Project:
    """A project in a folder, with the stacks of its backend.

    Args:
        folder: Where it is.

    Attributes:
        asked: The commands that Pulumi was given.
        outputs: Of each stack.
        history: Of each stack, the oldest first.
        channels: Of each stack's target.
        holder: The user who has locked all stacks.
        broken: Whether updates fail.
        undecryptable: Whether former secrets can no more be decrypted.
        killed: Whether an update was killed behind those of the history.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        write_project(folder)
        (folder / "__main__.py").touch()
        self.asked: list[str] = []
        self.outputs: dict[str, dict[str, Any]] = {}
        self.history: dict[str, list[dict[str, Any]]] = {}
        self.channels: dict[str, dict[str, Any] | None] = {}
        self.holder: Holder | None = None
        self.broken = False
        self.undecryptable = False
        self.killed = False

    def stack(self, name: str, version: str = "v0.10.6", channel: dict[str, Any] | None = None) -> Path:
        """Add an environment that was not deployed yet, and return its file."""
        self.outputs[name], self.history[name], self.channels[name] = {}, [], channel
        self.file(name).write_text(FILE.format(name=name, version=version))
        return self.file(name)

    def plain_stack(self, name: str, version: str = "v0.10.6") -> Path:
        """Add an environment with all defaults: an empty mapping, as in the first example of docs/releases.md."""
        file = self.stack(name, version)
        text = file.read_text()
        section = text[text.index("  boutique:environment:") : text.index("encryptionsalt")]
        file.write_text(text.replace(section, "  boutique:environment: {}\n"))
        return file

    def file(self, name: str) -> Path:
        return self.folder / f"Pulumi.{name}.yaml"

    def versions(self, name: str) -> dict[str, str]:
        return {service: state["version"] for service, state in self.outputs[name]["services"].items()}

    def up(self, stack: str, *versions: str) -> None:
        """Deploy one version after the other by hand."""
        for version in versions:
            content = yaml.safe_load(self.file(stack).read_text())
            before = content["config"]["boutique:release"]["default"]
            self.file(stack).write_text(
                self.file(stack).read_text().replace(f"default: {before}", f"default: {version}")
            )
            self._update(stack, version)

    def again(self, stack: str) -> None:
        """Deploy what the file says by now."""
        self._update(stack, "again")

    def run(self, folder: Path, stack: str, *arguments: str, given: str | None = None, **_: Any) -> str:
        """Do what `ops.pulumi.engine.run` does."""
        assert folder == self.folder
        self.asked.append(" ".join(arguments))
        if stack not in self.history:
            raise MissingStackError(f"there is no stack {stack!r}")
        options = dict(pairwise(arguments))
        show = "--show-secrets" in arguments
        match arguments[:2]:
            case ("stack", "output"):
                return json.dumps(self.outputs[stack])
            case ("stack", "history"):
                size, page = int(options["--page-size"]), int(options["--page"])
                updates = self.history[stack][::-1][(page - 1) * size : page * size]
                return json.dumps([{**update, "config": self._show(update["config"], show=show)} for update in updates])
            case ("config", "set"):
                self._encrypt(Path(options["--config-file"]), options["--path"], given or "")
            case ("config", _):
                return json.dumps(_clear(_config(self.file(stack)), show=show))
            case ("preview", _):
                return f"previewed {json.dumps(_config(Path(options['--config-file']))['boutique:release'])}"
            case ("cancel", _):
                self.holder = None
            case ("up", _):
                self._update(stack, options["--message"])
            case _:
                raise AssertionError(arguments)
        return ""

    def list_stacks(self, folder: Path, timeout: float | None = None) -> dict[str, dict[str, Any]]:
        """Do what `ops.pulumi.engine.list_stacks` does."""
        assert (folder, timeout) == (self.folder, None)
        return {name: {"name": name, "lastUpdate": self._end_time(name)} for name in self.history}

    def _end_time(self, stack: str) -> str:
        if not self.history[stack]:
            return "n/a"
        return str(self.history[stack][-1]["endTime"]).replace("30.000Z", "55.000Z" if self.killed else "30.400Z")

    def _update(self, stack: str, message: str) -> None:
        if self.holder:
            raise LockedError(stack, [self.holder])
        config = _config(self.file(stack))
        history = self.history[stack]
        minute = f"2026-01-10T10:{len(history):02}"
        entry = {"version": 0, "kind": "update", "startTime": f"{minute}:00.000Z", "endTime": f"{minute}:30.000Z"}
        result = "failed" if self.broken else "succeeded"
        history.append({**entry, "message": message, "environment": {}, "config": config, "result": result})
        if self.broken:
            raise EngineError(f"stack {stack!r}: a Deployment: timed out")
        workloads = resolve_workloads(
            APPLICATION,
            Environment.model_validate(config["boutique:environment"]),
            Release.model_validate(config["boutique:release"]),
        )
        services = {
            workload.workload.name: {
                "image": str(workload.image),
                "deployment": workload.name,
                "version": workload.image.version,
                "replicas": workload.replicas,
            }
            for workload in workloads
        }
        target = {"stack": "nonprod", "name": stack}
        self.outputs[stack] = {
            VERSION: SCHEMA_VERSION,
            "namespace": stack,
            "url": f"https://{stack}.shop.example.com",
            "routes": {},
            "channel": self.channels[stack],
            "application": "online-boutique",
            "services": services,
            "target": target,
        }

    def _show(self, config: Config, *, show: bool) -> Config:
        content = _clear(config, show=show)
        if self.undecryptable and show and _SECRETS in content:
            return {**content, _SECRETS: {"value": "ERROR_UNABLE_TO_DECRYPT", "secret": True}}
        return content

    def _encrypt(self, path: Path, key: str, text: str) -> None:
        content = yaml.safe_load(path.read_text())
        section, _, name = key.partition("[")
        content["config"].setdefault(section, {})[json.loads(name[:-1])] = {"secure": f"enc:{text}"}
        path.write_text(yaml.safe_dump(content))


def _config(path: Path) -> dict[str, Any]:
    configuration: dict[str, Any] = yaml.safe_load(path.read_text())["config"]
    return configuration


def _clear(config: Config, *, show: bool) -> dict[str, Any]:
    entries: dict[str, Any] = {}
    for key, value in config.items():
        secret = key == _SECRETS
        content = {name: item["secure"].removeprefix("enc:") for name, item in value.items()} if secret else value
        shown = {"value": json.dumps(content), "objectValue": content} if show or not secret else {}
        entries[key] = {**shown, "secret": secret}
    return entries


def refusal_message(done: Result) -> str:
    """Return why a command was refused."""
    return str(done.exception)


def holder(host: str, pid: int) -> Holder:
    return Holder(user="ann", host=host, pid=pid, since="2026-01-10T11:00:00Z")
