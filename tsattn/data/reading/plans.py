"""Rows after the last values of some columns: a plan of covariates, or series of which some end sooner."""

from __future__ import annotations

import re
from collections import Counter

import numpy as np

from tsattn.data.names import listed, quoted, words
from tsattn.data.reading.column_blocks import blocks, few_levels, flags, where, with_gaps
from tsattn.data.reading.columns import Table
from tsattn.data.reading.descriptive_columns import without
from tsattn.data.reading.name_shapes import names_that
from tsattn.data.reading.row_times import Clock
from tsattn.data.reading.target_names import (
    COVARIATE_WORDS,
    FORECAST_WORDS,
    MEASURED_WORDS,
    SOURCES_OF_POWER,
    TARGET_NAMES,
    are_siblings,
    is_covariate,
    kind_of_name,
    plain,
    telling_names,
)
from tsattn.data.report import Notes

_CODE_OF_SERIES = re.compile(r"[A-Z\d]+(?:[._][A-Z\d]+){3}")
_LONGEST_PLAN, _MONTH = 100, np.timedelta64(30, "D")  # longest plan in columns that are not named as such: the larger of both
_FEWEST_AHEAD = 3  # times by which measured values go on after a target, at least, if they are a plan
FIRST = slice(0, 1_000_000)  # rows in which a flag is looked for
MOST_AHEAD = 10  # columns that may be filled ahead without a telling name


def is_plan(table: Table, clock: Clock | None, blank: list[str], known: list[str], named: bool = False) -> bool:
    """Return True if the newest rows of a wide table are a plan of covariates, not series of which some end sooner.

    named: the user named the columns `blank` as targets, so neither a missing value in a column nor a long time after the last
    target makes it a series.
    """
    alike = _are_alike(blank, known) or (not named and _are_measured_alike(table, blank, known))
    explained = explain(table, known) and not alike
    if telling_names(blank) and not any(plain(n) in TARGET_NAMES[:-1] for n in telling_names(known)):
        return named or explained or _times_ahead(table, clock, blank) >= _FEWEST_AHEAD
    if explained:
        return True
    whole = not where(table, known, with_gaps)
    if not (whole or named) or alike or len(known) > MOST_AHEAD:
        return False
    if named and len(blank) == 1:
        return True
    if len(blank) == 1:
        return _may_be_planned(table, clock, blank[0]) and 2 * len(_like_plans(table, known)) >= len(known)
    return len(known) < len(blank) and _end_together(table, blank) and len(where(table, known, few_levels)) == len(known)


def warn_of_values_ahead(table: Table, clock: Clock | None, blank: list[str], known: list[str], notes: Notes) -> None:
    """Warn of a few columns that continue after most of the others and are read as series: they may be known in advance."""
    if len(blank) == 1:
        if len(known) > 1 or _are_alike(blank, known) or not _may_be_planned(table, clock, blank[0]):
            return
        ended = f"{blank[0]!r} has ended"
    elif len(known) < len(blank) and len(known) <= MOST_AHEAD and _end_together(table, blank):
        ended = f"most of the {len(blank)} other columns have ended"
    else:
        return
    notes.warn(
        f"values of {listed(known)} continue after {ended}, so they are forecast as series; "
        f"if they are known in advance, set --known {','.join(map(quoted, known))}"
    )


def _are_alike(blank: list[str], known: list[str]) -> bool:
    """Return True if some names of both differ only in a number, a letter or one part of a code, as names of series do."""
    return bool({kind_of_name(n) for n in blank} & {kind_of_name(n) for n in known}) or _have_sibling_codes(blank, known)


def _are_measured_alike(table: Table, blank: list[str], known: list[str]) -> bool:
    """Return True if columns `known` hold measured values of the kind of the columns `blank`: weather beside weather, a price
    beside a price, two sources of power, or the same unit behind the names; False for forecasts, and for flags."""
    planned = [n for n in known if _is_planned(n)]
    measured = without(known, [*planned, *where(table, known, few_levels)])
    if not measured or planned:
        return False
    shared = set.intersection(*(set(words(n)) & COVARIATE_WORDS for n in (*blank, *measured)))
    weather = all(set(words(n)) & MEASURED_WORDS for n in (*blank, *measured))
    power = all(set(words(n)) & SOURCES_OF_POWER for n in (*blank, *measured))
    units = {_unit(n) for n in (*blank, *measured)}
    return bool(shared) or weather or power or (len(units) == 1 and units != {""})


def _like_plans(table: Table, names: list[str]) -> list[str]:
    """Return the columns that are named as covariates or forecasts, or hold up to five values; others are series."""
    called = names_that(names, lambda n: is_covariate(n) or _is_planned(n))
    return [*called, *where(table, without(names, called), few_levels)]


def _is_planned(name: str) -> bool:
    """Return True for the name of a forecast or a plan, such as temp_fc."""
    return bool(set(words(name)) & FORECAST_WORDS)


def _unit(name: str) -> str:
    """Return what a name has from its first bracket on: [MWh] of "Biomass [MWh]"."""
    return "".join(re.split(r"(?=[\[(])", name, maxsplit=1)[1:])


def _times_ahead(table: Table, clock: Clock | None, blank: list[str]) -> int:
    """Return the number of times after the last value of the columns `blank`."""
    stamps = np.arange(table.rows) if clock is None else clock.stamps
    seen = np.logical_or.reduce([~table.columns[n].missing for n in blank])
    return len(np.unique(stamps[stamps > stamps[seen].max()])) if seen.any() else 0


def _may_be_planned(table: Table, clock: Clock | None, blank: str) -> bool:
    """Return True if a column has no gap before the rows after its last value, which are as few as those of a plan."""
    gaps = table.columns[blank].missing
    return int((np.diff(gaps.astype(np.int8)) != 0).sum()) == 1 and _soon_over(clock, gaps)


def _have_sibling_codes(blank: list[str], known: list[str]) -> bool:
    """Return True if two names begin with codes of series that differ in one part: ICP.M.U2.000000 and ICP.M.U2.XEF000."""
    codes = [[name.split("/")[0] for name in some[:MOST_AHEAD] if _CODE_OF_SERIES.match(name)] for some in (blank, known)]
    return any(are_siblings(one, other) for one in codes[0] for other in codes[1])


def _soon_over(clock: Clock | None, ahead: np.ndarray) -> bool:
    """Return True if the rows `ahead` (n,) fit a plan: at most 100 or 30 days of them, and at most half of all rows."""
    rows, most = int(ahead.sum()), _LONGEST_PLAN
    if clock is not None:
        most = max(most, int((clock.stamps > clock.stamps.max() - _MONTH).sum()))
    return rows <= min(most, len(ahead) - rows)


def _end_together(table: Table, names: list[str]) -> bool:
    """Return True if most of the columns have their last value in one row that is not the last; rows may be newest first."""
    ends: list[np.ndarray] = []
    for _, values in blocks(table, names):
        seen = ~np.isnan(values)
        ends.append(np.stack([seen[:, ::-1].argmax(1), seen.argmax(1)]))  # rows without a value below and above the others
    counts = (Counter(side[side > 0].tolist()).most_common(1) for side in np.concatenate(ends, 1))
    return any(found and 2 * found[0][1] > len(names) for found in counts)


def explain(table: Table, names: list[str]) -> bool:
    """Return True if all of the columns have names of covariates, or hold flags."""
    left = without(names, names_that(names, is_covariate))
    return not left or len(where(table, left, flags, FIRST)) == len(left)
