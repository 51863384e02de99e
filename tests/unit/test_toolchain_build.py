"""The tools are built once, completely or not at all. A stand-in for `go` makes that quick to try."""

import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from lab.errors import LabError
from lab.toolchain import tool_cache
from lab.toolchain.build import ensure
from lab.toolchain.golang import BuildError
from lab.toolchain.installed_tools import locate
from lab.toolchain.recipe import EmbeddedDocument, Family, GoProgram, ModuleFile, Tool, VersionQuestion
from tests.support.unit.build_reports import RecordedReport

# Behaves as the file `<tool>.does` beside it says, and writes down how it was called.
GO = """#!{python} -IS
import json, os, signal, sys, time
home, arguments = {home!r}, sys.argv[1:]
with open(home + "/calls", "a") as calls:
    names = "GOFLAGS", "GOWORK", "CGO_ENABLED", "GOOS", "GOPROXY", "GOTMPDIR", "GOGC", "GOMEMLIMIT", "GOMAXPROCS"
    facts = {{name: os.environ.get(name) for name in names}}
    calls.write(json.dumps([arguments, facts, os.getcwd()]) + "\\n")
if arguments[0] == "list":
    print(home + "/modules/" + arguments[-1])
if arguments[0] == "mod":
    open("go.sum", "a").write("touched")
    sys.stderr.write("one mirror: no such host, trying another")
if arguments[0] == "build":
    output = arguments[arguments.index("-o") + 1]
    does = home + "/" + os.path.basename(output) + ".does"
    does = open(does).read() if os.path.exists(does) else ""
    open(output, "w").write("#!/bin/sh\\n")
    if does.startswith("say "):
        sys.exit(does[4:])
    if does == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    if does == "hang":
        open(home + "/pid.new", "w").write(str(os.getpid()))
        os.rename(home + "/pid.new", home + "/pid")
        time.sleep(30)
    content = "echo built " + os.path.basename(output)
    if os.path.exists("schema.json"):
        content += " " + open("schema.json").read()
    open(output, "a").write(content)
"""


@dataclass
class Bench:
    """A machine with a stand-in for Go, one family of two tools and an empty cache."""

    home: Path
    family: Family

    @property
    def folder(self) -> Path:
        return tool_cache.folder(self.family)

    def does(self, tool: str, what: str) -> None:
        (self.home / f"{tool}.does").write_text(what)

    def calls(self) -> list[list[object]]:
        calls = self.home / "calls"
        return [json.loads(line) for line in calls.read_text().splitlines()] if calls.exists() else []

    def install(self, name: str, script: str, folder: str = "installed") -> Path:
        program = self.home / folder / name
        program.parent.mkdir(exist_ok=True)
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        return program


VERSION = VersionQuestion(("version",), r"^version (\S+)")


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    module = tmp_path / "pair"
    module.mkdir()
    (module / "go.mod").write_text("module example.test/pair\n\ngo 1.26\n")
    (module / "go.sum").write_text("")
    go = tmp_path / "go-bin" / "go"
    go.parent.mkdir()
    go.write_text(GO.format(python=sys.executable, home=str(tmp_path)))
    go.chmod(0o755)
    stages = tmp_path / "modules" / "example.test" / "stages"
    (stages / "deep").mkdir(parents=True)
    (stages / "deep" / "one.yaml").write_text("one")
    (stages / "deep").chmod(0o555)
    monkeypatch.setenv("PATH", f"{go.parent}{os.pathsep}{tmp_path / 'installed'}")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path / "pulumi"))
    tools = tuple(Tool(name, "v1.2.3", GoProgram(f"example.test/{name}"), VERSION) for name in ("alpha", "beta"))
    files = (("stages", ModuleFile("example.test/stages", ".")),)
    return Bench(tmp_path, Family(module, tools, files=files))


def test_everything_is_built_and_gathered(bench: Bench) -> None:
    heard = RecordedReport()
    tools = ensure(heard, choice=[bench.family])
    assert sorted(path.name for path in tools.bin.iterdir()) == ["alpha", "beta"]
    assert subprocess.check_output([tools.path("beta")], text=True) == "built beta\n"
    assert (tools.files / "stages" / "deep" / "one.yaml").read_text() == "one"
    assert heard.events == [
        ("missing", ["alpha", "beta", "files of pair"], 3, tool_cache.root()),
        ("started", "alpha", 0, 3),
        ("finished", "alpha"),
        ("started", "beta", 1, 3),
        ("finished", "beta"),
        ("started", "files of pair", 2, 3),
        ("finished", "files of pair"),
    ]


