"""Official releases are fetched whole, checked, and kept; what cannot be fetched is built, and a line says why."""

import base64
import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from lab.toolchain import tool_cache
from lab.toolchain.build import Origin, Toolchain, ensure
from lab.toolchain.installed_tools import locate
from lab.toolchain.recipe import Family, GoProgram, ModuleFile, Tool
from lab.toolchain.releases import download_network, fetching, lock, mirror
from lab.toolchain.releases.artifacts import Download
from lab.toolchain.releases.catalogue import catalogue
from lab.toolchain.releases.checksums import module_h1, published_digest
from lab.toolchain.releases.release_errors import PublisherUnreachableError, ReleaseError
from support import transfer
from tests.support.unit.build_reports import RecordedReport
from tests.support.unit.release_publishers import Answer, Publishers, module_zip, run_publishers, tar

GO = """#!/bin/sh
[ "$1" = list ] && echo "{modules}"
[ "$1" = build ] && echo built > "$(echo "$*" | sed 's/.* -o \\([^ ]*\\) .*/\\1/')"
exit 0
"""
KUBECTL = "dl.k8s.io/v1.2.3/bin/linux/amd64/kubectl"
PROGRAM = b"#!/bin/sh\necho released\n" + bytes(100_000)
STAGE = "proxy.golang.org/example.test/stages/@v/v0.1.0.zip"


