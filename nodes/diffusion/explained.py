"""What every refusal of this package has in common."""

from __future__ import annotations


class Explained(Exception):
    """What cannot be done and why, in words; `fix` says what to do."""

    def __init__(self, what: str, fix: str) -> None:
        super().__init__(what)
        self.what, self.fix = what, fix
