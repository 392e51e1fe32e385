"""Packs: every file and folder in here is found and loaded by itself (see docs/writing-nodes.md)."""