@dataclass
class Machine:
    """A machine with an empty cache, a stand-in for Go, and publishers that it reaches."""

    home: Path
    publishers: Publishers

    def family(self, *tools: str, files: bool = False) -> Family:
        versions = {"etcd": "1.2.3", "pilot-agent": "1.2.3", "pilot-discovery": "1.2.3"}
        made = tuple(Tool(name, versions.get(name, "v1.2.3"), GoProgram(f"example.test/{name}")) for name in tools)
        taken = (("stages", ModuleFile("example.test/stages", "deep")),) if files else ()
        return Family(self.home / "pair", made, files=taken)

    def ensure(self, *tools: str, origin: Origin = "auto", files: bool = False) -> tuple[Toolchain, RecordedReport]:
        heard = RecordedReport()
        return ensure(heard, choice=[self.family(*tools, files=files)], origin=origin), heard

    def origin(self, tool: str = "kubectl") -> str:
        return locate([self.family("kubectl")] if tool == "kubectl" else [self.family(tool)])[0].origin

    def leftovers(self) -> list[Path]:
        return list(tool_cache.root().glob("**/.part-*"))

    def notices(self, heard: RecordedReport) -> list[object]:
        return [event[1] for event in heard.events if event[0] == "notice"]


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    module = tmp_path / "pair"
    module.mkdir()
    (module / "go.mod").write_text("module example.test/pair\n\ngo 1.26\n\nrequire example.test/stages v0.1.0\n")
    (module / "go.sum").write_text("")
    go = tmp_path / "bin" / "go"
    go.parent.mkdir()
    (tmp_path / "modules" / "deep").mkdir(parents=True)
    (tmp_path / "modules" / "deep" / "one.yaml").write_text("built")
    go.write_text(GO.format(modules=tmp_path / "modules"))
    go.chmod(0o755)
    monkeypatch.setenv("PATH", f"{go.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    monkeypatch.delenv("GOPROXY", raising=False)
    with run_publishers() as publishers:
        monkeypatch.setenv(mirror.VARIABLE, f"http://127.0.0.1:{publishers.port}")
        yield Machine(tmp_path, publishers)


def publish_kubectl(publishers: Publishers, content: bytes = PROGRAM, **answer: object) -> None:
    digest = publishers.publish(KUBECTL, content, **answer)
    publishers.publish(f"{KUBECTL}.sha256", digest.encode())


def test_a_good_release_is_fetched_and_kept_and_go_is_not_called(machine: Machine) -> None:
    publish_kubectl(machine.publishers)
    (machine.home / "bin" / "go").write_text("#!/bin/sh\nexit 1\n")
    tools, heard = machine.ensure("kubectl")
    assert subprocess.check_output([tools.path("kubectl")]) == b"released\n"
    assert heard.events == [("fetching", ["kubectl"], tool_cache.root()), ("fetched", "kubectl", len(PROGRAM))]
    assert machine.origin() == "release"
    assert machine.leftovers() == []
    machine.publishers.seen.clear()
    again, heard = machine.ensure("kubectl")
    assert (again, heard.events, machine.publishers.seen) == (tools, [], [])


def test_a_built_tool_wins_and_nobody_is_asked(machine: Machine) -> None:
    publish_kubectl(machine.publishers)
    machine.ensure("kubectl", origin="source")
    assert machine.origin() == "cache"
    machine.ensure("kubectl")
    machine.ensure("kubectl", origin="release")
    assert machine.origin() == "cache"
    assert machine.publishers.seen == []


def refuse(machine: Machine, message: str) -> None:
    """See that a release is refused with `release` and with `auto`, and that nothing of it stays."""
    with pytest.raises(ReleaseError, match=message):
        machine.ensure("kubectl", origin="release")
    assert machine.origin() == "missing"
    assert machine.leftovers() == []
    tools, heard = machine.ensure("kubectl")
    assert tools.path("kubectl").read_text() == "built\n"
    (notice,) = machine.notices(heard)
    assert str(notice).startswith("no release of kubectl: ")
    assert str(notice).endswith("; built from source")
    assert machine.origin() == "cache"
    assert machine.leftovers() == []


def test_a_wrong_checksum_is_refused(machine: Machine) -> None:
    publish_kubectl(machine.publishers)
    machine.publishers.publish(KUBECTL, PROGRAM.replace(b"released", b"replaced"))
    refuse(machine, f"kubectl is sha256:.*, and its publisher states sha256:{hashlib.sha256(PROGRAM).hexdigest()}")


@pytest.mark.parametrize("missing", [KUBECTL, f"{KUBECTL}.sha256"])
def test_a_missing_file_is_told(machine: Machine, missing: str) -> None:
    publish_kubectl(machine.publishers)
    del machine.publishers.answers[missing]
    refuse(machine, f"{missing} answers 404")


@pytest.mark.parametrize("text", [b"", b"soon", b"<p>A page.</p>", b"abc  kubectl", b"a" * 64 + b"  kube-proxy"])
def test_nothing_is_taken_without_a_checksum(machine: Machine, text: bytes) -> None:
    publish_kubectl(machine.publishers)
    machine.publishers.publish(f"{KUBECTL}.sha256", text)
    refuse(machine, "states no SHA-256 of kubectl")
    assert KUBECTL not in machine.publishers.requests()


def test_a_download_that_breaks_off_goes_on_from_there(machine: Machine) -> None:
    publish_kubectl(machine.publishers, pieces=(60_000, 30_000))
    machine.ensure("kubectl", origin="release")
    spans = [span for verb, path, span in machine.publishers.seen if (verb, path) == ("GET", KUBECTL)]
    assert spans == ["", "bytes=60000-", "bytes=90000-"]
    assert machine.origin() == "release"


def test_a_server_that_knows_no_ranges_sends_all_again(machine: Machine) -> None:
    publish_kubectl(machine.publishers, pieces=(60_000, 30_000), ranges=False)
    machine.ensure("kubectl", origin="release")
    assert machine.origin() == "release"


@pytest.mark.parametrize("pieces", [(60_000, 0, 0), (10_000, 9_000, 8_000, 7_000, 6_000, 5_000)])
def test_half_a_file_is_no_tool(machine: Machine, pieces: tuple[int, ...]) -> None:
    publish_kubectl(machine.publishers, pieces=pieces)
    with pytest.raises(ReleaseError, match=r"127\.0\.0\.1 cannot be reached"):
        machine.ensure("kubectl", origin="release")
    assert machine.origin() == "missing"
    assert machine.leftovers() == []


def test_a_server_that_falls_silent_is_given_up(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download_network, "READ_SECONDS", 0.2)
    publish_kubectl(machine.publishers, pieces=(0,) * 3, hangs=True)
    refuse(machine, "does not answer in time")


def test_a_body_that_only_drips_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfer, "WINDOW_SECONDS", 0.0)
    taken: list[bytes] = []
    with pytest.raises(httpx.ReadTimeout, match="less than 65536 bytes in"):
        transfer.copy_body(httpx.Response(200, content=iter([b"a"] * 10)), taken.append)
    assert taken == [b"a"]
    transfer.copy_body(httpx.Response(200, content=iter([bytes(65536)] * 3)), taken.append)
    assert len(taken) == 4


def test_a_redirect_is_followed(machine: Machine) -> None:
    publish_kubectl(machine.publishers)
    machine.publishers.answers["cdn/kubectl"] = machine.publishers.answers[KUBECTL]
    machine.publishers.answers[KUBECTL] = Answer(status=302, location="http://127.0.0.1:{port}/cdn/kubectl")
    machine.ensure("kubectl", origin="release")
    assert machine.origin() == "release"


