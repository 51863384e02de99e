"""GitHub's Markdown: texts of others that stay texts, tables, and a whole that fits into one comment."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

LIMIT = 65_536
"""Characters that GitHub takes in one comment. Bytes are counted, which are never fewer."""

_LONGEST = 200


def code(text: str) -> str:
    """Return a text as code, which nothing in it can end: one line, cut if it is long, good for a cell of a table."""
    line = re.sub(r"\s+", " ", text).strip() or " "
    line = line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"
    # The bars of a table are found before its code is; an escaped one is not shown as escaped in there.
    line = line.replace("|", r"\|")
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", line)), default=0))
    space = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{fence}{space}{line}{space}{fence}"


def plain(text: str) -> str:
    """Return a text as a line of words in which nothing is taken for Markdown, HTML or somebody's name."""
    line = re.sub(r"\s+", " ", text).strip()
    line = line if len(line) <= 5 * _LONGEST else f"{line[: 5 * _LONGEST - 1]}…"
    escaped = re.sub(r"([\\`*_{}\[\]()#+!|~$-])", r"\\\1", line).replace("&", "&amp;").replace("<", "&lt;")
    return escaped.replace(">", "&gt;").replace("@", "@<!-- -->")


def block(text: str) -> str:
    """Return a text of several lines as a block of code, which nothing in it can end."""
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", text)), default=0))
    return f"{fence}text\n{text.strip()}\n{fence}"


def row(*cells: str) -> str:
    """Return a row of a table."""
    return f"| {' | '.join(cells)} |"


def header(*titles: str, numbers: bool = False) -> str:
    """Return the first two rows of a table.

    Args:
        titles: Of the columns.
        numbers: Whether all columns but the first hold numbers.
    """
    return f"{row(*titles)}\n|{'|'.join('--:' if numbers and at else '---' for at in range(len(titles)))}|"


@dataclass(frozen=True, kw_only=True)
class MarkdownSection:
    """A part of a comment of which lines may be left out if it does not fit.

    Attributes:
        head: What comes before the lines.
        lines: The lines, the most important first.
        tail: What comes after them.
        title: What can be unfolded to see the section; empty if it is always seen.
    """

    head: str = ""
    lines: Sequence[str] = ()
    tail: str = ""
    title: str = ""


def fit_sections(sections: Sequence[MarkdownSection], limit: int = LIMIT) -> str:
    """Return sections as one text that fits: lines are left out, the last section's first, and it says how many."""
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
