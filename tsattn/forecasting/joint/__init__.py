"""Series that inform each other: which leads which, and forecasts that use it."""
