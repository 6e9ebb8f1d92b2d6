"""Parts that several sections of the report share: tables and legends. Text is escaped here."""

from __future__ import annotations

import html
from collections.abc import Sequence

from tsattn.data.names import printable


def table(
    heads: Sequence[str],
    rows: Sequence[Sequence[str]],
    caption: str,
    *,
    text: int = 1,
    own: Sequence[int] = (),
    raw: int | None = None,
) -> str:
    """An HTML table; its first `text` columns are left-aligned, the first one heads its row. own: rows to stress. raw: a column
    of HTML.
    """
    head = "".join(f'<th scope="col"{_kind(i, text)}>{_safe(name)}</th>' for i, name in enumerate(heads))
    lines = []
    for number, row in enumerate(rows):
        cells = [f'<th scope="row" class="name">{_safe(row[0])}</th>']
        cells += [
            f"<td{_kind(i, len(row) if i == raw else text)}>{cell if i == raw else _safe(cell)}</td>"
            for i, cell in enumerate(row)
            if i
        ]
        lines.append(f"<tr{' class=own' if number in own else ''}>{''.join(cells)}</tr>\n")
    return (
        f'<div class="scroll"><table><caption>{_safe(caption)}</caption>\n<thead><tr>{head}</tr></thead>\n'
        f"<tbody>\n{''.join(lines)}</tbody></table></div>\n"
    )


def legend(names: Sequence[tuple[str, str, bool]]) -> str:
    """Return the legend of a chart's colours. names: (name, CSS class, True for a line)."""
    colors = {
        "observed": "--ink",
        "forecast": "--accent",
        "own": "--accent",
        "band": "--band",
        "inner": "--band-inner",
        "ideal": "--soft",
    }
    parts = []
    for name, kind, line in names:
        color = f"var({colors.get(kind, f'--{kind}')})"
        style = f"border-color:{color}" if line else f"background:{color};print-color-adjust:exact"
        parts.append(f'<li><i{" class=l" if line else ""} style="{style}"></i>{_safe(name)}</li>')
    return f'<ul class="legend">{"".join(parts)}</ul>\n'


def bar(share: float) -> str:
    """A bar of this share of its column."""
    return f'<span class="bar" style="width:{100 * max(0.0, min(1.0, share)) * 0.12:.2f}rem"></span>'


def _kind(column: int, text: int) -> str:
    return ' class="text"' if column < text else ""


def _safe(text: str) -> str:
    return html.escape(printable(str(text)))
