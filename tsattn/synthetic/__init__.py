"""Seeded generators of synthetic series for pre-training: weights in config.py, one room file a family, all in torch."""
