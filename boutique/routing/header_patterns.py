"""Regular expressions that find one cookie or one member of `baggage`, wherever in the header it is.

They are RE2 expressions (https://github.com/google/re2/wiki/Syntax) for Envoy, which asks for a match of the whole of
one value of the header, byte by byte. Envoy before 1.39 joins the values of a repeated header with ',' and reads it as
UTF-8: a header with other bytes never matches there (seen with 1.38.3 and 1.39.3).
"""

import re

_BLANKS = r"[ \t]*"


def cookie(name: str, value: str) -> str:
    """Return what matches a `Cookie` header with this cookie: RFC 6265, section 4.2.1.

    The ',' of joined headers separates cookies as well: no value can hold one (section 4.1.1).

    Args:
        name: The cookie's name, in its own case.
        value: Its value, which may come quoted; percent-encoding is not decoded.
    """
    quoted = re.escape(value)
    return rf'(?:.*[;,])?{_BLANKS}{re.escape(name)}=(?:{quoted}|"{quoted}"){_BLANKS}(?:[;,].*)?'


def baggage(key: str, value: str) -> str:
    """Return what matches a `baggage` header with this member: https://www.w3.org/TR/baggage/#header-content.

    Args:
        key: The member's key.
        value: Its value; properties after it do not matter.
    """
    return rf"(?:.*,)?{_BLANKS}{re.escape(key)}{_BLANKS}={_BLANKS}{re.escape(value)}{_BLANKS}(?:[;,].*)?"


def cookie_of(pattern: str) -> tuple[str, str] | None:
    """Return the name and the value of the cookie that `cookie` wrote a pattern for; None if it did not write it."""
    name, separator, rest = pattern.removeprefix(rf"(?:.*[;,])?{_BLANKS}").partition("=(?:")
    if not separator:
        return None
    quoted = rest.removesuffix(rf"){_BLANKS}(?:[;,].*)?")
    # The value is there twice, the second time between quotation marks, with '|' in between.
    plain, value = _unescape(name), _unescape(quoted[: (len(quoted) - 3) // 2])
    return (plain, value) if cookie(plain, value) == pattern else None


def baggage_of(pattern: str) -> tuple[str, str] | None:
    """Return the key and the value of the member that `baggage` wrote a pattern for; None if it did not write it."""
    inner = pattern.removeprefix(rf"(?:.*,)?{_BLANKS}").removesuffix(rf"{_BLANKS}(?:[;,].*)?")
    key, separator, value = inner.partition(rf"{_BLANKS}={_BLANKS}")
    if not separator:
        return None
    plain = _unescape(key), _unescape(value)
    return plain if baggage(*plain) == pattern else None


def _unescape(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text, flags=re.DOTALL)
