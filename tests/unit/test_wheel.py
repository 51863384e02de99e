"""The wheel: it holds every module and every file that they read, and works where no checkout is."""

import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("application", "boutique", "components", "lab", "ops", "policy", "stacks", "support")
IMPORT_ALL = """
import importlib, sys
for name in sys.argv[2:]:
    assert importlib.import_module(name).__file__.startswith(sys.argv[1]), name
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    # A build leaves files beside its sources, and takes those of the build before.
    ignored = shutil.ignore_patterns("venv", "build", "*.egg-info", ".*", "__pycache__")
    shutil.copytree(ROOT, folder / "sources", ignore=ignored)
    # Without isolation nothing is downloaded; the check compares what is installed with what a build asks for.
    options = ["--no-deps", "--no-build-isolation", "--check-build-dependencies", "--wheel-dir", str(folder)]
    pip("wheel", "--quiet", *options, str(folder / "sources"))
    [built] = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def virtual_environment(wheel: Path) -> Path:
    """Return a virtual environment with the wheel, and with the requirements of this one."""
    environment = wheel.parent / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(environment)], check=True)
    paths = {"base": str(environment), "platbase": str(environment)}
    packages = Path(sysconfig.get_path("purelib", "venv", paths))
    # Paths in such a file come last, and no .pth file in them is read: this checkout is not among them.
    (packages / "requirements.pth").write_text(sysconfig.get_path("purelib"))
    pip("--python", str(environment), "install", "--quiet", "--no-deps", "--no-index", str(wheel))
    return environment


def pip(*arguments: str) -> None:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def sources() -> set[str]:
    files = (path for package in PACKAGES for path in (ROOT / package).rglob("*") if path.is_file())
    return {str(path.relative_to(ROOT)) for path in files if "__pycache__" not in path.parts}


def test_the_wheel_holds_every_file_of_its_packages_and_no_others(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {name for name in names if ".dist-info/" not in name} == sources()


def test_every_module_is_imported_from_the_wheel(virtual_environment: Path) -> None:
    modules = [name.removesuffix(".py").removesuffix("/__init__") for name in sorted(sources()) if name.endswith(".py")]
    # A main module is run, not imported.
    names = [name.replace("/", ".") for name in modules if not name.endswith("__main__")]
    assert len(names) > 200
    run(virtual_environment, "python", "-c", IMPORT_ALL, str(virtual_environment), *names)


def test_the_command_runs_where_no_checkout_is(virtual_environment: Path) -> None:
    assert "Usage: boutique" in run(virtual_environment, "boutique", "--help")


def run(environment: Path, program: str, *arguments: str) -> str:
    command = [str(environment / "bin" / program), *arguments]
    done = subprocess.run(command, cwd=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout
