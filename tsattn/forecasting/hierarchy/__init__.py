"""Series that are sums of others, and forecasts that add up."""
