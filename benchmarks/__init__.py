"""One command for each benchmark; RESULTS.md says what was measured, on what, when."""
