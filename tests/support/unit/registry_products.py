"""Stubs of the registries of several products: each answers where they differ as the product does.

What is said of a product is from its bug reports and those of its clients; the source is with it.
"""

import base64
import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, quote

from tests.support.unit.registry_fakes import BASIC, Answered

TOKEN = "a-token"  # noqa: S105 - of the stubs
INDEX = json.dumps({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": []})
DIGEST = f"sha256:{hashlib.sha256(INDEX.encode()).hexdigest()}"


@dataclass(kw_only=True)
class Product:
    """A registry that holds the one repository, and lists its tags as a product does.

    Attributes:
        path: Of the repository, after `/v2/`.
        challenge: Its WWW-Authenticate header; everybody may read without one.
        default: How many tags it lists if `n` is not given or 0.
        largest: The most that it lists at once; None for all, without a limit of the request.
        refusal: Its answer to a larger `n`; without one it lists fewer.
        cursor: Makes the parameter for what comes after a tag.
        link: The target of its Link header, with `{path}` and `{query}` in it; None for no header.
        odd: Entries that are no tags.
        more: What its list has beside tags.
        has_digest: Whether its headers name the digest of a manifest.
        has_head: Whether it answers HEAD.
        requests: Every request that it let in.
    """

    path: str = "shop/ads"
    challenge: str = ""
    default: int = 100
    largest: int | None = 1000
    refusal: Answered | None = None
    cursor: Callable[[str], tuple[str, str]] = lambda tag: ("last", tag)
    link: str | None = "/v2/{path}/tags/list?{query}"
    odd: Sequence[Any] = ()
    more: dict[str, Any] = field(default_factory=dict)
    has_digest: bool = True
    has_head: bool = True
    tags: Sequence[str] = ()
    requests: list[str] = field(default_factory=list)

    def answer(self, request: str, headers: Any, _body: str) -> Answered:
        """Answer a request."""
        login = headers.get("authorization", "")
        method, _, target = request.partition(" ")
        path, _, query = target.partition("?")
        if path == "/token":
            return 200, {}, json.dumps({"token": TOKEN} if "service=" in query else {})
        wanted = (f"Bearer {TOKEN}",) if "Bearer" in self.challenge else (BASIC,)
        if self.challenge and login not in wanted:
            return 401, {"www-authenticate": self.challenge}, json.dumps({"errors": [{"code": "UNAUTHORIZED"}]})
        self.requests.append(request)
        if path == f"/v2/{self.path}/tags/list":
            return self._list(dict(parse_qsl(query)))
        if path == f"/v2/{self.path}/manifests/{self.tags[-1]}":
            if method == "HEAD" and not self.has_head:
                return 405, {}, ""
            return 200, {"docker-content-digest": DIGEST} if self.has_digest else {}, "" if method == "HEAD" else INDEX
        return 404, {}, json.dumps({"errors": [{"code": "NAME_UNKNOWN"}]})

    def _list(self, query: dict[str, str]) -> Answered:
        requested = int(query.get("n", 0)) or self.default
        if self.refusal and self.largest and requested > self.largest:
            return self.refusal
        size = min(requested, self.largest) if self.largest else len(self.tags)
        name = self.cursor("")[0]
        cursors = [self.cursor(tag)[1] for tag in self.tags]
        if name in query and self.largest:
            if query[name] not in cursors:
                return 400, {}, json.dumps({"errors": [{"code": "UNSUPPORTED", "message": "Invalid 'nextToken'"}]})
            start = cursors.index(query[name]) + 1
        else:
            start = 0
        page = self.tags[start : start + size]
        headers = {}
        if self.link and start + size < len(self.tags):
            _, cursor = self.cursor(page[-1])
            target = self.link.format(
                path=self.path, query=f"{name}={quote(cursor)}&n={query.get('n', 0)}", port="{port}"
            )
            headers["link"] = f'<{target}>; rel="next"'
        return 200, headers, json.dumps({"name": self.path, "tags": [*page, *self.odd], **self.more})


def _errors(status: int, code: str, message: str = "") -> Answered:
    return status, {}, json.dumps({"errors": [{"code": code, "message": message}]})


def _token_of(name: str) -> Callable[[str], tuple[str, str]]:
    return lambda tag: (name, base64.b64encode(f"after:{tag}?".encode()).decode())


_BEARER = 'Bearer realm="http://127.0.0.1:{port}/token",service="a service",scope="repository:shop/ads:pull"'

PRODUCTS: dict[str, Callable[[], Product]] = {
    # From 3.1 on, the most is 1000 or `tags.maxtags`: https://github.com/distribution/distribution/issues/4844
    "distribution": lambda: Product(largest=200, refusal=_errors(400, "PAGINATION_NUMBER_INVALID")),
    # All tags, for any `n`: https://github.com/docker/hub-feedback/issues/1960
    "docker-hub": lambda: Product(challenge=_BEARER, largest=None, link=None),
    # At most 1000: https://github.com/google/go-containerregistry/issues/681; no digest in the headers:
    # https://github.com/distribution/distribution/issues/3792. `last` is a token of its own.
    "ecr": lambda: Product(
        challenge='Basic realm="https://1.dkr.ecr.eu-central-1.amazonaws.com/",service="ecr.amazonaws.com"',
        refusal=_errors(405, "UNSUPPORTED", "Invalid parameter at 'maxResults'"),
        cursor=_token_of("last"),
        link="http://127.0.0.1:{port}/v2/{path}/tags/list?{query}",
        has_digest=False,
    ),
    # 100 at once, in the order of insertion: https://github.com/argoproj-labs/argocd-image-updater/issues/1660
    # Its Link says n=0 where no `n` was asked for.
    "ghcr": lambda: Product(challenge=_BEARER, largest=100),
    # The Link has no key of the repository: https://github.com/renovatebot/renovate/issues/15080
    "artifactory": lambda: Product(
        path="docker/shop/ads",
        challenge=f'Basic realm="Artifactory Realm", {_BEARER}',
        link="/v2/shop/ads/tags/list?{query}",
    ),
    # An own port, but the path of the main one: https://github.com/sonatype/nexus-public/issues/1011
    "nexus": lambda: Product(
        challenge='BASIC realm="Sonatype Nexus Repository Manager"',
        link="http://127.0.0.1:{port}/repository/docker-hosted/v2/{path}/tags/list?{query}",
        has_digest=False,
    ),
    # A group has no Link: https://github.com/sonatype/nexus-public/issues/117
    "nexus-group": lambda: Product(challenge='BASIC realm="Sonatype Nexus Repository Manager"', link=None),
    # Behind its own nginx; the Link is a path.
    "harbor": lambda: Product(challenge='Bearer realm="http://127.0.0.1:{port}/token",service="harbor-registry"'),
    # 50 at once, and a token of its own: https://github.com/TritonDataCenter/node-docker-registry-client/issues/12
    "quay": lambda: Product(challenge=_BEARER, default=50, largest=50, cursor=_token_of("next_page")),
    # Behind a proxy that speaks HTTPS, the Link has neither its scheme nor its port.
    "gitlab": lambda: Product(
        challenge=_BEARER,
        refusal=_errors(400, "PAGINATION_NUMBER_INVALID"),
        link="https://127.0.0.1/v2/{path}/tags/list?{query}",
    ),
    # All manifests in the answer, and no pages: https://github.com/google/go-containerregistry/issues/897
    "google": lambda: Product(
        challenge=_BEARER,
        largest=None,
        link=None,
        more={"child": ["cache"], "manifest": {f"sha256:{number:064x}": {"tag": []} for number in range(5000)}},
    ),
    # What proxies and scripts serve: odd entries, no HEAD.
    "static": lambda: Product(
        link=None, largest=None, odd=[None, "", f"sha256:{'a' * 64}"], has_digest=False, has_head=False
    ),
}
