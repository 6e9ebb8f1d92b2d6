"""Column names, as words to recognise them by and as texts to show."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable


def words(name: str) -> list[str]:
    """A column name's words, in lower case: "Date/Time (UTC)" -> date, time, utc."""
    return [w for w in re.split(r"[^a-z0-9]+", re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()) if w]


def listed(names: Iterable[object]) -> str:
    """The first few names, quoted."""
    all_names = [repr(str(n)) for n in names]
    return ", ".join(all_names[:12]) + (f" and {len(all_names) - 12} more" if len(all_names) > 12 else "")


def did_you_mean(name: str, names: Iterable[str]) -> str:
    """A hint that names the nearest of the names, whatever its case, and then all of them."""
    every = [str(n) for n in names]
    lower = {n.lower(): n for n in reversed(every)}
    near = difflib.get_close_matches(name.lower(), lower, 1)
    start = f"did you mean {lower[near[0]]!r}? " if near else ""
    return f"{start}columns: {listed(every)}"


def quoted(name: str) -> str:
    """A name as one would type it in a shell."""
    return name if re.fullmatch(r"[\w.:+-]+", name) else f'"{name}"'
