"""Turn quantiles into a Forecast and its scores. This room knows a Forecaster only as a Protocol."""
