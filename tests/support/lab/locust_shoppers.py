"""Crowds of shoppers, made by Locust in a process of its own."""

import csv
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

JOURNEYS = Path(__file__).with_name("locust_journeys.py")
AGGREGATED = "Aggregated"


@dataclass(frozen=True)
class Shopping:
    """What became of a crowd.

    Attributes:
        requests: How many there were to each kind of page, as `<verb> <path>`.
        failures: How often what went wrong, as `<verb> <path>: <what>`; mistakes of the journeys, too.
    """

    requests: dict[str, int]
    failures: dict[str, int]


def shop(url: str, authority: Path | None, folder: Path, *, seconds: int, users: int) -> Shopping:
    """Have people do what they do in the shop.

    Args:
        url: Of the shop.
        authority: A file with the certificate that vouches for its host; None for the machine's own.
        folder: For what Locust writes.
        seconds: For how long.
        users: How many; ten more come each second.
    """
    command = [sys.executable, "-m", "locust", "--locustfile", str(JOURNEYS), "--headless", "--host", url]
    command += ["--users", str(users), "--spawn-rate", "10", "--run-time", str(seconds), "--stop-timeout", "10"]
    command += ["--csv", str(folder / "shopping"), "--only-summary", "--exit-code-on-error", "0"]
    command += ["--authority", str(authority)] if authority else []
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=seconds + 60)
    assert done.returncode == 0, done.stderr
    with (folder / "shopping_stats.csv").open() as file:
        requests = {f"{row['Type']} {row['Name']}": int(row["Request Count"]) for row in csv.DictReader(file)}
    with (folder / "shopping_failures.csv").open() as file:
        failures = {
            f"{row['Method']} {row['Name']}: {row['Error']}": int(row["Occurrences"]) for row in csv.DictReader(file)
        }
    with (folder / "shopping_exceptions.csv").open() as file:
        failures |= {f"{row['Message']}: {row['Traceback']}": int(row["Count"]) for row in csv.DictReader(file)}
    requests.pop(f" {AGGREGATED}")
    return Shopping(requests, failures)
