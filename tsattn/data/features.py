"""Covariate features of a panel, as a model was trained with them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from tsattn.data.panel import Panel, Schema
from tsattn.errors import DataError


def with_features(panel: Panel, schema: Schema, name: str) -> Panel:
    """Return the panel, called `name` in errors, with exactly the covariates that a model was trained with, in its order.

    A reference level of the panel becomes a feature if the model has one for it. Raises DataError if the panel lacks a feature.
    """
    arrays: dict[str, Any] = {}
    names: dict[str, Any] = {"references": schema.references}
    for role in ("past", "known", "static"):
        wanted = getattr(schema, f"{role}_features")
        columns = [_feature(panel, role, feature, name) for feature in wanted]
        arrays[role] = np.stack(columns, 1) if columns else getattr(panel, role)[:, :0]
        names[role], names[f"{role}_features"] = getattr(schema, role), wanted
    return replace(panel, **arrays, schema=replace(panel.schema, **names))


def _feature(panel: Panel, role: str, feature: str, name: str) -> np.ndarray:
    """Return a feature (n,); that of a reference level is 1 less the other features of its column."""
    here, values = getattr(panel.schema, f"{role}_features"), getattr(panel, role)
    if feature in here:
        return np.asarray(values[:, here.index(feature)])
    column = panel.schema.column_of(feature)
    if column in getattr(panel.schema, role) and feature in panel.schema.references:
        return np.asarray(1 - values[:, [k for k, one in enumerate(here) if panel.schema.column_of(one) == column]].sum(1))
    raise DataError(
        f"{name}: no {role} covariate {feature!r}, which the model was trained with", f"it has: {', '.join(here) or 'none'}"
    )
