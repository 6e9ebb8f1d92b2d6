"""Effects of known covariates in readable form: a percentage or an amount, its interval, and groups where they differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from tsattn.data.names import printable
from tsattn.data.panel import Schema
from tsattn.forecasting.ensemble import closures
from tsattn.forecasting.ensemble.effect_groups import EffectGroups
from tsattn.forecasting.ensemble.effect_pooling import Mean, Pooled
from tsattn.forecasting.ensemble.recent_level import COLLAPSED
from tsattn.forecasting.ensemble.window_effects import pooled_effects
from tsattn.forecasting.ensemble.window_estimates import Estimates
from tsattn.forecasting.quantiles import normal_scores

LEVEL = 0.95  # of the intervals
NAMED = 6  # groups that a line names
FEW = 2  # maximum number of series that a line names, if the others have the effect in another form
APART = 0.2  # least range of the series' effects, relative to the common effect, that a line reports


@dataclass(frozen=True)
class GroupEffect:
    """Effect in the series of one group of static covariates."""

    name: str
    effect: float
    low: float
    high: float
    series: int
    form: str

    def __str__(self) -> str:
        return f"{self.name} {_shown(self.effect, self.low, self.high, self.form)}"


@dataclass(frozen=True)
class ItemEffect:
    """Effect in one series, drawn towards those of the others."""

    name: str
    effect: float
    form: str

    def __str__(self) -> str:
        return f"{_amount(self.effect, self.form)} ({printable(self.name)})"


@dataclass(frozen=True)
class CovariateEffect:
    """Effect of a known covariate on the target, as used in a forecast.

    form: "factor" (effect 0.34 = 34 % more per unit of the covariate), "added" (in units of the target, per unit), or "closed"
    (the target is about 0 there; effect is NaN). low, high: the interval at `level`. clear: an effect is more likely than
    none. used: the share of the effect that hold-out origins left in the forecast. series: how many have the effect in this
    form, of `every`; items: their names, if they are few. groups: where groups of series differ. range: the smallest and the
    largest effect among the series, if they differ. event: a calendar event, not a column; it falls on `ahead` steps of the
    forecast, 0 for a column.
    """

    name: str
    form: str
    effect: float
    low: float
    high: float
    level: float
    per_unit: bool
    clear: bool
    used: float
    series: int
    groups: tuple[GroupEffect, ...] = ()
    range: tuple[ItemEffect, ...] = ()
    items: tuple[str, ...] = ()
    every: int = 0
    event: bool = False
    ahead: int = 0

    @property
    def has_sign(self) -> bool:
        """Return True if the interval, or that of one of the groups, lies on one side of zero."""
        shown = self.groups if 1 < len(self.groups) <= NAMED else (self,)
        return self.form == "closed" or any(one.low > 0 or one.high < 0 for one in shown)

    def __str__(self) -> str:
        if self.form == "closed":
            return f"{self.name}: forecast as in such rows before, about 0"
        if not self.clear:
            return f"{self.name}: no clear effect, not applied"
        unit = " per unit" if self.per_unit else ""
        said = f"{self.name}: {_shown(self.effect, self.low, self.high, self.form)}{unit}"
        if 1 < len(self.groups) <= NAMED:
            said = f"{self.name}{unit}: " + "; ".join(map(str, self.groups))
        elif not self.has_sign:
            said += "; not clear, because the interval includes 0"
        elif self.range:
            said += f"; by series, from {self.range[0]} to {self.range[1]}"
        if self.series < self.every:
            said += f"; in {' and '.join(map(printable, self.items))}" if self.items else ""
            said += f" ({self.series:,} of {self.every:,} series)"
        if self.used < 0.95:
            said += f"; {100 * self.used:.0f} % of it applied, because it was weaker at hold-out origins"
        return said

    def to_mapping(self) -> dict[str, Any]:
        """Return a mapping for JSON."""
        return asdict(self)


def report_effects(
    found: Estimates,
    groups: EffectGroups,
    share: np.ndarray,
    events: tuple[str, ...] = (),
    ahead: Any = (),
    items: Sequence[str] = (),
) -> tuple[CovariateEffect, ...]:
    """Return effects of all covariates, and of events, on the windows `found`.

    share (B, K): share of each effect that was applied. ahead: steps of the forecast on which each event falls. items: (B,) names
    of the series, or none. Events without a clear effect are left out.
    """
    schema, rows = groups.panel.schema, np.arange(len(found))
    names = (*schema.known_features, *events)
    shut = closures.closing(found.counts, rows, rows)
    out: list[tuple[int, CovariateEffect]] = []
    for k, name in enumerate(names):
        closed = ~np.isnan(shut[:, k])
        if closed.any():
            nothing = Mean(float("nan"), 0.0)
            label = name if k >= len(schema.known_features) else _closing(name, float(np.nanmedian(shut[:, k])), schema)
            out.append((k, _effect(label, "closed", nothing, False, True, 1.0, int(closed.sum()), ())))
    for form, some, each in pooled_effects(found, rows, groups.columns):
        unit = 1.0 if form else _unit(found, some)
        for k, name in enumerate(names):
            if np.isnan(shut[some, k]).any():
                used = float(share[some, k].mean())
                named = groups.named(some, each[k].grouping) if each[k].differ else []
                of_one = _of_one(found, some, form, each, k, name, used, unit, named)
                few = tuple(items[i] for i in some) if len(some) <= min(FEW, len(items) - 1) else ()
                betas = _betas(each[k], each[k + found.covariates] if len(of_one) > 1 else None)
                for effect, beta in zip(of_one, betas, strict=True):
                    span = _range(found, some, form, beta, effect, items) if effect.clear else ()
                    out.append((k, replace(effect, range=span, items=few)))
    declared = len(schema.known_features)
    out = [(k, replace(effect, every=len(found) if effect.form != "closed" else 0)) for k, effect in out]
    out.sort(key=lambda one: (one[0], one[1].form != "closed", -one[1].series))
    return tuple(
        effect if k < declared else replace(effect, event=True, per_unit=False, ahead=int(ahead[k - declared]))
        for k, effect in out
        if k < declared or effect.clear
    )


def _closing(feature: str, value: float, schema: Schema) -> str:
    """Return the name of the value 0 or 1 of a known feature: `open = 0`, or the text that it stands for, `state=closed`."""
    column = schema.column_of(feature)
    if column == feature:
        return f"{feature} = {value:.0f}"
    if value:
        return feature
    every = (*schema.known_features, *schema.references)
    others = [name for name in every if schema.column_of(name) == column and name != feature]
    return others[0] if len(others) == 1 else f"not {feature}"


def _of_one(
    found: Estimates,
    some: np.ndarray,
    form: bool,
    each: list[Pooled],
    k: int,
    name: str,
    used: float,
    unit: float,
    groups: list[tuple[str, int]],
) -> list[CovariateEffect]:
    """Return the effect of covariate k; two, below and above its median, where its response bends."""
    line, bend = each[k], each[k + found.covariates]
    kind, series = "factor" if form else "added", len(some)
    per_unit = not _is_switch(found.bounds.low[some, k], found.bounds.high[some, k])
    if bend.clear:
        middle = float(np.median(found.bounds.center[some, k]))
        doubt = line.common.variance + bend.common.variance
        sides = (("below", line.common.value - bend.common.value), ("above", line.common.value + bend.common.value))
        return [
            _effect(f"{name} {side} {middle:.4g}", kind, Mean(slope * unit, doubt * unit**2), per_unit, True, used, series, ())
            for side, slope in sides
        ]
    means = [Mean(one.value * unit, one.variance * unit**2) for one in line.groups]
    shown: tuple[GroupEffect, ...] = ()
    if line.differ and len(means) > 1:
        bounds = [_bounds(one, kind) for one in means]
        named = zip(groups, bounds, strict=True)
        shown = tuple(sorted((GroupEffect(label, *bound, size, kind) for (label, size), bound in named), key=lambda g: g.name))
    common = Mean(line.common.value * unit, line.common.variance * unit**2)
    return [_effect(name, kind, common, per_unit, line.clear, used, series, shown)]


def _unit(found: Estimates, some: np.ndarray) -> float:
    """Return the mean amount of an effect of 1 in the windows `some`; those with a collapsed level count only if all have one."""
    amounts, live = (found.scale * found.now)[some], found.now[some] >= COLLAPSED
    return float(amounts[live].mean() if live.any() else amounts.mean())


def _betas(line: Pooled, bend: Pooled | None) -> list[np.ndarray]:
    """Return the effect (n,) in each series, NaN where it is unknown; with a bend, those below and above it."""
    known = np.where(np.isfinite(line.variance), line.beta, np.nan)
    if bend is None:
        return [known]
    turn = np.where(np.isfinite(bend.variance), bend.beta, np.nan)
    return [known - turn, known + turn]


def _range(
    found: Estimates, some: np.ndarray, form: bool, beta: np.ndarray, common: CovariateEffect, items: Sequence[str]
) -> tuple[ItemEffect, ...]:
    """Return the smallest and the largest effect among the series `some`; () if they hardly differ, or have no names.

    beta: (n,) effects relative to the size of each series, so amounts differ between a small and a large series.
    """
    known = np.flatnonzero(np.isfinite(beta))
    if len(known) < 2 or len(items) != len(found):
        return ()
    effect = np.expm1(np.clip(beta[known], -50, 50)) if form else beta[known] * (found.scale * found.now)[some[known]]
    apart, usual = (np.ptp(beta[known]), np.log1p(common.effect)) if form else (np.ptp(effect), common.effect)
    if apart < APART * abs(usual):
        return ()
    ends = (int(effect.argmin()), int(effect.argmax()))
    return tuple(ItemEffect(items[some[known[i]]], float(effect[i]), common.form) for i in ends)


def _effect(
    name: str, form: str, mean: Mean, per_unit: bool, clear: bool, used: float, series: int, groups: tuple[GroupEffect, ...]
) -> CovariateEffect:
    return CovariateEffect(name, form, *_bounds(mean, form), LEVEL, per_unit, clear, used, series, groups)


def _bounds(mean: Mean, form: str) -> tuple[float, float, float]:
    """Return an effect and the ends of its interval, as shares where it multiplies."""
    half = float(normal_scores([(1 + LEVEL) / 2])[0]) * float(np.sqrt(mean.variance))
    ends = np.array([mean.value, mean.value - half, mean.value + half])
    return tuple((np.expm1(np.clip(ends, -50, 50)) if form == "factor" else ends).tolist())  # type: ignore[return-value]


def _amount(effect: float, form: str) -> str:
    if form == "factor":
        return f"{100 * effect:+.{0 if abs(effect) >= 0.1 else 1}f} %"
    if not effect:
        return "0"
    return f"{effect:+,.{max(0, 2 - int(np.floor(np.log10(max(abs(effect), 1e-9)))))}f}"


def _shown(effect: float, low: float, high: float, form: str) -> str:
    if form == "factor":
        digits = 0 if abs(effect) >= 0.1 else 1 if abs(effect) >= 0.01 else 2
        return f"{100 * effect:+.{digits}f} % ({100 * low:.{digits}f} … {100 * high:.{digits}f})"
    digits = max(0, 2 - int(np.floor(np.log10(max(abs(effect), abs(high - low) / 2, 1e-9)))))
    return f"{effect:+,.{digits}f} ({low:,.{digits}f} … {high:,.{digits}f})"


def _is_switch(low: np.ndarray, high: np.ndarray) -> bool:
    """Return True if a covariate takes only 0 and 1, by its bounds, which lie half its range outside."""
    return bool(
        np.isin(np.round((low * 3 + high) / 4, 6), (0, 1)).all() and np.isin(np.round((low + high * 3) / 4, 6), (0, 1)).all()
    )
