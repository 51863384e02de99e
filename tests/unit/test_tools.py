"""Which tools there are, and what the command shows of them."""

import io
import json
import re
import time
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

import pytest
from rich.console import Console

import ops.lab_views.lab_tools
from lab.errors import LabError
from lab.toolchain.build import Toolchain, locate_all
from lab.toolchain.build_report import BuildReport
from lab.toolchain.go_mod import go_version, required_version
from lab.toolchain.installed_tools import ToolLocation
from lab.toolchain.recipe import Family, GoProgram, Tool
from lab.toolchain.tools import ISTIO_VERSION, PROVIDER, PROVIDER_PLUGIN, PROVIDER_VERSION, families, families_of_tests

ROOT = Path(__file__).parents[2]


def by_name() -> dict[str, tuple[Family, Tool]]:
    return {tool.name: (family, tool) for family in (*families(), *families_of_tests()) for tool in family.tools}


def test_the_lab_has_these_tools_in_these_versions() -> None:
    assert {name: tool.version for name, (_, tool) in by_name().items()} == {
        "etcd": "3.6.16",
        "kwok": "v0.8.0",
        "kubectl": "v1.36.3",
        "kube-scheduler": "v1.36.3",
        "kube-apiserver": "v1.36.3",
        "kube-controller-manager": "v1.36.3",
        "pulumi": "v3.259.0",
        "pulumi-language-python-exec": "v3.259.0",
        "pulumi-language-python": "v3.68.0",
        "pulumi-resource-kubernetes": "4.25.0",
        "pilot-discovery": "1.31.0",
        "istioctl": "1.31.0",
        "pilot-agent": "1.31.0",
        "registry": "v3.1.2",
    }


def test_no_lab_waits_for_what_only_tests_and_people_need(monkeypatch: pytest.MonkeyPatch) -> None:
    selections: list[set[str]] = []

    def ensure(_: BuildReport, only: Collection[str] | None, choice: Sequence[Family], origin: str) -> Toolchain:
        assert origin == "source"
        selections.append(set(only or (tool.name for family in choice for tool in family.tools if not tool.on_demand)))
        return TOOLCHAIN

    monkeypatch.setattr(ops.lab_views.lab_tools, "ensure", ensure)
    ops.lab_views.lab_tools.toolchain(origin="source")
    ops.lab_views.lab_tools.toolchain(tests=True, origin="source")
    assert selections[1] - selections[0] == {"registry", "istioctl"}
    assert selections[1] == set(by_name())
    assert {place.name for place in locate_all()} == set(by_name())


SHARED = (
    "github.com/envoyproxy/go-control-plane/envoy",
    "go.opentelemetry.io/otel",
    *(f"golang.org/x/{name}" for name in ("crypto", "net", "sync", "sys", "term", "text")),
    "google.golang.org/grpc",
)


@pytest.mark.parametrize("dependency", SHARED)
def test_what_tools_share_is_compiled_once(dependency: str) -> None:
    modules = [family.module for family in families() if f"\t{dependency} v" in (family.module / "go.mod").read_text()]
    assert len(modules) > 1
    assert len({required_version(module, dependency) for module in modules}) == 1


@pytest.mark.parametrize(("package", "tool"), [("pulumi", "pulumi"), ("pulumi-kubernetes", PROVIDER)])
def test_tools_and_python_packages_move_together(package: str, tool: str) -> None:
    requirements = (ROOT / "requirements.txt").read_text().splitlines()
    assert f"{package}=={by_name()[tool][1].version.removeprefix('v')}" in requirements


def test_every_program_comes_from_a_module_that_its_go_mod_pins() -> None:
    for family, tool in by_name().values():
        if isinstance(tool.recipe, GoProgram) and tool.recipe.package.startswith("."):
            assert (family.module / tool.recipe.package / "main.go").exists()
            continue
        source = tool.recipe.package if isinstance(tool.recipe, GoProgram) else tool.recipe.module
        text = (family.module / "go.mod").read_text()
        assert any(source.startswith(module) for module in re.findall(r"^(?:require)?\s+(\S+) v", text, re.MULTILINE))


