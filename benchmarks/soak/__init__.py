"""Campaigns that try to break tsattn: mutated files, kills, signals, full disks, locks, hostile names, broken models."""
