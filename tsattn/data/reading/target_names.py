"""Names of columns that are usual for targets and for covariates."""

from __future__ import annotations

import re

from tsattn.data.names import words
from tsattn.data.reading.name_shapes import names_that

TARGET_NAMES = (
    *("target", "y", "value", "values", "close", "adj_close", "sales", "demand", "load", "consumption", "quantity", "qty"),
    *("units", "units_sold", "count", "cnt", "amount", "volume_sold", "revenue", "turnover", "passengers", "traffic", "power"),
    *("energy", "cases", "ot", "orders", "visitors", "visits", "kwh", "umsatz", "absatz", "verbrauch", "menge", "wert", "ventas"),
    *("settlement_price", "settle", "vendas", "ventes", "vendite", "valor", "valeur", "valore", "waarde", "price"),
)
_CLOSING = ("close", "adj_close")
# words of columns that explain others, and are seldom forecast themselves: planned or known from the calendar, and measured
PLANNED_WORDS = {
    *("price", "preis", "precio", "prix", "holiday", "holidays", "feiertag", "event", "campaign", "advert", "weekday", "weekend"),
    *("promo", "promotion", "onpromotion", "discount", "rabatt", "wochentag", "is", "has", "flag", "closed", "special", "school"),
    *("ferien", "complete", "provisional", "estimated", "imputed"),
}
MEASURED_WORDS = {
    *(
        "temp",
        "temperature",
        "temperatur",
        "temperatura",
        "rain",
        "rainfall",
        "precipitation",
        "humidity",
        "wind",
        "snow",
        "cloud",
    ),
    *("sunshine", "cpi", "fuel", "oil", "unemployment"),
}
COVARIATE_WORDS = PLANNED_WORDS | MEASURED_WORDS
SOURCES_OF_POWER = {
    *("wind", "onshore", "offshore", "solar", "photovoltaic", "pv", "biomass", "biogas", "hydro", "nuclear", "lignite", "coal"),
    *("gas", "geothermal", "waste"),
}
FORECAST_WORDS = {
    *(
        "forecast",
        "fc",
        "fcst",
        "prognose",
        "vorhersage",
        "prevision",
        "predicted",
        "plan",
        "planned",
        "scheduled",
        "budget",
        "soll",
    ),
}


def plain(name: str) -> str:
    return "_".join(words(name))


def is_covariate(name: str) -> bool:
    return bool(set(words(name)) & COVARIATE_WORDS) and plain(name) not in TARGET_NAMES[:-1]  # a price alone explains others


def are_siblings(one: str, other: str) -> bool:
    """Return True for names of three words or more that differ in one word: Share of electricity - Wind and … - Solar."""
    first, second = words(one), words(other)
    return len(first) == len(second) > 2 and sum(a != b for a, b in zip(first, second, strict=True)) == 1


def telling_names(names: list[str]) -> list[str]:
    """Return the names that are usual for a target, the most usual first; beside open, high and low, the closing price first."""
    order = (*_CLOSING, *TARGET_NAMES) if {"open", "high", "low"} <= {plain(n) for n in names} else TARGET_NAMES
    return sorted(names_that(names, lambda n: plain(n) in TARGET_NAMES), key=lambda n: order.index(plain(n)))


def kind_of_name(name: str) -> str:
    """Return a name without its number or letter, which makes the names of series of one kind equal."""
    return "" if len(name) <= 2 else re.sub(r"\d+|[_ -][A-Za-z]$", "", name)
