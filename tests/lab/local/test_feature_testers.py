"""Real Envoys recognise a tester by the cookie, beside any other cookies, and by nothing else."""

import http.client
import json
import os
import random
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.support.lab.lab_commands import eventually
from tests.support.lab.shop_environments import BASELINE, HOST, Shop
from tests.support.lab.work_sizes import Size

pytestmark = pytest.mark.lab

META = "/product-meta/OLJCESPC7Z"
"""What is quickly answered: the frontend makes one call for it."""
SIGNS = "a.c*(1)+[x]|$^{2}"
FIRST, SECOND = "0.10.7-first.1", "0.10.7-second.1"
NAME = "shop_session-id"

CASES = {
    "alone": ([f"{NAME}=abc"], FIRST),
    "others before and after": ([f"shop_currency=EUR; {NAME}=abc; theme=dark"], FIRST),
    "no blank after the semicolon": ([f"shop_currency=EUR;{NAME}=abc;theme=dark"], FIRST),
    "quoted": ([f'{NAME}="abc"'], FIRST),
    "in a header of its own": (["shop_currency=EUR", f"{NAME}=abc", "theme=dark"], FIRST),
    "among 4 KiB of others": ([f"a={'x' * 2048}; {NAME}=abc; b={'y' * 2048}"], FIRST),
    "twice, the second one ours": ([f"{NAME}=nobody; {NAME}=abc"], FIRST),
    "with the signs of regular expressions": ([f"{NAME}={SIGNS}"], FIRST),
    "what those signs would match": ([f"{NAME}=aac"], BASELINE),
    "an id that begins like another": ([f"{NAME}=abcd"], SECOND),
    "the beginning of an id": ([f"{NAME}=ab"], BASELINE),
    "an id in upper case": ([f"{NAME}=ABC"], BASELINE),
    "a name in upper case": ([f"{NAME.upper()}=abc"], BASELINE),
    "a name that ends like it": ([f"x{NAME}=abc"], BASELINE),
    "in the value of another": ([f"note={NAME}%3Dabc", f'quote="{NAME}=abc"'], BASELINE),
    "none": ([], BASELINE),
}


@pytest.fixture(scope="module")
def shop_with_features(shop: Shop) -> Iterator[Shop]:
    """Two features of the frontend, told apart by sessions."""
    with shop.deploy_all(
        shop.feature("first", {"frontend": FIRST}, sessions=["abc", SIGNS]),
        shop.feature("second", {"frontend": SECOND}, sessions=["abcd"]),
    ):
        for cookie, version in (("abc", FIRST), (SIGNS, FIRST), ("abcd", SECOND)):
            eventually(lambda: shop.versions(Cookie=f"{NAME}={cookie}").get("frontend") == {version}, version)  # noqa: B023
        yield shop


@pytest.mark.parametrize("protocol", ["--http1.1", "--http2"])
def test_a_cookie_is_found_in_any_company_and_no_other_is_taken_for_it(
    shop_with_features: Shop, tmp_path: Path, protocol: str
) -> None:
    answers = {case: curl(shop_with_features, tmp_path, protocol, cookies) for case, (cookies, _) in CASES.items()}
    assert answers == {case: version for case, (_, version) in CASES.items()}


def curl(shop: Shop, folder: Path, protocol: str, cookies: Sequence[str]) -> str:
    """Return the version of the frontend; each cookie header is sent as it is, by HTTP/2 in a field of its own."""
    authority = folder / "ca.crt"
    authority.write_text(shop.front.authority)
    headers = ["Accept: application/json", *(f"Cookie: {cookie}" for cookie in cookies)]
    options = [option for header in headers for option in ("--header", header)]
    command = ["curl", protocol, "--silent", "--show-error", "--max-time", "10", "--cacert", str(authority)]
    arguments = ["--write-out", "\n%{http_version}", f"https://{HOST}:{shop.front.port}{META}"]
    output = subprocess.run([*command, *options, *arguments], capture_output=True, text=True, check=True).stdout
    page, _, spoken = output.rpartition("\n")
    assert spoken == protocol.removeprefix("--http"), "another protocol was spoken"
    return str(json.loads(page)["version"])


def test_no_outsider_chooses_a_feature(shop_with_features: Shop, size: Size) -> None:
    seed = int.from_bytes(os.urandom(4))
    print(f"seed {seed}")
    chance = random.Random(seed)  # noqa: S311 - it keeps no secret
    connection = shop_with_features.front.connect()
    got_in = []
    for _ in range(size.spoofs):
        headers = claims(chance)
        connection.putrequest("GET", META)
        for name, value in (("Accept", "application/json"), *headers):
            connection.putheader(name, value)
        connection.endheaders()
        hops = hops_of(connection.getresponse())
        if {hop["version"] for hop in hops} != {BASELINE} or {hop["baggage"] for hop in hops} != {None}:
            got_in.append((headers, hops))
    connection.close()
    assert not got_in


def claims(chance: random.Random) -> list[tuple[str, str]]:
    """Return headers with forged baggage of a tester."""
    key = chance.choice(["first", "second"])
    other = f"boutique-feature: {key}".partition(": ")
    members = [
        f"feature={key}",
        f" feature = {key} ;ttl=1",
        f"feature={''.join(f'%{ord(character):02x}' for character in key)}",
        f"a=b,feature={key},c=d",
        f"feature={key},feature=second",
        f"{','.join(f'k{number}=v' for number in range(60))},feature={key}",
        f"FEATURE={key.upper()}",
        # Written in Latin-1, so not in UTF-8 (CVE-2026-73552).
        f"feature={key},userId=\xff",
        f"\xff,feature={key}",
    ]
    names = ["baggage", "Baggage", "BAGGAGE", "bAgGaGe"]
    pairs = [(chance.choice(names), chance.choice(members)) for _ in range(chance.randint(1, 4))]
    pairs += [(other[0], other[2])] if chance.random() < 0.3 else []
    pairs += (
        [("Cookie", f"{chance.choice(['shop_currency', 'feature', f'x{NAME}'])}={key}")]
        if chance.random() < 0.3
        else []
    )
    chance.shuffle(pairs)
    return pairs


def hops_of(response: http.client.HTTPResponse) -> list[dict[str, Any]]:
    body = response.read()
    assert response.status == http.HTTPStatus.OK, body
    hops: list[dict[str, Any]] = json.loads(body)["hops"]
    assert len(hops) == 2, "the frontend and the one that it calls"
    return hops
