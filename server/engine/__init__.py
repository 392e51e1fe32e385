"""Runs a prompt: plan it, pull what its outputs need, keep what was made. No torch, no I/O beyond the cache."""
