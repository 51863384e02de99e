"""`boutique feature` on the committed stack `local`: from a branch to a link, and nothing left, whatever is killed."""

import json
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from labs import BOUTIQUE, Lab, eventually
from local_stack import Deployed
from stacks import project
from test_feature_stack import BASELINE, HOST, Shop

pytestmark = pytest.mark.lab

LONGEST = 240
ADS = ("--service", "adservice=0.10.7-new-ads.3")


@dataclass(frozen=True)
class Machine:
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
        return [each.name for each in folder.glob("*")]

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
        said, wrong = running.communicate(timeout=LONGEST)
        if check:
            assert running.returncode == 0, f"boutique {' '.join(arguments)}: {said}{wrong}"
        assert "Traceback" not in wrong
        return subprocess.CompletedProcess(arguments, running.returncode, said, wrong)

    def feature(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        return self.run("feature", *arguments, check=check)

    def listed(self) -> dict[str, dict[str, Any]]:
        return {each["key"]: each for each in json.loads(self.feature("list", "--env", "local", "--json").stdout)}

    def stacks(self) -> set[str]:
        said = subprocess.check_output(["pulumi", "stack", "ls", "--json"], cwd=self.folder, env=dict(self.env))
        return {each["name"] for each in json.loads(said)}


def machine(shop: Shop, folder: Path) -> Machine:
    (folder / "project").mkdir()
    project(folder / "project", shop.lab.env)
    return Machine(shop, folder / "project", {**shop.lab.env, "XDG_STATE_HOME": str(folder / "state")})


@pytest.fixture(scope="module")
def here(lab: Lab, local: Deployed, tmp_path_factory: pytest.TempPathFactory) -> Machine:
    assert local.said
    return machine(Shop.on(lab, tmp_path_factory.mktemp("shop")), tmp_path_factory.mktemp("here"))


@pytest.fixture
def elsewhere(here: Machine, tmp_path: Path) -> Machine:
    """Another machine with the same backend."""
    return machine(here.shop, tmp_path)


@pytest.fixture(autouse=True)
def nothing_left(here: Machine) -> Iterator[None]:
    """After each test all is as before: objects, stacks, the project's files."""
    objects, stacks = here.shop.objects(), here.stacks()
    files = sorted(each.name for each in here.folder.iterdir())
    yield
    assert here.shop.objects() == objects
    assert here.stacks() == stacks
    assert here.workspaces == []
    assert sorted(each.name for each in here.folder.iterdir() if each.name != "__pycache__") == files


def test_a_branch_becomes_a_link_and_goes(here: Machine, elsewhere: Machine) -> None:
    shop = here.shop
    up = here.feature("up", "new-ads", "--env", "local", *ADS, "--session", "tester-1", "--ttl", "3h", "--json")
    said = json.loads(up.stdout)
    assert said["url"].startswith(f"https://new-ads.{HOST}")
    assert (said["stack"], said["sessions"]) == ("local-new-ads", 1)
    new, cookie = {"0.10.7-new-ads.3"}, "shop_currency=EUR; shop_session-id="
    eventually(lambda: shop.versions(f"new-ads.{HOST}").get("adservice") == new, 10, "the preview link")
    eventually(lambda: shop.versions(Cookie=f"{cookie}tester-1").get("adservice") == new, 10, "the tester")

    [row] = elsewhere.listed().values()
    assert (row["name"], row["services"], row["sessions"]) == ("new-ads", {"adservice": "0.10.7-new-ads.3"}, 1)
    assert (row["trouble"], row["expired"], row["expires"]) == ("", False, said["expires"])
    shown = elsewhere.feature("show", "new-ads").stdout
    assert said["url"] in shown
    assert "deployments/adservice-new-ads" in shown
    assert "tester-1" not in shown

    elsewhere.feature("join", "new-ads", "--session", "tester-2")
    eventually(lambda: shop.versions(Cookie=f"{cookie}tester-2").get("adservice") == new, 10, "who has joined")
    here.feature("leave", "new-ads", "--session", "tester-1")
    eventually(lambda: shop.versions(Cookie=f"{cookie}tester-1")["adservice"] == {BASELINE}, 10, "who has left")
    elsewhere.feature("extend", "new-ads", "--ttl", "2d")
    assert here.listed()["new-ads"]["expires"] > said["expires"]
    here.feature("up", "new-ads", "--env", "local", "--service", "adservice=0.10.7-new-ads.4")
    newer = {"0.10.7-new-ads.4"}
    eventually(lambda: shop.versions(Cookie=f"{cookie}tester-2").get("adservice") == newer, 10, "the next build")

    table = here.run("routes", "local").stdout
    assert "adservice:9555 with feature=new-ads" in table
    assert "tester-2" not in table
    asked = json.loads(here.run("routes", "local", "--for", f"Cookie: {cookie}tester-2", "--json").stdout)
    assert asked["edge"]["baggage"] == "feature=new-ads"
    assert asked["mesh"]["adservice"]["backend"] == "adservice-new-ads:9555"
    assert asked["mesh"]["adservice"]["owner"] == "local-new-ads"
    assert asked["mesh"]["cartservice"]["backend"] == "cartservice:7070"
    assert elsewhere.feature("down", "new-ads").stdout == "feature 'new-ads' of 'local': removed\n"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("up", "a", "--env", "lokal", *ADS), "--env lokal: there is no stack 'lokal'"),
        (("up", "a", "--env", "local", "--service", "adservice=0.10.6"), "'0.10.6': is a release"),
        (
            ("up", "a", "--env", "local", "--service", "redis-cart=0.10.7-a.1"),
            "redis-cart: cannot be part of a feature",
        ),
        (("up", "a", "--env", "local", *ADS, "--ttl", "90d"), "allows 14d"),
        (("up", "a", "--env", "local", *ADS, "--session", "a b"), "a session id cannot hold ' '"),
        (("join", "nobody", "--env", "local", "--session", "a"), "deploy it with `boutique feature up`"),
        (("down", "nobody", "--env", "local"), "there is none; `boutique feature list` shows which there are"),
        (("show", "nobody"), "say which environment with --env"),
    ],
)
def test_what_is_refused_leaves_nothing(here: Machine, arguments: tuple[str, ...], expected: str) -> None:
    done = here.feature(*arguments, check=False)
    assert done.returncode == 1
    assert expected in done.stderr
