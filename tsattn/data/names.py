"""Column names, as words to recognise them by and as texts to show."""

from __future__ import annotations

import difflib
import functools
import re
from collections.abc import Iterable


@functools.lru_cache(1 << 18)
def words(name: str) -> tuple[str, ...]:
    """A column name's words, in lower case: "Date/Time (UTC)" -> date, time, utc."""
    return tuple(w for w in re.split(r"[^a-z0-9]+", re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()) if w)


_COMPARED = 1000  # names that are compared at most


def listed(names: Iterable[object]) -> str:
    """The first few names, quoted."""
    every = list(names)
    return ", ".join(repr(str(n)) for n in every[:12]) + (f" and {len(every) - 12} more" if len(every) > 12 else "")


def did_you_mean(name: str, names: Iterable[str], what: str = "columns") -> str:
    """Return a hint that lists the nearest of the names, ignoring case, and then the first few of all names."""
    every = [str(n) for n in names]
    near = nearest(name, every)
    start = f"did you mean {near!r}? " if near else ""
    return f"{start}{what}: {listed(every)}"


def nearest(name: str, names: Iterable[str]) -> str:
    """Return the most similar of the names, ignoring case; "" where none is similar."""
    return next(iter(most_similar(name, names, 1)), "")


def most_similar(name: str, names: Iterable[str], most: int) -> list[str]:
    """Return at most `most` similar names, nearest first, ignoring case. If one differs only by case, return it alone.

    Only names with the same first letter and about the same length are compared where there are many: comparisons are slow.
    """
    low = name.lower()
    lower: dict[str, str] = {}
    for one in names:
        lower.setdefault(one.lower(), one)
    if low in lower:
        return [lower[low]]
    some = list(lower)
    if len(some) > _COMPARED:
        some = [one for one in some if one[:1] == low[:1] and abs(len(one) - len(low)) <= 2][:_COMPARED]
    return [lower[one] for one in difflib.get_close_matches(low, some, most)]


def quoted(name: str) -> str:
    """A name quoted for a shell."""
    return name if re.fullmatch(r"[\w.:+-]+", name) else f'"{name}"'


# characters with a special meaning to a terminal, a log or XML: control and line-breaking characters, signs that turn
# the direction of writing, halves of surrogate pairs, and code points that are no characters
_UNPRINTABLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufffe\uffff]"
)
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def printable(name: object) -> str:
    r"""Return a name from data as a text that is safe to print: `\x1b`, `\n` or `\u202e` in place of such a character.

    Everything that leaves the program for a terminal, a log, a picture or a unit file goes through here, so that no name can
    move the cursor, forge a line or break a file. Files of results keep the names as they are.
    """
    text = str(name)
    return _UNPRINTABLE.sub(_escaped, text) if _UNPRINTABLE.search(text) else text


def printable_lines(text: str) -> str:
    """Return a message of several lines as `printable` does, with its line breaks; lines after the first are indented.

    So a line that begins at the margin is always one of the program's own.
    """
    first, *rest = map(printable, text.split("\n"))
    return "\n".join([first, *(line if line.startswith(" ") or not line else f"  {line}" for line in rest)])


def printable_json(text: str) -> str:
    r"""Return a JSON document with the same values in which such characters are written as `\u001b`."""
    return _UNPRINTABLE.sub(lambda found: found.group() if found.group() in "\n" else f"\\u{ord(found.group()):04x}", text)


def _escaped(found: re.Match[str]) -> str:
    sign = found.group()
    code = ord(sign)
    return _SHORT.get(sign) or (f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}")
