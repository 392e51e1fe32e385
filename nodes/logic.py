"""Nodes that route values without changing them."""

from __future__ import annotations

from typing import TypeVar

from nodes.api import Lazy, node

T = TypeVar("T")


@node(category="logic")
async def switch(use_first: bool, first: Lazy[T], second: Lazy[T]) -> T:
    """Pass on one of two values; the other is not even computed.

    Args:
        use_first: On passes the first value on, off the second.
        first: Any value.
        second: A value of the same type.

    Returns:
        The chosen value.
    """
    return await first() if use_first else await second()
