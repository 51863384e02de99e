"""Chooses between the publishers of releases and a mirror of them."""

import os

import httpx

from lab.toolchain.releases.artifacts import Image
from lab.toolchain.releases.release_errors import ReleaseError
from support.registry.address import is_loopback

VARIABLE = "BOUTIQUE_RELEASES_MIRROR"
"""A URL below which a publisher's file lies by its host and path, as `wget --force-directories` puts it."""

_MODULES = "https://proxy.golang.org"


def address() -> httpx.URL | None:
    """Return the mirror's address; None without a mirror.

    Raises:
        ReleaseError: The variable holds no address, or one without TLS on another machine: what a mirror states of its
            own files is worth no more than the way that it comes.
    """
    text = os.environ.get(VARIABLE, "")
    if not text:
        return None
    try:
        url = httpx.URL(text.rstrip("/"))
    except httpx.InvalidURL:
        url = httpx.URL()
    encrypted = url.scheme == "https" or (url.scheme == "http" and is_loopback(url.netloc.decode()))
    if not url.host or not encrypted or url.query or url.fragment:
        raise ReleaseError(
            f"{VARIABLE}={text} is no address of a mirror; give one like https://mirror.example/releases"
        )
    return url


def resolve_url(url: str) -> str:
    """Return the URL from which the file of a publisher's URL is fetched."""
    mirror = address()
    return f"{mirror}/{url.partition('://')[2]}" if mirror else url


def repository(image: Image) -> str:
    """Return the repository from which an image is pulled."""
    mirror = address()
    return f"{mirror.netloc.decode()}{mirror.path.rstrip('/')}/{image.repository}" if mirror else image.repository


def module_url(module: str, version: str) -> str:
    """Return the URL from which the zip of a Go module is fetched: https://go.dev/ref/mod#goproxy-protocol.

    Without a mirror, the first module proxy that GOPROXY names is asked, as by Go.

    Raises:
        ReleaseError: GOPROXY names none.
    """
    proxies = os.environ.get("GOPROXY", "").replace("|", ",").split(",")
    urls = [proxy.rstrip("/") for proxy in proxies if proxy.startswith(("https://", "http://"))]
    if any(proxies) and not urls and not address():
        raise ReleaseError(f"GOPROXY={os.environ['GOPROXY']} names no module proxy to fetch {module} from")
    base = urls[0] if urls and not address() else resolve_url(_MODULES)
    return f"{base}/{_escape(module)}/@v/{_escape(version)}.zip"


def _escape(text: str) -> str:
    return "".join(f"!{letter.lower()}" if letter.isupper() else letter for letter in text)
