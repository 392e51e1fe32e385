"""What a node is: a typed function, described well enough to draw, check, run and cache.

Authors import from here. The package uses the standard library alone and imports neither torch nor
the server, so every process can read a schema; it keeps no registry.
"""

from nodes.api.binding import Upgraded, apply_upgrades, bind, fingerprint_of
from nodes.api.declare import Node, node
from nodes.api.schema import Input, NodeError, NodeSchema, Output
from nodes.api.values import BadValue, coerce_constant
from nodes.api.vocabulary import (
    Bond,
    Cancelled,
    Choices,
    Context,
    ImageFile,
    Lazy,
    ModelFile,
    Number,
    Seed,
    Slider,
    SocketType,
    Text,
    Title,
    Widget,
    socket,
)

__all__ = [
    "BadValue",
    "Bond",
    "Cancelled",
    "Choices",
    "Context",
    "ImageFile",
    "Input",
    "Lazy",
    "ModelFile",
    "Node",
    "NodeError",
    "NodeSchema",
    "Number",
    "Output",
    "Seed",
    "Slider",
    "SocketType",
    "Text",
    "Title",
    "Upgraded",
    "Widget",
    "apply_upgrades",
    "bind",
    "coerce_constant",
    "fingerprint_of",
    "node",
    "socket",
]