@pytest.mark.parametrize(
    "name", ["kubectl", "kwok", "pulumi", "pulumi-language-python", "istioctl", PROVIDER, "registry"]
)
def test_a_program_is_told_the_version_that_it_reports(name: str) -> None:
    recipe = by_name()[name][1].recipe
    assert isinstance(recipe, GoProgram)
    assert re.search(rf"ersion={re.escape(by_name()[name][1].version)}(\s|$)", recipe.ldflags)


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("etcd", "etcd Version: 3.6.16\nGit SHA: Not provided\nGo Version: go1.26.8\n"),
        ("kwok", "kwok version v0.8.0 go1.26.8 (linux/amd64)\n"),
        ("kubectl", "Client Version: v1.36.3\nKustomize Version: v5.8.1\n"),
        ("kube-apiserver", "Kubernetes v1.36.3\n"),
        ("pulumi", "v3.259.0\n"),
        (
            "pilot-discovery",
            "2026/11/22 INFO memory is not limited, skipping package=memlimit\nclient version: 1.31.0\n",
        ),
        ("istioctl", "client version: 1.31.0\n"),
        ("registry", "registry github.com/distribution/distribution/v3 v3.1.2\n"),
    ],
)
def test_what_programs_really_print_is_understood(name: str, answer: str) -> None:
    tool = by_name()[name][1]
    assert tool.question
    match = re.search(tool.question.answer, answer, re.MULTILINE)
    assert match
    assert match[1] == tool.version


def test_all_tools_have_the_same_tags_and_istios_agent_one_more() -> None:
    recipes = {tool.name: tool.recipe for family in families() for tool in family.tools}
    tags = {name: recipe.tags for name, recipe in recipes.items() if isinstance(recipe, GoProgram)}
    assert tags.pop("pilot-agent").split(",") == ["agent", *tags["pilot-discovery"].split(",")]
    assert len(set(tags.values())) == 1


def test_tools_of_a_module_are_compiled_with_the_same_flags() -> None:
    for family in families():
        recipes = [tool.recipe for tool in family.tools if isinstance(tool.recipe, GoProgram)]
        flags = {tuple(flag for flag in recipe.arguments("") if flag.startswith("-gcflags")) for recipe in recipes}
        assert len(flags) == 1, family.name


def test_pins_name_what_is_meant() -> None:
    assert by_name()[PROVIDER][1].plugin == PROVIDER_PLUGIN
    assert PROVIDER_PLUGIN.endswith(f"-v{PROVIDER_VERSION}")
    assert by_name()["istioctl"][1].version == ISTIO_VERSION
    files = [target for family in families() for target, _ in family.files]
    assert len(files) == len(set(files))
    assert {target.split("/")[0] for target in files} == {"kwok", "istio", "gateway-api"}


@pytest.mark.parametrize(
    "text",
    [
        "require example.test/a v1.2.3\n",
        "require (\n\texample.test/ab v9.9.9\n\texample.test/a v1.2.3 // indirect\n)\n",
    ],
)
def test_a_version_is_read_from_go_mod(tmp_path: Path, text: str) -> None:
    (tmp_path / "go.mod").write_text(f"module example.test/x\n\ngo 1.26.0\n\n{text}")
    assert required_version(tmp_path, "example.test/a") == "v1.2.3"
    assert go_version(tmp_path) == "1.26.0"
    with pytest.raises(LabError, match="lacks a requirement of"):
        required_version(tmp_path, "example.test/b")


def test_without_the_modules_the_message_says_how_to_install(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="pip install -e"):
        families(tmp_path)


PLACES = [
    ToolLocation("kubectl", "v1.36.3", "path", Path("/a/very/long/path" * 8) / "[bin]" / "kubectl"),
    ToolLocation("kwok", "v0.8.0", "missing", None),
]


def test_the_table_for_people_and_pipes(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(ops.lab_views.lab_tools, "locate_all", lambda: PLACES)
    ops.lab_views.lab_tools.show(None, as_json=False, only_path=False)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:3] for line in lines[1:]] == [["kubectl", "v1.36.3", "path"], ["kwok", "v0.8.0", "missing"]]
    assert str(PLACES[0].path) in lines[1]


