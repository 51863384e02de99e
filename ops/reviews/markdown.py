"""Writes GitHub's Markdown: escaped text, tables, and sections that fit into one comment."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

LIMIT = 65_536
"""The maximum length of a GitHub comment in characters. The code counts bytes, which are never fewer."""

_LONGEST = 200


def code(text: str) -> str:
    """Return a text as inline code that it cannot close: one line, cut if it is long, valid in a table cell."""
    line = re.sub(r"\s+", " ", text).strip() or " "
    line = line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"
    # GitHub splits table cells before it parses code, and removes the escape of a bar in code.
    line = line.replace("|", r"\|")
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", line)), default=0))
    space = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{fence}{space}{line}{space}{fence}"


def plain(text: str) -> str:
    """Return a text as one line in which Markdown, HTML and mentions of users are escaped."""
    line = re.sub(r"\s+", " ", text).strip()
    line = line if len(line) <= 5 * _LONGEST else f"{line[: 5 * _LONGEST - 1]}…"
    escaped = re.sub(r"([\\`*_{}\[\]()#+!|~$-])", r"\\\1", line).replace("&", "&amp;").replace("<", "&lt;")
    return escaped.replace(">", "&gt;").replace("@", "@<!-- -->")


def block(text: str) -> str:
    """Return a text of several lines as a code block that it cannot close."""
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", text)), default=0))
    return f"{fence}text\n{text.strip()}\n{fence}"


def row(*cells: str) -> str:
    """Return a row of a table."""
    return f"| {' | '.join(cells)} |"


def header(*titles: str, numbers: bool = False) -> str:
    """Return the first two rows of a table.

    Args:
        titles: The titles of the columns.
        numbers: Whether all columns but the first hold numbers.
    """
    return f"{row(*titles)}\n|{'|'.join('--:' if numbers and at else '---' for at in range(len(titles)))}|"


@dataclass(frozen=True, kw_only=True)
class MarkdownSection:
    """A section of a comment, which loses lines if the comment is too long.

    Attributes:
        head: The text before the lines.
        lines: The lines, the most important first.
        tail: The text after the lines.
        title: The title of the section while it is folded; empty for a section that is always visible.
    """

    head: str = ""
    lines: Sequence[str] = ()
    tail: str = ""
    title: str = ""


def fit_sections(sections: Sequence[MarkdownSection], limit: int = LIMIT) -> str:
    """Return sections as one text within the limit: the last sections lose lines first, and the text counts them."""
    frames = [_render(section, ()) for section in sections]
    left = limit - sum(_size(frame) + 2 for frame in frames)
    parts = []
    for section in sections:
        kept: list[str] = []
        for line in section.lines:
            if _size(line) + 1 > left:
                break
            left -= _size(line) + 1
            kept.append(line)
        parts.append(_render(section, kept))
    return "\n\n".join(part for part in parts if part) + "\n"


def _render(section: MarkdownSection, kept: Sequence[str]) -> str:
    missing = len(section.lines) - len(kept)
    cut = f"\n… and {missing} more; `pulumi preview --diff` shows all of them." if missing else ""
    body = "\n".join([*([section.head] if section.head else []), *kept, *([cut] if cut else [])])
    body = "\n\n".join(part for part in (body, section.tail) if part)
    if not section.title or not body:
        return body
    return f"<details><summary>{section.title}</summary>\n\n{body}\n\n</details>"


def _size(text: str) -> int:
    return len(text.encode())