@pytest.mark.parametrize(
    ("location", "message"),
    [
        ("http://plain.example/file", "https://good.example/file leads to plain.example without TLS; it is refused"),
        ("https://good.example/file", "https://good.example/file leads from one redirect to the next"),
        ("gopher://a.example/file", "https://good.example/file leads to a.example without TLS"),
    ],
)
def test_a_redirect_that_leads_astray_is_refused(location: str, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    requests: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        requests.append(request.url.host)
        return httpx.Response(302, headers={"Location": location})

    monkeypatch.setattr(download_network, "ProxiedTransport", lambda _: httpx.MockTransport(answer))
    with pytest.raises(ReleaseError, match=message):
        download_network.DownloadNetwork().read("https://good.example/file")
    assert set(requests) == {"good.example"}


def test_a_release_that_has_changed_since_it_was_fetched_is_refused(machine: Machine) -> None:
    publish_kubectl(machine.publishers)
    machine.ensure("kubectl", origin="release")
    key = "https://dl.k8s.io/v1.2.3/bin/linux/amd64/kubectl"
    digest = f"sha256:{hashlib.sha256(PROGRAM).hexdigest()}"
    assert json.loads(lock.recorded_path().read_text()) == {key: digest}
    shutil.rmtree(catalogue([machine.family("kubectl")])["pair"].folder)
    publish_kubectl(machine.publishers, PROGRAM.replace(b"released", b"replaced"))
    machine.publishers.seen.clear()
    refuse(machine, rf"kubectl has changed: it is sha256:.*, and .*/releases/lock\.json has {digest}")
    assert KUBECTL not in machine.publishers.requests()


def test_a_committed_digest_pins_a_release_and_changes_its_folder(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_kubectl(machine.publishers)
    machine.ensure("kubectl", origin="release")
    committed = machine.home / "committed.json"
    key = "https://dl.k8s.io/v1.2.3/bin/linux/amd64/kubectl"
    committed.write_text(json.dumps({key: f"sha256:{'a' * 64}"}))
    monkeypatch.setattr(lock, "COMMITTED", committed)
    assert machine.origin() == "missing"
    refuse(machine, r"kubectl has changed: .*committed\.json has sha256:aaa")


@pytest.mark.parametrize("text", ["{", "[]", '{"a": "md5:1"}', ""])
def test_a_damaged_lock_is_told(machine: Machine, text: str) -> None:
    publish_kubectl(machine.publishers)
    lock.recorded_path().parent.mkdir(parents=True)
    lock.recorded_path().write_text(text)
    with pytest.raises(ReleaseError, match=r"lock\.json is damaged: .*restore or remove it"):
        machine.ensure("kubectl", origin="release")
    assert machine.origin() == "missing"


FETCHER = """
import sys
from pathlib import Path
from unittest.mock import Mock
from lab.toolchain.build import ensure
from lab.toolchain.recipe import GoProgram, Family, Tool
family = Family(Path(sys.argv[1]), (Tool("kubectl", "v1.2.3", GoProgram("example.test/kubectl")),))
ensure(Mock(), choice=[family], origin="release")
"""


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGKILL, -signal.SIGKILL), (signal.SIGTERM, 143), (signal.SIGINT, -signal.SIGINT)]
)
def test_a_fetch_that_is_killed_leaves_no_tool_and_the_next_one_does(
    machine: Machine, number: signal.Signals, code: int
) -> None:
    publish_kubectl(machine.publishers, pieces=(60_000,), hangs=True)
    # Tests may themselves run where interrupts are ignored, which children inherit.
    script = f"import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n{FETCHER}"
    root = Path(__file__).parents[2]
    fetcher = subprocess.Popen(
        [sys.executable, "-c", script, machine.home / "pair"], stderr=subprocess.DEVNULL, cwd=root
    )
    deadline = time.monotonic() + 20
    while not any(path.stat().st_size for path in tool_cache.root().glob("**/.download")):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    fetcher.send_signal(number)
    assert fetcher.wait(10) == code
    assert machine.origin() == "missing"
    machine.ensure("kubectl", origin="release")
    assert machine.origin() == "release"
    assert machine.leftovers() == []