def test_the_second_time_nothing_is_built_and_nobody_is_asked(bench: Bench) -> None:
    first = ensure(RecordedReport(), choice=[bench.family])
    calls = len(bench.calls())
    bench.install("alpha", "echo asked >> $0.asked")
    heard = RecordedReport()
    assert ensure(heard, choice=[bench.family]) == first
    assert heard.events == []
    assert len(bench.calls()) == calls
    assert not (bench.home / "installed" / "alpha.asked").exists()


def test_programs_that_look_for_their_neighbours_find_them_in_bin(bench: Bench) -> None:
    tools = ensure(RecordedReport(), choice=[bench.family])
    assert tools.path("alpha").resolve().parent == tools.path("beta").resolve().parent == tools.bin.resolve()


def test_go_runs_in_a_clean_environment_and_away_from_our_files(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOS", "plan9")
    monkeypatch.setenv("GOFLAGS", "-mod=mod")
    monkeypatch.setenv("GOPROXY", "https://proxy.example.test")
    monkeypatch.setenv("GOMAXPROCS", "1")
    monkeypatch.setattr("lab.toolchain.golang.available_memory", lambda: 8 * 2**30)
    ensure(RecordedReport(), choice=[bench.family])
    for arguments, facts, folder in bench.calls():
        assert facts == {
            "GOFLAGS": "-mod=readonly -p=1",
            "GOGC": "off",
            "GOMEMLIMIT": str(4 * 2**30),
            "GOMAXPROCS": "1",
            "GOWORK": "off",
            "CGO_ENABLED": "0",
            "GOOS": None,
            "GOPROXY": "https://proxy.example.test",
            "GOTMPDIR": folder,
        }
        # What only downloads has a folder of its own.
        assert str(folder).startswith(str(bench.folder)) != ("-deps" in arguments)
    assert (bench.family.module / "go.sum").read_text() == ""


@pytest.mark.parametrize(("free", "processors", "compilers"), [(24, 2, 2), (1.5, 8, 1), (0.5, 2, 1), (6, 8, 6)])
def test_as_many_compilers_run_as_memory_is_there_for(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, free: float, processors: int, compilers: int
) -> None:
    monkeypatch.setenv("GOMAXPROCS", str(processors))
    monkeypatch.setattr("lab.toolchain.golang.available_memory", lambda: int(free * 2**30))
    ensure(RecordedReport(), choice=[bench.family])
    facts: dict[str, str] = bench.calls()[-1][1]  # type: ignore[assignment]
    assert facts["GOFLAGS"].endswith(f" -p={compilers}")
    assert int(facts["GOMEMLIMIT"]) * (compilers + 1) <= free * 2**30


def test_modules_are_downloaded_while_the_first_tool_is_compiled(bench: Bench) -> None:
    ensure(RecordedReport(), choice=[bench.family])
    assert ["list", "-e", "-deps", "-tags", "", "example.test/alpha", "example.test/beta"] in [
        arguments for arguments, _, _ in bench.calls()
    ]


def test_what_is_made_on_demand_is_made_when_it_is_run(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    alpha, beta = bench.family.tools
    family = replace(bench.family, tools=(alpha, replace(beta, on_demand=True)))
    heard = RecordedReport()
    tools = ensure(heard, choice=[family])
    assert heard.built() == ["alpha", "files of pair"]
    bench.install("boutique", 'echo "$@" >&2; echo /bin/echo')
    monkeypatch.setenv("PATH", f"{bench.home / 'installed'}{os.pathsep}{os.defpath}")
    run = subprocess.run([tools.path("beta"), "one", "two words"], capture_output=True, text=True, check=True)
    assert (run.stdout, run.stderr) == ("one two words\n", "lab tools --build --path beta\n")
    monkeypatch.setenv("PATH", str(bench.home / "go-bin"))
    assert subprocess.check_output(
        [ensure(RecordedReport(), only=["beta"], choice=[family]).path("beta")], text=True
    ) == ("built beta\n")
    assert (
        subprocess.check_output([ensure(RecordedReport(), choice=[family]).path("beta")], text=True) == "built beta\n"
    )


@pytest.mark.parametrize("end", ["die", "say boom"])
def test_a_failed_build_leaves_nothing_and_the_next_one_goes_on_from_there(bench: Bench, end: str) -> None:
    bench.does("beta", end)
    with pytest.raises(BuildError, match="beta could not be built"):
        ensure(RecordedReport(), choice=[bench.family])
    assert sorted(path.name for path in bench.folder.iterdir()) == [".lock", "alpha", "alpha.log", "beta.log"]
    bench.does("beta", "")
    heard = RecordedReport()
    ensure(heard, choice=[bench.family])
    assert heard.built() == ["beta", "files of pair"]


# Tests may themselves run where interrupts are ignored, which children inherit.
BUILDER = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)
from pathlib import Path
from unittest.mock import Mock
from lab.toolchain.build import ensure
from lab.toolchain.recipe import GoProgram, Family, Tool
family = Family(Path(sys.argv[1]), (Tool("alpha", "v1.2.3", GoProgram("example.test/alpha")),))
ensure(Mock(), choice=[family])
"""


def start_and_hang(bench: Bench) -> tuple[subprocess.Popen[bytes], int]:
    bench.does("alpha", "hang")
    builder = subprocess.Popen(
        [sys.executable, "-c", BUILDER, bench.family.module], stderr=subprocess.DEVNULL, cwd=Path(__file__).parents[2]
    )
    deadline = time.monotonic() + 10
    while not (bench.home / "pid").exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return builder, int((bench.home / "pid").read_text())


def single_tool_family(bench: Bench) -> Family:
    return Family(bench.family.module, (Tool("alpha", "v1.2.3", GoProgram("example.test/alpha")),))


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, -signal.SIGINT), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_an_interrupt_ends_go_and_leaves_nothing(bench: Bench, number: signal.Signals, code: int) -> None:
    builder, go = start_and_hang(bench)
    assert os.getpriority(os.PRIO_PROCESS, go) == max(10, os.getpriority(os.PRIO_PROCESS, 0))
    builder.send_signal(number)
    assert builder.wait(10) == code
    with pytest.raises(ProcessLookupError):
        os.kill(go, 0)
    assert sorted(path.name for path in tool_cache.folder(single_tool_family(bench)).iterdir()) == [
        ".lock",
        "alpha.log",
    ]


def test_what_a_killed_build_leaves_is_not_taken_for_a_tool_and_is_removed(bench: Bench) -> None:
    builder, go = start_and_hang(bench)
    builder.kill()
    builder.wait(10)
    os.kill(go, signal.SIGKILL)
    folder = tool_cache.folder(single_tool_family(bench))
    assert list(folder.glob(".part-*/alpha"))
    assert locate([single_tool_family(bench)])[0].origin == "missing"
    bench.does("alpha", "")
    seen: list[Path] = []
    ensure(
        RecordedReport(while_starting=lambda: seen.extend(folder.glob(".part-*"))), choice=[single_tool_family(bench)]
    )
    assert seen == []  # before anything else: they may be what fills the disk
    assert sorted(path.name for path in folder.iterdir()) == [".lock", "alpha", "alpha.log"]


@pytest.mark.parametrize("changed", ["go.mod", "go.sum", "main.go"])
def test_a_change_of_what_it_is_built_from_builds_anew(bench: Bench, changed: str) -> None:
    before = ensure(RecordedReport(), choice=[bench.family])
    with (bench.family.module / changed).open("a") as file:
        file.write("// changed\n")
    heard = RecordedReport()
    assert ensure(heard, choice=[bench.family]).bin != before.bin
    assert heard.built() == ["alpha", "beta", "files of pair"]


def test_flags_are_part_of_the_key_and_questions_are_not(bench: Bench) -> None:
    module = bench.family.module

    def folder(recipe: GoProgram, question: VersionQuestion | None) -> Path:
        return tool_cache.folder(Family(module, (Tool("alpha", "v1.2.3", recipe, question),)))

    assert folder(GoProgram("a"), None) == folder(GoProgram("a"), VERSION)
    assert folder(GoProgram("a"), None) != folder(GoProgram("a", tags="netgo"), None)
    assert folder(GoProgram("a"), None) != folder(GoProgram("a", ldflags="-s"), None)


def test_the_right_version_on_path_is_used_and_a_wrong_one_is_not(bench: Bench) -> None:
    right = bench.install("alpha", "echo version 1.2.3")
    bench.install("beta", "echo version v1.2.30")
    heard = RecordedReport()
    tools = ensure(heard, choice=[bench.family])
    assert heard.built() == ["beta", "files of pair"]
    assert tools.path("alpha").readlink() == right
    assert [place.origin for place in locate([bench.family])] == ["path", "cache"]


def test_an_installed_tool_is_asked_once_until_it_changes(bench: Bench) -> None:
    program = bench.install("alpha", "echo asked >> $0.asked; echo version v1.2.2")
    for _ in range(3):
        locate([bench.family])
    request_file = program.with_name("alpha.asked")
    assert request_file.read_text() == "asked\n"
    bench.install("alpha", "echo version v1.2.3 # upgraded")
    assert locate([bench.family])[0].path == program


@pytest.mark.parametrize("script", ["exit 1", "echo version v1.2.3; exit 1", "echo nonsense", "exec /bin/sleep inf"])
def test_a_tool_that_gives_no_answer_is_not_it(bench: Bench, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lab.toolchain.installed_tools._PATIENCE", 0.2)
    bench.install("alpha", script)
    assert locate([bench.family])[0].origin == "missing"


def test_our_own_bin_folder_on_path_is_not_an_installation(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.install("alpha", "echo version v1.2.3")
    tools = ensure(RecordedReport(), choice=[bench.family])
    monkeypatch.setenv("PATH", str(tools.bin))
    assert locate([bench.family])[0].origin == "missing"


def test_parts_come_from_where_their_owner_is(bench: Bench) -> None:
    engine = Tool("engine", "v1.2.3", GoProgram("example.test/engine"), VERSION, parts=("host",))
    families = [Family(bench.family.module, (engine, Tool("host", "v0.1.0", GoProgram("example.test/host"))))]
    installed = bench.install("engine", "echo version v1.2.3")
    assert [place.origin for place in locate(families)] == ["missing", "missing"]
    host = bench.install("host", "")
    assert [(place.path, place.version) for place in locate(families)] == [(installed, "v1.2.3"), (host, "v1.2.3")]
    installed.unlink()
    assert [place.origin for place in locate(families)] == ["missing", "missing"]


def test_a_plugin_is_found_where_pulumi_installs_it_and_never_on_path(bench: Bench) -> None:
    plugin = Tool("pulumi-resource-x", "1.0.0", GoProgram("."), plugin="resource-x-v1.0.0")
    family = Family(bench.family.module, (plugin,))
    bench.install("pulumi-resource-x", "")
    assert locate([family])[0].origin == "missing"
    program = bench.install("x", "").rename(bench.home / "x")
    folder = bench.home / "pulumi" / "plugins" / "resource-x-v1.0.0"
    folder.mkdir(parents=True)
    program.rename(folder / "pulumi-resource-x")
    assert locate([family])[0].path == folder / "pulumi-resource-x"
    partial = folder.with_name("resource-x-v1.0.0.partial")
    partial.touch()
    assert locate([family])[0].origin == "missing"
    partial.unlink()
    assert list(ensure(RecordedReport(), choice=[family]).bin.iterdir()) == []


def test_documents_are_embedded_with_their_version(bench: Bench) -> None:
    schema = bench.home / "modules" / "example.test" / "schema" / "cmd" / "schema.json"
    schema.parent.mkdir(parents=True)
    schema.write_text('{"name": "x"}')
    embedded = (EmbeddedDocument("schema.json", ModuleFile("example.test/schema", "cmd/schema.json"), "1.0.0"),)
    family = Family(bench.family.module, (Tool("server", "1.0.0", GoProgram(".", embedded=embedded)),))
    tools = ensure(RecordedReport(), choice=[family])
    assert tools.path("server").read_text().endswith('echo built server {"name":"x","version":"1.0.0"}')
    assert sorted(path.name for path in family.module.iterdir()) == ["go.mod", "go.sum"]


def test_files_that_a_module_does_not_have_are_a_message(bench: Bench) -> None:
    family = Family(bench.family.module, bench.family.tools, files=(("x", ModuleFile("example.test/stages", "moved")),))
    with pytest.raises(BuildError, match="stages has no moved"):
        ensure(RecordedReport(), choice=[family])
    assert not (tool_cache.folder(family) / "files").exists()


def test_a_script_is_copied_and_made_executable(bench: Bench) -> None:
    script = bench.home / "modules" / "example.test" / "sdk" / "launch"
    script.parent.mkdir(parents=True)
    script.write_text("#!/bin/sh\necho launched")
    script.chmod(0o444)
    family = Family(bench.family.module, (Tool("launch", "v1.2.3", ModuleFile("example.test/sdk", "launch")),))
    assert (
        subprocess.check_output([ensure(RecordedReport(), choice=[family]).path("launch")], text=True) == "launched\n"
    )


def test_the_second_of_two_builds_waits_and_uses_what_the_first_has_made(bench: Bench) -> None:
    bench.folder.mkdir(parents=True)
    lock = (bench.folder / ".lock").open("w")
    fcntl.flock(lock, fcntl.LOCK_EX)

    def finish() -> None:
        for tool in bench.family.tools:
            (bench.folder / tool.name).write_text("made by the first")
        lock.close()

    heard = RecordedReport(while_waiting=finish)
    tools = ensure(heard, choice=[bench.family])
    assert heard.events[1:] == [("waiting", "pair"), ("started", "files of pair", 2, 3), ("finished", "files of pair")]
    assert tools.path("alpha").read_text() == "made by the first"


def test_nobody_else_gets_the_lock_during_a_build(bench: Bench) -> None:
    def try_lock() -> None:
        with (bench.folder / ".lock").open() as lock, pytest.raises(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)

    heard = RecordedReport(while_starting=try_lock)
    ensure(heard, choice=[bench.family])
    assert len(heard.built()) == 3
    with (bench.folder / ".lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_only_what_is_needed_is_built(bench: Bench) -> None:
    heard = RecordedReport()
    tools = ensure(heard, only=["beta"], choice=[bench.family])
    assert heard.built() == ["beta", "files of pair"]
    assert [path.name for path in tools.bin.iterdir()] == ["beta"]
    with pytest.raises(LabError, match="No such tool: gamma"):
        ensure(heard, only=["gamma"], choice=[bench.family])


@pytest.mark.parametrize(
    ("message", "advice"),
    [
        ("write /x: no space left on device", r"disk is full\. Free: [0-9.]+ GiB in "),
        (
            "go: go.mod requires go >= 1.26 (running go 1.24.1; GOTOOLCHAIN=local)",
            r"Go 1\.26 or newer: https://go\.dev/dl/",
        ),
        ("go.mod:3: invalid go version '1.26.0': must match format 1.23", r"Go 1\.26 or newer"),
        ("dial tcp: lookup proxy.example.test: no such host", "GOPROXY"),
        ("reading https://proxy.example.test/x.zip: 404 Not Found", "GOPROXY"),
        ("compile: signal: killed", "Memory ran out"),
        ("main.go:1: undefined: x", "tries again"),
    ],
)
def test_a_failure_names_the_tool_the_words_the_log_and_the_remedy(bench: Bench, message: str, advice: str) -> None:
    bench.does("alpha", f"say first line\n{message}")
    with pytest.raises(LabError, match=advice) as caught:
        ensure(RecordedReport(), choice=[bench.family])
    log = bench.folder / "alpha.log"
    assert str(caught.value).startswith(
        f"alpha could not be built. Go's messages:\n  first line\n  {message}\nAll of it: {log}\n"
    )
    assert log.read_text() == f"first line\n{message}\n"


def test_only_the_words_of_the_call_that_failed_are_judged(bench: Bench) -> None:
    (bench.home / "modules" / "example.test" / "schema").write_text("{}")
    embedded = (EmbeddedDocument("schema.json", ModuleFile("example.test", "schema")),)
    bench.does("server", "say main.go:1: undefined: x")
    with pytest.raises(BuildError, match="undefined: x") as caught:
        ensure(
            RecordedReport(),
            choice=[Family(bench.family.module, (Tool("server", "1.0.0", GoProgram(".", embedded=embedded)),))],
        )
    assert "GOPROXY" not in str(caught.value)


def test_without_go_the_message_says_which_one_to_get(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(bench.home / "nothing"))
    with pytest.raises(BuildError, match=r"Go is not on PATH.*Go 1\.26 or newer: https://go\.dev/dl/"):
        ensure(RecordedReport(), choice=[bench.family])


def test_a_cache_that_cannot_be_written_is_a_message(bench: Bench) -> None:
    (bench.home / "cache").write_text("a file")
    with pytest.raises(BuildError, match="tools cannot be kept in"):
        ensure(RecordedReport(), choice=[bench.family])
