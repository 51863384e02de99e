"""How long `pulumi preview` and `boutique feature up` take in two checkouts of this repository, in turns.

The other one, such as a worktree of the commit before, needs its virtual environment (`make venv/.ready`). Both get a
lab with stack `local`, and the labs run at the same time.
"""

import argparse
import statistics
import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from labs import BOUTIQUE, ROOT, Environment, await_version, cpu, lab, run, time_action

STACK, HOST, KEY, SERVICE = "local", "shop.localhost", "measured", "adservice"
PREVIEW, FEATURE = "pulumi preview", "feature up to first answer"


@dataclass(frozen=True)
class Side:
    """A checkout with its lab.

    Attributes:
        folder: The checkout.
        environment: That of commands on its lab.
        wall: Seconds of each measurement, by what is measured.
        cpu: CPU seconds of the same.
    """

    folder: Path
    environment: Environment
    wall: dict[str, list[float]] = field(default_factory=lambda: {PREVIEW: [], FEATURE: []})
    cpu: dict[str, list[float]] = field(default_factory=lambda: {PREVIEW: [], FEATURE: []})

    def run(self, *command: str) -> None:
        """Run a command in the checkout, on its lab."""
        run(self.environment, *command, folder=self.folder)

    def measure(self, name: str, action: Callable[[], object]) -> None:
        """Keep how long something takes."""
        self.cpu[name].append(cpu(lambda: self.wall[name].append(time_action(action))))

    def feature_up(self, number: int) -> None:
        """Deploy a feature, and wait until its preview link leads to it."""
        version = f"0.10.7-{KEY}.{number}"
        self.run("boutique", "feature", "up", KEY, "--env", STACK, "--service", f"{SERVICE}={version}")
        await_version(self.environment, f"{KEY}.{HOST}", version)


def main() -> None:
    """Measure, and print the medians and their ratios."""
    baseline, rounds = _arguments()
    with ExitStack() as stack:
        before = Side(baseline, stack.enter_context(lab(str(baseline / "venv/bin/boutique"))))
        after = Side(ROOT, stack.enter_context(lab(BOUTIQUE)))
        preview = ("pulumi", "preview", "--stack", STACK, "--expect-no-changes")
        for side in (before, after):
            side.run("pulumi", "stack", "init", "--no-select", "--stack", STACK)
            side.run("pulumi", "up", "--yes", "--skip-preview", "--stack", STACK)
            side.run(*preview)
        for number in range(1, rounds + 1):
            for side in (before, after):
                side.measure(PREVIEW, partial(side.run, *preview))
                side.measure(FEATURE, partial(side.feature_up, number))
                side.run("boutique", "feature", "down", KEY)
            print(f"round {number} of {rounds}", file=sys.stderr)
    print(f"{f'median of {rounds}':<40}{'before':>8}{'after':>8}{'ratio':>7}")
    for name in (PREVIEW, FEATURE):
        for unit in ("wall", "cpu"):
            old, new = (statistics.median(getattr(side, unit)[name]) for side in (before, after))
            print(f"{f'{name}, {unit} seconds':<40}{old:8.1f}{new:8.1f}{new / old:7.2f}")


def _arguments() -> tuple[Path, int]:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("before", type=Path, help="The folder of the other checkout.")
    parser.add_argument("--rounds", type=int, default=5, help="How often both are measured.")
    arguments = parser.parse_args()
    return arguments.before.resolve(), arguments.rounds


if __name__ == "__main__":
    main()
