"""Benchmarks, one command each. RESULTS.md has the results, with settings and dates."""
