"""How long a build takes to its first answer: `boutique lab load`, `boutique feature up`, the first visit of the link.

The application is that of the tests, of real programs. Run it from the root of the repository:
`PYTHONPATH=. venv/bin/python bench/loaded_build.py`.
"""

import statistics
import tempfile
import time
from pathlib import Path

from tests.support.lab import image_registry, program_lab
from tests.support.lab.image_archives import write_layout
from tests.support.lab.image_caches import own_cache
from tests.support.lab.lab_commands import Lab
from tests.support.lab.program_images import go_image

ROUNDS = 5
PATIENCE = 60.0


def main() -> None:
    """Measure, and print the median of each step."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name, image_registry.basic(Path(name)) as registry:
        folder = Path(name)
        (folder / "cache").mkdir()
        (folder / "project").mkdir()
        lab = Lab("bench", folder)
        with own_cache(folder / "cache"):
            try:
                lab.boutique("up", "--containers", "images")
                programs = program_lab.deploy(lab, registry, folder / "project")
                rounds = [measure(programs, folder, number) for number in range(ROUNDS)]
            finally:
                lab.boutique("down", "--delete")
    for step, seconds in zip(
        ("lab load", "feature up", "first answer", "together"), zip(*rounds, strict=True), strict=True
    ):
        print(f"{step:<14}{statistics.median(seconds):6.2f} s (median of {ROUNDS})")


def measure(programs: program_lab.Programs, folder: Path, number: int) -> tuple[float, float, float, float]:
    """Return the seconds of each step for a new build."""
    build = f"1.1.0-bench{number}.1"
    reference = f"{programs.registry.name}/shop/price:{build}"
    layout = write_layout(folder / f"layout-{number}", reference, go_image(build))
    start = time.monotonic()
    programs.boutique("lab", "load", str(layout))
    loaded = time.monotonic()
    programs.boutique("feature", "up", f"bench{number}", "--env", "local", "--service", f"price={build}")
    deployed = time.monotonic()
    while not answers(programs, f"bench{number}.{program_lab.HOST}", build):
        if time.monotonic() > deployed + PATIENCE:
            raise TimeoutError(build)
        time.sleep(0.05)
    answered = time.monotonic()
    programs.boutique("feature", "down", f"bench{number}", "--env", "local")
    return loaded - start, deployed - loaded, answered - deployed, answered - start


def answers(programs: program_lab.Programs, host: str, build: str) -> bool:
    """Say whether a host leads to a build."""
    try:
        return programs.versions(host)["price"] == build
    except (AssertionError, OSError):
        return False


if __name__ == "__main__":
    main()
