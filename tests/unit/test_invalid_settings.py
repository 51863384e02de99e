"""Every error in a configuration by its key and its code; the words are in `tests/golden`."""

import json
import re
from typing import Any

import pytest

from boutique.settings.errors import ErrorLine
from tests.support.unit.golden_messages import CASES, PULUMI_UP, errors, pulumi_up

CODE = re.compile("[a-z]+(-[a-z]+)*")


@pytest.mark.parametrize(("values", "expected"), CASES, ids=lambda part: json.dumps(part)[:60])
def test_an_error_has_its_key_and_its_code(values: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    assert [(error.key, error.code) for error in errors(values)] == expected


def test_codes_are_short_and_in_kebab_case() -> None:
    codes = {code for _, expected in CASES for _, code in expected}
    assert not [code for code in codes if not CODE.fullmatch(code) or len(code) > 30]


def test_the_messages_are_the_golden_ones() -> None:
    assert pulumi_up() == PULUMI_UP.read_text(), "read the difference; `make golden` accepts it"


@pytest.mark.parametrize("text", ["boutique:a.b: is missing", "boutique:a.b (and of 2 more): is missing: x"])
def test_the_key_of_an_error_is_what_its_text_begins_with(text: str) -> None:
    error = ErrorLine("missing", text)
    assert (str(error), error.key, error.code) == (text, "boutique:a.b", "missing")
