"""A project with environments, and a `pulumi` that deploys them into a folder: what commands of releases need of it."""

import json
import sys
from pathlib import Path
from typing import Any

PULUMI = '''#!{python}
"""Keeps of each stack its outputs and its history, and of each command that it was given."""
import json, os, pathlib, sys, time
import yaml
here = pathlib.Path(__file__).parent
given = sys.argv[1:]
def option(name, otherwise=None):
    return given[given.index(name) + 1] if name in given else otherwise
stack = option("--stack")
with open(here / "asked", "a") as asked:
    print(*given, file=asked)
def state(kind, otherwise):
    path = here / f"{{stack}}.{{kind}}"
    return json.loads(path.read_text()) if path.exists() else otherwise
def keep(kind, content):
    (here / f"{{stack}}.{{kind}}").write_text(json.dumps(content))
def config(path):
    return yaml.safe_load(pathlib.Path(path).read_text()).get("config") or {{}}
def clear(value):
    if isinstance(value, dict):
        if set(value) == {{"secure"}}:
            return value["secure"].removeprefix("enc:")
        return {{key: clear(inner) for key, inner in value.items()}}
    return value
def shown(found):
    hidden = "--show-secrets" not in given
    return {{
        key: {{"secret": True}} if hidden and key.endswith("Secrets") else
        {{"value": json.dumps(clear(value)), "objectValue": clear(value), "secret": key.endswith("Secrets")}}
        for key, value in found.items()
    }}
if not (here / f"{{stack}}.history").exists():
    sys.exit("error: no stack named 'nope' found\\n")
if given[:2] == ["stack", "output"]:
    print(json.dumps(state("outputs", {{}})))
elif given[:2] == ["stack", "history"]:
    size, page = int(option("--page-size", 10)), int(option("--page", 1))
    entries = state("history", [])[::-1][(page - 1) * size : page * size]
    broken = (here / "undecryptable").exists()
    for each in entries:
        each["config"] = shown(each["config"])
        if broken and "boutique:serviceSecrets" in each["config"]:
            each["config"]["boutique:serviceSecrets"] = {{"value": "ERROR_UNABLE_TO_DECRYPT", "secret": True}}
    print(json.dumps(entries))
elif given[0] == "config" and given[1] == "set":
    path = pathlib.Path(option("--config-file"))
    content = yaml.safe_load(path.read_text())
    key, _, name = option("--path").partition("[")
    content["config"].setdefault(key, {{}})[json.loads(name[:-1])] = {{"secure": "enc:" + sys.stdin.read()}}
    path.write_text(yaml.safe_dump(content))
elif given[0] == "config":
    print(json.dumps(shown(config(f"Pulumi.{{stack}}.yaml"))))
elif given[0] == "preview":
    print("previewed", json.dumps(config(option("--config-file"))["boutique:release"]))
elif given[0] == "cancel":
    (here / "locked").unlink()
elif given[0] == "up":
    if (here / "locked").exists():
        sys.exit((here / "locked").read_text())
    from boutique.deployed import deployed
    from boutique.release import Release
    from boutique.settings import Environment
    found = config(f"Pulumi.{{stack}}.yaml")
    well = not (here / "broken").exists()
    history = state("history", [])
    history.append({{
        "version": 0, "kind": "update", "startTime": f"2026-01-10T10:{{len(history):02}}:00.000Z",
        "message": option("--message", ""), "environment": {{}}, "config": found,
        "result": "succeeded" if well else "failed",
    }})
    keep("history", history)
    if not well:
        sys.exit("Diagnostics:\\n  a Deployment:\\n    error: timed out\\n")
    section = Environment.model_validate(found["boutique:environment"])
    release = Release.model_validate(found["boutique:release"]) if "boutique:release" in found else None
    channel = state("channel", None)
    keep("outputs", {{
        "namespace": stack, "url": "nowhere", "channel": channel, "target": {{"stack": "nonprod", "name": stack}},
        "services": {{
            each.workload.name: {{
                "image": str(each.image), "version": each.image.version, "replicas": each.replicas, "ready": 1
            }}
            for each in deployed(section, release)
        }},
    }})
else:
    sys.exit(f"error: unknown command {{given}}")
'''
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


class Project:
    """A project in a folder of its own, with a `pulumi` beside it.

    Args:
        folder: Where both are.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.bin = folder / "project", folder / "bin"
        self.folder.mkdir()
        self.bin.mkdir()
        (self.folder / "Pulumi.yaml").write_text("name: boutique\n")
        (self.folder / "__main__.py").touch()
        program = self.bin / "pulumi"
        program.write_text(PULUMI.format(python=sys.executable))
        program.chmod(0o755)

    def stack(self, name: str, version: str = "v0.10.6", channel: dict[str, Any] | None = None) -> Path:
        """Add an environment that was not deployed yet, and return its file."""
        (self.bin / f"{name}.history").write_text("[]")
        (self.bin / f"{name}.channel").write_text(json.dumps(channel))
        self.file(name).write_text(FILE.format(name=name, version=version))
        return self.file(name)

    def file(self, name: str) -> Path:
        return self.folder / f"Pulumi.{name}.yaml"

    def history(self, name: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads((self.bin / f"{name}.history").read_text())
        return found

    def versions(self, name: str) -> dict[str, str]:
        found = json.loads((self.bin / f"{name}.outputs").read_text())["services"]
        return {service: each["version"] for service, each in found.items()}

    @property
    def asked(self) -> list[str]:
        return (self.bin / "asked").read_text().splitlines()
