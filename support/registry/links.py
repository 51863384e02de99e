"""Reads the Link header of a registry's answer: RFC 8288, and the deviations of registries."""

import re

import httpx

from support.registry.connection import RegistryAnswer

_LINK = re.compile(r'<+([^<>]*)>+\s*((?:;(?:[^,;"]|"[^"]*")*)*)')
_PARAMETER = re.compile(r';\s*([^\s=;]+)\s*=\s*(?:"([^"]*)"|([^";]*))')
_WEB_PORTS = (None, 80, 443)


def next_page(answer: RegistryAnswer) -> httpx.URL | None:
    """Return the page that the Link header of an answer leads to: of what it says, the query alone counts.

    Behind a proxy its scheme and its path may be wrong: Artifactory leaves out the repository's key
    (https://github.com/renovatebot/renovate/issues/15080), Nexus puts `/repository/NAME` in front
    (https://github.com/sonatype/nexus-public/issues/1011).

    Raises:
        ValueError: The next page is on another host, or on another port that is not 80 or 443.
    """
    for target, parameters in _LINK.findall(answer.headers.get("link", "")):
        relations = [quoted + token for name, quoted, token in _PARAMETER.findall(parameters) if name.lower() == "rel"]
        if not relations or "next" not in relations[0].lower().split():
            continue
        try:
            url = answer.url.join(target.strip())
        except httpx.InvalidURL:
            raise ValueError(target) from None
        is_own_port = url.port in (*_WEB_PORTS, answer.url.port)
        if url.scheme not in ("http", "https") or url.host != answer.url.host or not is_own_port:
            raise ValueError(target)
        if url.query:
            return answer.url.copy_with(query=url.query)
    return None
