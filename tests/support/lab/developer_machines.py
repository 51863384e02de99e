"""Machines on which people run `boutique`, with one backend between them."""

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.lab.lab_commands import BOUTIQUE
from tests.support.lab.lab_stacks import project
from tests.support.lab.shop_environments import Shop

LONGEST = 900
ADS = ("--service", "adservice=0.10.7-new-ads.3")


@dataclass(frozen=True)
class DeveloperMachine:
    """Somewhere the command is run: a copy of the project, and a state folder of its own.

    Attributes:
        shop: The environment.
        folder: Of the project.
        env: Of the commands.
    """

    shop: Shop
    folder: Path
    env: Mapping[str, str]

    @property
    def workspaces(self) -> list[str]:
        folder = Path(self.env["XDG_STATE_HOME"], "boutique", "workspaces")
        return [path.name for path in folder.glob("*")]

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*BOUTIQUE, *arguments],
            cwd=self.folder,
            env=dict(self.env),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        running = self.start(*arguments)
        output, wrong = running.communicate(timeout=LONGEST)
        if check:
            assert running.returncode == 0, f"boutique {' '.join(arguments)}: {output}{wrong}"
        assert "Traceback" not in wrong
        return subprocess.CompletedProcess(arguments, running.returncode, output, wrong)

    def feature(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        return self.run("feature", *arguments, check=check)

    def run_together(self, *commands: Sequence[str]) -> None:
        """Run several commands of `boutique feature` at the same time."""
        for running in [self.start("feature", *command) for command in commands]:
            output, wrong = running.communicate(timeout=LONGEST)
            assert running.returncode == 0, output + wrong

    def list_features(self) -> dict[str, dict[str, Any]]:
        return {
            feature["key"]: feature for feature in json.loads(self.feature("list", "--env", "local", "--json").stdout)
        }

    def stacks(self) -> set[str]:
        output = subprocess.check_output(["pulumi", "stack", "ls", "--json"], cwd=self.folder, env=dict(self.env))
        return {stack["name"] for stack in json.loads(output)}


def machine(shop: Shop, folder: Path) -> DeveloperMachine:
    (folder / "project").mkdir()
    project(folder / "project", shop.lab.env)
    return DeveloperMachine(shop, folder / "project", {**shop.lab.env, "XDG_STATE_HOME": str(folder / "state")})