def test_the_table_for_programs(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(ops.lab_views.lab_tools, "locate_all", lambda: PLACES)
    ops.lab_views.lab_tools.show(None, as_json=True, only_path=False)
    assert json.loads(capsys.readouterr().out) == [
        {"name": "kubectl", "version": "v1.36.3", "origin": "path", "path": str(PLACES[0].path)},
        {"name": "kwok", "version": "v0.8.0", "origin": "missing", "path": None},
    ]


def test_a_script_asks_for_the_path_of_a_tool(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(ops.lab_views.lab_tools, "locate_all", lambda: PLACES)
    ops.lab_views.lab_tools.show(["kubectl"], as_json=False, only_path=True)
    assert capsys.readouterr().out == f"{PLACES[0].path}\n"
    with pytest.raises(LabError, match="not there yet: kwok; add --build"):
        ops.lab_views.lab_tools.show(["kwok"], as_json=False, only_path=True)
    with pytest.raises(LabError, match="no such tool: kwac"):
        ops.lab_views.lab_tools.show(["kwac"], as_json=False, only_path=True)


TOOLCHAIN = Toolchain(Path("/bin"), Path("/files"), {})


def slow_build(pause: float = 0.0) -> Callable[[BuildReport], Toolchain]:
    def ensure(report: BuildReport, only: object, choice: Sequence[Family], origin: str) -> Toolchain:
        assert only is None
        assert choice
        assert origin == "auto"
        report.on_notice("no release of [etcd]")
        report.on_fetching(["kubectl"], Path("/cache/[tools]"))
        report.on_transferred(0, 1, 0)
        time.sleep(pause)
        report.on_fetched("kubectl", 61_200_000, 2.4)
        report.on_transferred(1, 1, 61_200_000)
        report.on_missing(["kwok", "etcd"], 2, Path("/cache/[tools]"))
        report.on_waiting("kwok")
        report.on_started("etcd", 1, 2)
        time.sleep(pause)
        report.on_finished("etcd", 61.7)
        return TOOLCHAIN

    return ensure


def test_a_log_shows_each_step_and_that_there_is_life(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(ops.lab_views.lab_tools, "_HEARTBEAT", 0.02)
    monkeypatch.setattr(ops.lab_views.lab_tools, "ensure", slow_build(pause=0.1))
    assert ops.lab_views.lab_tools.toolchain() is TOOLCHAIN
    out, err = capsys.readouterr()
    assert out == ""
    lines = err.splitlines()
    assert lines[:2] == [
        "no release of [etcd]",
        "Fetching official releases of the lab's tools (kubectl) into /cache/[tools].",
    ]
    assert "still fetching releases, 0 of 1 done, 0.0 MB, for 0 s" in lines
    build = lines.index("kubectl, 61.2 MB, after 2 s") + 1
    assert "On two cores that takes about 10 minutes" in lines[build]
    assert lines[build].endswith("They are kept in /cache/[tools].")
    assert lines[build + 1 : build + 3] == ["waiting: another process builds kwok", "building etcd, 2 of 2"]
    assert lines[-1] == "etcd in 1 min 2 s"
    assert "still building etcd, 2 of 2, for 0 s" in lines[build + 3 : -1]


def test_a_terminal_shows_one_live_line(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = io.StringIO()
    monkeypatch.setattr(
        ops.lab_views.lab_tools, "Console", lambda stderr: Console(file=screen, force_terminal=stderr, width=300)
    )
    monkeypatch.setattr(ops.lab_views.lab_tools, "ensure", slow_build(pause=0.25))
    assert ops.lab_views.lab_tools.toolchain() is TOOLCHAIN
    assert re.search(r"fetching releases, 0 of 1 done, 0.0 MB.*0:00:00", screen.getvalue())
    assert re.search(r"building etcd, 2 of 2.*0:00:00", screen.getvalue())
    assert "etcd in 1 min 2 s" in screen.getvalue()
    assert "still" not in screen.getvalue()


def test_nothing_to_build_is_not_worth_a_word(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(ops.lab_views.lab_tools, "ensure", lambda report, only, choice, origin: TOOLCHAIN)  # noqa: ARG005
    ops.lab_views.lab_tools.toolchain()
    assert capsys.readouterr() == ("", "")