def test_hosts_that_cannot_be_reached_cost_one_wait_and_one_line(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        monkeypatch.setenv(mirror.VARIABLE, f"http://127.0.0.1:{closed.getsockname()[1]}")
    waits: list[float] = []
    probe = download_network.DownloadNetwork.probe

    def heed(self: download_network.DownloadNetwork, url: str, seconds: float) -> None:
        waits.append(seconds)
        probe(self, url, seconds)

    monkeypatch.setattr(download_network.DownloadNetwork, "probe", heed)
    _, heard = machine.ensure("kubectl", "etcd", "pilot-agent", files=True)
    assert waits == [3.0]
    assert machine.notices(heard) == [
        "no release of etcd, files of pair, kubectl, pilot-agent: 127.0.0.1 cannot be reached (Connection "
        "refused); built from source"
    ]
    assert heard.built() == ["kubectl", "etcd", "pilot-agent", "files of pair"]


def test_a_host_that_is_silent_is_not_waited_for_longer(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()
    monkeypatch.setattr(fetching, "PROBE_SECONDS", 0.2)
    # As when a name is resolved: no timeout of a client ends that.
    monkeypatch.setattr(download_network.DownloadNetwork, "probe", lambda *_: over.wait(30))
    _, heard = machine.ensure("kubectl")
    assert machine.notices(heard) == [
        "no release of kubectl: 127.0.0.1 cannot be reached (no answer within 0 s); built from source"
    ]
    over.set()


def test_each_host_is_probed_where_its_redirects_lead(machine: Machine) -> None:
    publish_kubectl(machine.publishers)
    machine.publishers.answers[KUBECTL] = Answer(status=302, location="http://localhost:1/kubectl")
    with pytest.raises(ReleaseError, match=r"127\.0\.0\.1 cannot be reached \(Connection refused\)"):
        machine.ensure("kubectl", origin="release")


def test_one_tool_without_a_release_does_not_keep_the_others_from_theirs(machine: Machine) -> None:
    publish_kubectl(machine.publishers)
    _, heard = machine.ensure("kubectl", "etcd", "unheard-of")
    assert heard.built() == ["etcd", "unheard-of"]
    assert [place.origin for place in locate([machine.family("kubectl", "etcd")])] == ["release", "missing"]
    assert len(machine.notices(heard)) == 1


def test_release_is_an_error_for_what_nobody_releases(machine: Machine) -> None:
    with pytest.raises(ReleaseError, match="there is no release of unheard-of for this machine; use --from auto"):
        machine.ensure("kubectl", "unheard-of", origin="release")
    assert machine.publishers.seen == []


def test_source_asks_nobody(machine: Machine) -> None:
    publish_kubectl(machine.publishers)
    _, heard = machine.ensure("kubectl", origin="source")
    assert heard.built() == ["kubectl"]
    assert machine.publishers.seen == []


def publish_agent(publishers: Publishers) -> list[str]:
    base = {"usr/local/bin/pilot-agent": b"of the base", "etc/passwd": b""}
    return publishers.publish_image("docker.io/istio/proxyv2", "1.2.3", base, {"./usr/local/bin/pilot-agent": PROGRAM})


def test_a_program_is_taken_out_of_the_uppermost_layer_of_an_image(machine: Machine) -> None:
    base, upper = publish_agent(machine.publishers)
    tools, _ = machine.ensure("pilot-agent", origin="release")
    assert tools.path("pilot-agent").read_bytes() == PROGRAM
    requests = machine.publishers.requests()
    assert f"v2/docker.io/istio/proxyv2/blobs/{upper}" in requests
    assert f"v2/docker.io/istio/proxyv2/blobs/{base}" not in requests
    (digest,) = json.loads(lock.recorded_path().read_text()).values()
    index = machine.publishers.answers["v2/docker.io/istio/proxyv2/manifests/1.2.3"].content
    assert digest == f"sha256:{hashlib.sha256(index).hexdigest()}"


@pytest.mark.parametrize("kind", ["blobs", "manifests"])
def test_a_part_of_an_image_with_a_wrong_digest_is_refused(machine: Machine, kind: str) -> None:
    upper = publish_agent(machine.publishers)[1]
    for path, answer in machine.publishers.answers.items():
        if path.startswith(f"v2/docker.io/istio/proxyv2/{kind}/sha256:"):
            changed = tar({"usr/local/bin/pilot-agent": b"another"}) if kind == "blobs" else answer.content + b" "
            machine.publishers.answers[path] = Answer(changed)
    with pytest.raises(ReleaseError, match=r"docker\.io/istio/proxyv2@sha256:.* the content of sha256:"):
        machine.ensure("pilot-agent", origin="release")
    assert upper
    assert machine.origin("pilot-agent") == "missing"


def test_an_image_that_has_changed_is_refused(machine: Machine) -> None:
    publish_agent(machine.publishers)
    machine.ensure("pilot-agent", origin="release")
    shutil.rmtree(catalogue([machine.family("pilot-agent")])["pair"].folder)
    machine.publishers.publish_image("docker.io/istio/proxyv2", "1.2.3", {"usr/local/bin/pilot-agent": b"other"})
    with pytest.raises(ReleaseError, match=r"docker\.io/istio/proxyv2:1\.2\.3 has changed: it is sha256:"):
        machine.ensure("pilot-agent", origin="release")


def test_an_archive_without_the_program_is_told(machine: Machine) -> None:
    name = "etcd-v1.2.3-linux-amd64"
    folder = "github.com/etcd-io/etcd/releases/download/v1.2.3"
    digest = machine.publishers.publish(f"{folder}/{name}.tar.gz", tar({"README": b""}))
    machine.publishers.publish(f"{folder}/SHA256SUMS", f"{digest}  {name}.tar.gz\n".encode())
    with pytest.raises(ReleaseError, match=rf"{name}\.tar\.gz has no {name}/etcd"):
        machine.ensure("etcd", origin="release")
    digest = machine.publishers.publish(f"{folder}/{name}.tar.gz", b"no archive")
    machine.publishers.publish(f"{folder}/SHA256SUMS", f"{digest}  {name}.tar.gz\n".encode())
    with pytest.raises(ReleaseError, match=r"cannot be unpacked"):
        machine.ensure("etcd", origin="release")


def compute_h1(files: dict[str, bytes]) -> str:
    lines = "".join(f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n" for name in sorted(files))
    return base64.b64encode(hashlib.sha256(lines.encode()).digest()).decode()


def publish_stages(machine: Machine, files: dict[str, bytes]) -> None:
    prefix = "example.test/stages@v0.1.0"
    machine.publishers.publish(STAGE, module_zip(prefix, files))
    h1 = compute_h1({f"{prefix}/{name}": content for name, content in files.items()})
    (machine.home / "pair" / "go.sum").write_text(f"example.test/stages v0.1.0 h1:{h1}\n")


def test_files_come_out_of_the_module_that_go_sum_pins(machine: Machine) -> None:
    publish_kubectl(machine.publishers)
    publish_stages(machine, {"deep/one.yaml": b"one", "deep/er/two.yaml": b"two", "deeper.yaml": b""})
    tools, heard = machine.ensure("kubectl", files=True)
    assert [event[0] for event in heard.events] == ["fetching", "fetched", "fetched"]
    assert (tools.files / "stages" / "one.yaml").read_bytes() == b"one"
    assert (tools.files / "stages" / "er" / "two.yaml").read_bytes() == b"two"
    assert sorted(path.name for path in (tools.files / "stages").iterdir()) == ["er", "one.yaml"]


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"deep/one.yaml": b"one"}, r"example\.test/stages@v0\.1\.0 is h1:.*, and go\.sum has h1:"),
        ({"other": b""}, r"example\.test/stages@v0\.1\.0 has no deep"),
        ({"deep/../../../one": b""}, "leads out of its folder"),
    ],
)
def test_a_module_that_is_not_as_it_should_be_is_refused(
    machine: Machine, files: dict[str, bytes], message: str
) -> None:
    publish_kubectl(machine.publishers)
    publish_stages(machine, files)
    if "h1" in message:
        machine.publishers.publish(STAGE, module_zip("example.test/stages@v0.1.0", {"deep/one.yaml": b"changed"}))
    with pytest.raises(ReleaseError, match=message):
        machine.ensure("kubectl", files=True, origin="release")
    assert not catalogue([machine.family("kubectl", files=True)])["pair"].files.exists()
    tools, _ = machine.ensure("kubectl", files=True)
    assert (tools.files / "stages" / "one.yaml").read_text() == "built"


