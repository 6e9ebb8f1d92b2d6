"""Turn quantiles into a Forecast and its scores. This package uses a Forecaster only as a Protocol."""
