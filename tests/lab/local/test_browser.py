"""A browser without a window: it finds the host by itself, and shows the page once it trusts the lab's authority."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from labs import Lab
from local_stack import Deployed

CHROMIUM = next(filter(None, map(shutil.which, ("chromium-headless-shell", "chromium", "google-chrome"))), None)
CERTUTIL = shutil.which("certutil")

pytestmark = [
    pytest.mark.lab,
    pytest.mark.skipif(not (CHROMIUM and CERTUTIL), reason="there is no Chromium, or no certutil (libnss3-tools)"),
]


def shown(url: str, home: Path) -> str:
    """Return the page that Chromium shows, with the trust of a home of its own."""
    # Chromium's own sandbox wants a user other than root, which containers seldom have.
    options = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={home / 'profile'}", "--dump-dom"]
    done = subprocess.run(
        [str(CHROMIUM), *options, url],
        env={**os.environ, "HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return done.stdout


def trust(authority: Path, home: Path) -> None:
    """Do what `boutique certificate make` tells users of Chromium to do."""
    database = home / ".pki/nssdb"
    database.mkdir(parents=True)
    for command in (["-N", "--empty-password"], ["-A", "-t", "C,,", "-n", "boutique", "-i", str(authority)]):
        subprocess.run([str(CERTUTIL), "-d", f"sql:{database}", *command], check=True, timeout=60)


def test_chromium_shows_the_shop_to_whoever_trusts_the_authority(lab: Lab, local: Deployed, tmp_path: Path) -> None:
    url = local.stack.outputs()["url"]
    stranger, friend = tmp_path / "stranger", tmp_path / "friend"
    stranger.mkdir()
    trust(lab.folder / "files/certificate/ca.crt", friend)
    assert "<h1>frontend v0.10.6</h1>" in shown(url, friend)
    assert "frontend v0.10.6" not in shown(url, stranger)
