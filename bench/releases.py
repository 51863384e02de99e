"""How long `make up` takes on a fresh machine that fetches releases: a local server plays all publishers.

What it serves are this machine's own tools and Go modules, so both have to be there (`boutique lab tools --build`). The
clone, the home and the caches of the run are new and temporary; Python's packages come from where pip finds them.
Run it from the root of the repository: `PYTHONPATH=. venv/bin/python bench/releases.py`.
"""

import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from lab.toolchain import tools
from lab.toolchain.go_mod import required_version
from lab.toolchain.installed_tools import locate
from lab.toolchain.releases import mirror
from tests.support.unit.release_programs import publish_programs
from tests.support.unit.release_publishers import Publishers, run_publishers

ROOT = Path(__file__).parents[1]
LAB = "bench-releases"
PHASES = {
    "Python packages": "Installing Python packages",
    "releases, start of the lab": "Fetching official releases",
    "pulumi up": "Created stack",
    "status, smoke test": "Duration:",
}
"""The line with which each phase begins."""


def main() -> None:
    """Measure once, and print the phases."""
    with run_publishers() as publishers, tempfile.TemporaryDirectory(prefix="bench-") as folder:
        publish(publishers)
        clone, home = Path(folder, "clone"), Path(folder, "home")
        home.mkdir()
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "PULUMI_", "BOUTIQUE"))
        }
        environment = {**kept, "HOME": str(home), mirror.VARIABLE: f"http://127.0.0.1:{publishers.port}"}
        try:
            report(clone, environment)
        finally:
            down = ["venv/bin/boutique", "lab", "down", "--name", LAB, "--delete"]
            subprocess.run(down, cwd=clone, env=environment, check=False)
        fetched = sum(
            len(publishers.answers[path].content) for path in publishers.asked() if path in publishers.answers
        )
        print(f"{'fetched':<28}{fetched / 2**20:8.0f} MiB")


def publish(publishers: Publishers) -> None:
    """Publish this machine's tools and the modules that files are taken from."""
    families = (*tools.families(), *tools.families_of_tests())
    versions = {tool.name: tool.version for family in families for tool in family.tools}
    programs = {place.name: place.path for place in locate(families)}
    publish_programs(publishers, versions, lambda name: Path(programs[name] or "").read_bytes())
    cache = Path(subprocess.check_output(["go", "env", "GOMODCACHE"], text=True).strip(), "cache/download")
    for family in families:
        for module in {taken.module for _, taken in family.files}:
            path = f"{module}/@v/{required_version(family.module, module)}.zip"
            escaped = re.sub("[A-Z]", lambda match: f"!{match[0].lower()}", path)
            publishers.publish(f"proxy.golang.org/{escaped}", (cache / escaped).read_bytes())


def report(clone: Path, environment: dict[str, str]) -> None:
    """Run `make up`, and print when each phase began and how long it took."""
    began, starts = time.monotonic(), dict.fromkeys(PHASES, 0.0)
    command = ["make", "up", "FROM=release", f"LAB={LAB}"]
    with subprocess.Popen(
        command, cwd=clone, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        for line in process.stdout or ():
            print(f"{time.monotonic() - began:7.1f}  {line}", end="", file=sys.stderr)
            for phase, first in PHASES.items():
                if not starts[phase] and re.search(first, line):
                    starts[phase] = time.monotonic() - began
    whole = time.monotonic() - began
    if process.returncode:
        sys.exit(f"make up ended with {process.returncode}")
    ends = [*list(starts.values())[1:], whole]
    for (phase, start), end in zip(starts.items(), ends, strict=True):
        print(f"{phase:<28}{end - start:8.1f} s")
    print(f"{'make up':<28}{whole:8.1f} s")
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"{'CPU of it':<28}{used.ru_utime + used.ru_stime:8.1f} s")


if __name__ == "__main__":
    main()