def test_without_a_program_that_is_released_go_fetches_the_files_too(machine: Machine) -> None:
    publish_stages(machine, {"deep/one.yaml": b"one"})
    tools, _ = machine.ensure("unheard-of", files=True)
    assert (tools.files / "stages" / "one.yaml").read_text() == "built"
    assert machine.publishers.seen == []


def test_modules_are_not_fetched_twice_where_programs_have_to_be_built(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_stages(machine, {"deep/one.yaml": b"one"})
    monkeypatch.delenv(mirror.VARIABLE)
    monkeypatch.setenv("GOPROXY", f"http://127.0.0.1:{machine.publishers.port}/proxy.golang.org")

    def probe(_: download_network.DownloadNetwork, url: str, __: float) -> None:
        if "dl.k8s.io" in url:
            raise PublisherUnreachableError("dl.k8s.io", "Network is unreachable")

    monkeypatch.setattr(download_network.DownloadNetwork, "probe", probe)
    tools, heard = machine.ensure("kubectl", files=True)
    assert (tools.files / "stages" / "one.yaml").read_text() == "built"
    assert machine.publishers.seen == []
    assert machine.notices(heard) == [
        "no release of kubectl: dl.k8s.io cannot be reached (Network is unreachable); built from source"
    ]


DIGEST = "0123456789abcdef" * 4


@pytest.mark.parametrize(
    "text",
    [
        DIGEST,
        f"{DIGEST}\n",
        f"{DIGEST.upper()}  a.tar.gz\n",
        f"{'f' * 64}  b.tar.gz\n{DIGEST} *./a.tar.gz",
        f"{DIGEST} a.tar.gz\n",
    ],
)
def test_checksums_are_read_as_publishers_write_them(text: str) -> None:
    assert (
        published_digest(Download("https://a.example/a.tar.gz", "https://a.example/sums"), text.encode())
        == f"sha256:{DIGEST}"
    )


@pytest.mark.parametrize(
    ("assets", "good"),
    [
        ([{"name": "b", "digest": "sha256:f"}, {"name": "a", "digest": f"sha256:{DIGEST}"}], True),
        ([{"name": "a", "digest": None}], False),
        ([{"name": "a", "digest": f"sha512:{DIGEST}"}], False),
        ([{"name": "a"}], False),
        ("none", False),
    ],
)
def test_digests_are_read_as_github_states_them(assets: object, good: bool) -> None:
    download = Download("https://a.example/a", "https://a.example/release", stated="github")
    content = json.dumps({"assets": assets}).encode()
    if good:
        assert published_digest(download, content) == f"sha256:{DIGEST}"
    else:
        with pytest.raises(ReleaseError, match="states no SHA-256 of a; without one it is not taken"):
            published_digest(download, content)


def test_what_is_no_zip_archive_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(b"no archive")
    with pytest.raises(ReleaseError, match=r"a\.zip is no zip archive"):
        module_h1(tmp_path / "a.zip")


@pytest.mark.parametrize("text", ["mirror.example", "http://mirror.example/a", "https://", "ftp://a", "https://a/?b"])
def test_a_mirror_needs_an_address_with_tls(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(mirror.VARIABLE, text)
    with pytest.raises(ReleaseError, match=f"{mirror.VARIABLE}=.* is no address of a mirror; give one like https://"):
        mirror.resolve_url("https://a.example/b")


@pytest.mark.parametrize(
    ("proxies", "base"),
    [
        ("", "https://proxy.golang.org"),
        ("https://goproxy.example/|https://b.example,direct", "https://goproxy.example"),
        ("direct,https://b.example", "https://b.example"),
    ],
)
def test_modules_come_from_the_proxy_that_go_asks(proxies: str, base: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(mirror.VARIABLE, raising=False)
    monkeypatch.setenv("GOPROXY", proxies)
    assert mirror.module_url("a.example/Azure", "v1.2.3") == f"{base}/a.example/!azure/@v/v1.2.3.zip"
    assert mirror.resolve_url("https://a.example/b") == "https://a.example/b"


def test_a_go_that_asks_no_proxy_has_no_modules_from_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(mirror.VARIABLE, raising=False)
    monkeypatch.setenv("GOPROXY", "off")
    with pytest.raises(ReleaseError, match="GOPROXY=off names no module proxy to fetch a from"):
        mirror.module_url("a", "v1")


def test_of_two_fetches_at_once_one_asks(machine: Machine) -> None:
    publish_kubectl(machine.publishers, pieces=(60_000,), hangs=True)
    origins: list[str] = []

    def fetch() -> None:
        machine.ensure("kubectl", origin="release")
        origins.append(machine.origin())

    threads = [threading.Thread(target=fetch) for _ in range(2)]
    for thread in threads:
        thread.start()
    machine.publishers.over.set()
    for thread in threads:
        thread.join()
    assert origins == ["release", "release"]
    assert machine.publishers.requests().count(f"{KUBECTL}.sha256") == 1
