"""What the tensors of values on links have to look like, told where a value is made: at the node whose mistake it is.

Told by shape and dtype alone, which costs nothing. Whether their numbers are numbers is looked at where they are used.
"""

from __future__ import annotations

from typing import Any

from nodes.api.said import Said
from nodes.sentences import forms as say


class Malformed(ValueError):
    """A value that is not as its type says."""

    def __init__(self, what: Said) -> None:
        super().__init__(what)
        self.what, self.fix = what, say.TELL_AUTHOR()


def formed(tensor: Any, what: Said, *edges: str | int) -> Any:
    """The tensor as float32. Raises Malformed unless it has floating-point numbers and these edges.

    `what` is a noun for people. Edges are words, for any length of at least 1, or lengths.
    """
    dtype = getattr(tensor, "dtype", None)
    if not getattr(dtype, "is_floating_point", False):
        kind = str(dtype).removeprefix("torch.") if dtype is not None else type(tensor).__name__
        raise Malformed(say.OTHER_KIND(what=what, found=kind))
    shape = tuple(tensor.shape)
    fits = len(shape) == len(edges) and all(
        length == edge if isinstance(edge, int) else length >= 1 for length, edge in zip(shape, edges, strict=True)
    )
    if not fits:
        raise Malformed(say.OTHER_SIZES(what=what, found=by(shape) or "1", wanted=by(edges)))
    return tensor.float()


def by(edges: tuple[str | int, ...]) -> str:
    return " x ".join(str(edge) for edge in edges)
