"""Seeded generators of synthetic series for pre-training, in PyTorch. Their weights are in config.py."""
