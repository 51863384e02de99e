"""The API server takes the route of every session that a feature may have, and no pattern that finds others."""

import json
import re

import pytest
import re2
from hypothesis import given

from boutique.admission import feature_policies
from boutique.routing import header_patterns
from tests.support.online_boutique import APPLICATION, SESSION_COOKIE
from tests.support.routing_strategies import SESSIONS, session_ids


def accepts(pattern: str) -> bool:
    """Say whether the rule for routes accepts a condition on the cookie."""
    rules = feature_policies.rules("dev", APPLICATION.entry, "dev.shop.example")
    expressions = " ".join(validation["expression"] for validation in rules["feature-routes"]["validations"])
    (accepted,) = set(re.findall(r'h\.value\.matches\(("(?:[^"\\]|\\.)*")\)', expressions))
    return re2.search(str(json.loads(accepted)), pattern) is not None


@pytest.mark.parametrize("session", [*SESSIONS, "s%3Aabc.def/+=", "a:b@c!<d>'`{e}"])
def test_the_route_of_a_session_is_accepted(session: str) -> None:
    assert accepts(header_patterns.cookie(SESSION_COOKIE, session))


@given(session_ids)
def test_the_route_of_any_session_is_accepted(session: str) -> None:
    assert accepts(header_patterns.cookie(SESSION_COOKIE, session))


@pytest.mark.parametrize("pattern", [".*", "a|b", "[a-z]", "a.c", "a?", "(a)", "a\\d", "a;b", 'a"b', "", "^", "a{2}"])
def test_a_pattern_that_finds_other_sessions_is_refused(pattern: str) -> None:
    written = header_patterns.cookie(SESSION_COOKIE, "ANY").replace("ANY", pattern)
    assert not accepts(written)
