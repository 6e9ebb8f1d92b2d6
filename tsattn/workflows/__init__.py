"""Implementation of the functions of tsattn.api: plan a run, find a model, train, score, collect results."""
