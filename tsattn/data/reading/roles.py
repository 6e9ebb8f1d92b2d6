"""The role of each column: item, target, covariate; and the layout that this makes."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tsattn.config import ReadOptions
from tsattn.data.names import did_you_mean, listed, quoted
from tsattn.data.panel import Schema
from tsattn.data.reading.columns import Table
from tsattn.data.reading.filled_ahead import FilledAhead, filled_ahead
from tsattn.data.reading.items import filled_down, find_item
from tsattn.data.reading.number_columns import numbered, warn_of_numbers
from tsattn.data.reading.row_times import Clock
from tsattn.data.reading.targets import check_names, find_target, warn_of_signs
from tsattn.data.reading.time_copies import calendar_copies
from tsattn.data.reading.time_names import timestamp_names
from tsattn.data.report import Notes
from tsattn.errors import ConfigError, DataError, UnknownColumnError


@dataclass(frozen=True)
class Roles:
    """Roles of the columns. item, target, known: column names. layout: "single", "wide" or "long"."""

    item: tuple[str, ...]
    target: tuple[str, ...]
    layout: str
    known: tuple[str, ...] = ()


def with_schema(options: ReadOptions, schema: Schema | None, table: Table) -> ReadOptions:
    """Options that ask for the columns of a schema, where the user named none and the table has them.

    Covariates are always required, since a model needs them: DataError names a missing one.
    """
    if schema is None:
        return options
    here = table.columns

    def known(names: tuple[str, ...]) -> tuple[str, ...]:
        return names if names and all(n in here for n in names) else ()

    for role in ("past", "known", "static"):
        for name in getattr(schema, role):
            if name not in here:
                raise DataError(
                    f"{table.where.parts[0][0]}: no column {name!r}, a {role} covariate that the model was trained with",
                    f"rename or add the column; {did_you_mean(name, here)}",
                )
    targets = tuple(n for n in schema.target if n in here)
    return replace(
        options,
        item=options.item or known(schema.item),
        target=options.target or targets,
        past=options.past or schema.past,
        known=options.known or schema.known,
        static=options.static or schema.static,
    )


def without_none(options: ReadOptions, table: Table) -> ReadOptions:
    """The options without `--item none`, which makes all rows one series, and `--known none`, which uses no covariate."""
    if options.item == ("none",) and "none" not in table.columns:
        options = replace(options, item=(), layout=options.layout or "single")
    if options.known == ("none",) and "none" not in table.columns:
        options = replace(options, known=())
    return options


CHOICES = {
    "layout": ("long", "wide", "single", "rows", "times", "year-month"),
    "date_order": ("ymd", "dmy", "mdy"),
    "date_system": ("1900", "1904"),
    "on_duplicate": ("first", "last", "mean", "sum"),
    "agg": ("mean", "sum", "last"),
}


def check_options(options: ReadOptions, table: Table) -> None:
    """Raise ConfigError for an option that names no column, one column in two roles, or an unknown value."""
    roles = options.roles()
    del roles["timestamp"]
    taken = dict.fromkeys(timestamp_names(options.timestamp, table.columns), "timestamp")
    for role, names in roles.items():
        for name in names:
            if name not in table.columns:
                raise UnknownColumnError(role, name, quoted(name), did_you_mean(name, table.columns))
            if name in taken and (taken[name], role) != ("item", "static"):  # a part of the name that series share
                raise ConfigError(f"column {name!r} is set as {taken[name]} and as {role}", "name it once")
            taken[name] = role
    for field, (*others, last) in CHOICES.items():
        if (value := getattr(options, field)) not in (None, *others, last):
            raise ConfigError(f"--{field.replace('_', '-')} must be {', '.join(others)} or {last}, not {value!r}")


def find_roles(table: Table, clock: Clock | None, options: ReadOptions, notes: Notes, plan: bool = False) -> tuple[Roles, Table]:
    """Decide the roles; the table comes back with its number-like texts as numbers.

    plan: columns that are filled in the rows after the last target become known covariates.

    Raises DataError when there is no numeric column, or several in a long table and no telling name.
    """
    busy = {*((*clock.columns, *clock.also) if clock else ()), *options.item, *options.covariates}
    table = numbered(table, busy, options, notes)
    derived = calendar_copies(table, clock, busy) if clock else set()
    numeric = [n for n in table.columns.numeric if n not in busy and n not in derived]
    table, merged = filled_down(table, {*busy, *options.target})
    if options.item:
        item = options.item
    elif options.layout in ("wide", "single"):
        item = ()
    else:
        item = find_item(table, clock, busy | derived | set(options.target), numeric, notes)
    for name in merged & set(item):
        notes.repair("blank cells filled from the row above, as merged cells are", 1, f"column {name!r}")
    numeric = [n for n in numeric if n not in item]
    target = options.target or find_target(table, clock, numeric, item, options, notes)
    warn_of_signs(table, target, notes)
    if not options.target:
        check_names(table, target, clock, options, notes)
    ahead = FilledAhead()
    if plan and clock is not None and not options.known:
        taken = {*busy, *item, *target, *derived}
        free = [n for n in table.columns if n not in taken]
        ahead = filled_ahead(table, clock, target, free, item, bool(options.target))
        ahead.warn(target, notes)
        derived |= set(ahead.calendar)
    known = options.known or ahead.known
    layout = "long" if item else "wide" if len(target) > 1 else "single"
    if options.layout == "long" and not item:
        raise ConfigError("--layout long: no item column was found", f"name it with --item; columns: {listed(table.columns)}")
    if not any(f.what == "layout" for f in notes.found):
        notes.find("layout", layout, "--layout")
    if item:
        notes.find("item", " and ".join(f"column {n!r}" for n in item), "--item")
    shown = f"column{'s' if len(target) > 1 else ''} {listed(target)}"
    notes.find("target", shown if len(target) <= 8 else f"{len(target)} columns, {target[0]!r} to {target[-1]!r}", "--target")
    for role, names in (("past", options.past), ("known", known), ("static", options.static)):
        if names:
            notes.find(
                f"{role} covariates", listed(names), f"--{role}" if names is not known or options.known else "--known none"
            )
    used = busy | set(item) | set(target) | set(known)
    unused = [n for n in table.columns if n not in used]
    if derived & set(unused):
        notes.find("calendar columns", f"{listed(sorted(derived))} repeat the timestamp: not used")
    if other := [n for n in unused if n not in derived]:
        notes.find("not used", listed(other), f"--{'known' if other[0] in ahead.unclear else 'past'} {quoted(other[0])}")
        if not options.target:
            warn_of_numbers(table, other, notes)
    return Roles(item, target, layout, known), table
