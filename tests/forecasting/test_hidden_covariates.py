"""Forecasts of a network whose covariates are hidden: they depend on the target and the calendar alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tests import tiny
from tsattn.data.windows import rolling_origins
from tsattn.forecasting.hidden_covariates import HiddenCovariates
from tsattn.forecasting.predict import predict_windows
from tsattn.model import runtime


def test_when_covariates_are_hidden_then_the_forecast_depends_on_none_of_them(saved_with_covariates):
    panel, network = tiny.with_covariates(), runtime.load(saved_with_covariates, "torch")
    hidden = HiddenCovariates(network)
    assert (hidden.covariates, hidden.pass_steps, hidden.name) == (True, network.pass_steps, network.name)
    origins = rolling_origins(panel, 12, 2)

    def forecast(forecaster, panel):
        return next(predict_windows(forecaster, panel, origins, 12, network.quantiles))[2]

    base = forecast(hidden, panel)
    assert np.isfinite(base).all()
    assert not np.allclose(base, forecast(network, panel))
    for name in ("past", "known", "static"):
        values = np.random.default_rng(7).normal(0, 3, getattr(panel, name).shape).astype(np.float32)
        other = replace(panel, **{name: values})
        np.testing.assert_array_equal(base, forecast(hidden, other))
        assert not np.allclose(forecast(network, panel), forecast(network, other))
    dates = replace(panel, start=panel.start + np.timedelta64(5, "h"))
    assert not np.allclose(base, forecast(hidden, dates))
