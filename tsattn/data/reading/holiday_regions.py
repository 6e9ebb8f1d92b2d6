"""Regions of `--holidays`: `DE` for all series, `shop_fr=FR` for one of them or for a value of an item column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tsattn.data.name_parts import BETWEEN
from tsattn.data.names import did_you_mean
from tsattn.errors import ConfigError


@dataclass(frozen=True)
class HolidayRegions:
    """`usual`: regions of series without one of their own. `named`: pairs of a series, or part of its name, and a region."""

    usual: tuple[str, ...]
    named: tuple[tuple[str, str], ...]

    @classmethod
    def parse(cls, texts: Sequence[str]) -> HolidayRegions:
        """Read `DE` and `shop_fr=FR`. Raises ConfigError for a pair that lacks a part."""
        usual, named = [], []
        for text in texts:
            name, equals, region = (part.strip() for part in text.rpartition("="))
            if not equals:
                usual.append(region)
            elif name and region:
                named.append((name, region))
            else:
                raise ConfigError(f"--holidays {text}: write SERIES=REGION", "for example: --holidays shop_de=DE,shop_fr=FR")
        return cls(tuple(dict.fromkeys(usual)), tuple(named))

    def all(self) -> tuple[str, ...]:
        """Return each region once."""
        return tuple(dict.fromkeys((*self.usual, *(region for _, region in self.named))))

    def sets(self) -> tuple[frozenset[str], ...]:
        """Return the sets of regions that some series observe."""
        own: dict[str, set[str]] = {}
        for name, region in self.named:
            own.setdefault(name, set()).add(region)
        return tuple(dict.fromkeys(frozenset(some) for some in (self.usual, *own.values()) if some))

    def check(self, item_ids: Sequence[str]) -> None:
        """Raise ConfigError for a name that is neither a series nor a part of the name of one."""
        known = dict.fromkeys((*item_ids, *(part for item in item_ids for part in item.split(BETWEEN))))
        for name, region in self.named:
            if name not in known:
                said = f"--holidays {name}={region}: the data has no series {name!r}"
                raise ConfigError(said, did_you_mean(name, known, "series"))

    def of_items(self, item_ids: Sequence[str]) -> np.ndarray:
        """Return (S, R) bool: True for the regions (see `all`) of each series, else of parts of its name, else the usual ones."""
        place = {region: k for k, region in enumerate(self.all())}
        own: dict[str, list[int]] = {}
        for name, region in self.named:
            own.setdefault(name, []).append(place[region])
        usual = [place[region] for region in self.usual]
        out = np.zeros((len(item_ids), len(place)), bool)
        for i, item in enumerate(item_ids):
            parts = [k for part in item.split(BETWEEN) for k in own.get(part, ())]
            out[i, own.get(item) or parts or usual] = True
        return out
