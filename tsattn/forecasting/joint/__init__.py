"""Series that lead each other: finding the leads, and forecasts that use them."""
