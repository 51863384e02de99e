"""A browser without a window: it finds the host by itself, and shows the page once it trusts the lab's authority."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.lab.chromium_devtools import tab
from tests.support.lab.lab_commands import Lab, eventually
from tests.support.lab.local_stack import LocalDeployment
from tests.support.lab.shop_environments import HOST, Shop

CHROMIUM = next(filter(None, map(shutil.which, ("chromium-headless-shell", "chromium", "google-chrome"))), None)
CERTUTIL = shutil.which("certutil")

pytestmark = [
    pytest.mark.lab,
    pytest.mark.skipif(not (CHROMIUM and CERTUTIL), reason="there is no Chromium, or no certutil (libnss3-tools)"),
]


def browser(home: Path) -> list[str]:
    """Return the command of a Chromium with the trust of a home of its own."""
    # Chromium's own sandbox wants a user other than root, which containers seldom have.
    return [str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={home / 'profile'}"]


def environment(home: Path) -> dict[str, str]:
    return {**os.environ, "HOME": str(home)}


def rendered_page(url: str, home: Path) -> str:
    """Return the page that Chromium shows."""
    done = subprocess.run(
        [*browser(home), "--dump-dom", url],
        env=environment(home),
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


def test_chromium_shows_the_shop_to_whoever_trusts_the_authority(
    lab: Lab, local: LocalDeployment, tmp_path: Path
) -> None:
    url = local.stack.outputs()["url"]
    untrusting, trusting = tmp_path / "untrusting", tmp_path / "trusting"
    untrusting.mkdir()
    trust(lab.folder / "files/certificate/ca.crt", trusting)
    assert "<h1>frontend v0.10.6</h1>" in rendered_page(url, trusting)
    assert "frontend v0.10.6" not in rendered_page(url, untrusting)


def test_one_tab_goes_from_the_shop_to_the_link_of_a_feature_and_back(lab: Lab, shop: Shop, tmp_path: Path) -> None:
    trust(lab.folder / "files/certificate/ca.crt", tmp_path)
    build = "0.10.7-one-tab.1"
    with shop.deploy_feature("one-tab", {"frontend": build}) as stack:
        link = stack.outputs()["url"]
        eventually(lambda: shop.versions(f"one-tab.{HOST}").get("frontend") == {build}, "the feature is reached")
        with tab(browser(tmp_path), environment(tmp_path)) as opened:
            home = f"https://{HOST}:{shop.front.port}/"
            for url, version in ((home, "v0.10.6"), (link, build), (home, "v0.10.6"), (link, build)):
                assert f"<h1>frontend {version}</h1>" in opened.visit(url)
            # By HTTP/1.1 a browser keeps a connection for each host.
            assert {response["protocol"] for response in opened.responses} == {"h2"}
            assert [response["status"] for response in opened.responses] == [200] * 4
