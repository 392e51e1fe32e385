"""`@node`: a typed function becomes a `Node`, still callable as the function it was.

Nothing is registered: the loader collects the `Node` objects of a module, as pytest collects tests.
"""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic, ParamSpec, TypeVar

from nodes.api.reading import Signature, read_signature, words
from nodes.api.schema import NodeError, NodeSchema
from nodes.api.vocabulary import pack_of

P = ParamSpec("P")
R = TypeVar("R")
Upgrade = Callable[[dict[str, Any]], dict[str, Any]]


@dataclass(frozen=True, eq=False)
class Node(Generic[P, R]):
    """A decorated function. `signature` is what binding needs and the schema, being plain data, cannot hold."""

    function: Callable[P, R]
    schema: NodeSchema
    signature: Signature
    fingerprint: Callable[..., object] | None = None
    upgrades: dict[int, Upgrade] = field(default_factory=dict)
    source_digest: str = ""
    """Of the function's source: editing a node makes its kept results stale."""
    finishes: bool = False
    """Whether it may run beside the sampling of another job."""

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        return self.function(*args, **kwargs)

    def upgrade(self, *, from_version: int) -> Callable[[Upgrade], Upgrade]:
        """Register the step that turns inputs saved by `from_version` into those of the next version."""
        name, version = self.schema.id, self.schema.version
        if not 1 <= from_version < version:
            raise NodeError(
                f"{name}: upgrade(from_version={from_version}) leads to no version of this node, which is at "
                f"{version}; write a number from 1 to {version - 1}, or raise version= in @node"
            )
        if from_version in self.upgrades:
            raise NodeError(f"{name}: two upgrades from version {from_version}; keep one")

        def register(step: Upgrade) -> Upgrade:
            self.upgrades[from_version] = step
            return step

        return register


def node(
    *bare: Callable[..., Any],
    category: str = "",
    title: str = "",
    version: int = 1,
    output: bool = False,
    cache: bool = True,
    fingerprint: Callable[..., object] | None = None,
    finishes: bool = False,
    mixes_families: bool = False,
) -> Callable[[Callable[P, R]], Node[P, R]]:
    """Declare a node; docs/writing-nodes.md shows the whole vocabulary on one page.

    Args:
        category: Where the palette lists it, "image/composite".
        title: Its name for people; the function's name in words unless given.
        version: Raise it when inputs change their names or meaning, and add an `upgrade`.
        output: Run it although it returns something; one that returns None runs in any case.
        cache: False runs it anew every time, and everything after it. An output is reused only while the
            files it saved are still there.
        fingerprint: Called with the node's widget inputs (those it names); its answer joins the cache key.
        finishes: It turns what was computed into what is seen, as decoding and saving do, and shares nothing with other
            nodes but its inputs: it may run on a thread beside the nodes of the next job.
        mixes_families: Let models, texts and latents of different families in, which are otherwise refused.
    """
    if bare:
        raise no_category(getattr(bare[0], "__name__", "node"))

    def declare(function: Callable[P, R]) -> Node[P, R]:
        if not inspect.isfunction(function):
            name = getattr(function, "__name__", function)
            raise NodeError(f"{name}: only a function can be a node; put @node on a 'def'")
        name = function.__name__
        check_options(name, category, version, function)
        signature = read_signature(function)
        pack = pack_of(function.__module__)
        schema = NodeSchema(
            id=f"{pack}/{name}" if pack else name,
            title=title or words(name),
            category=category,
            help=signature.help.text,
            version=version,
            inputs=tuple(parameter.input for parameter in signature.parameters),
            outputs=signature.outputs,
            is_output=output or not signature.outputs,
            is_async=inspect.iscoroutinefunction(function),
            cached=cache,
            wants_context=signature.context,
            pack=pack,
            type_variables=signature.type_variables,
            mixes_families=mixes_families,
        )
        if fingerprint is not None:
            check_fingerprint(schema, fingerprint)
        digest = digest_source(function)
        return Node(function, schema, signature, fingerprint, source_digest=digest, finishes=finishes)

    return declare


def no_category(name: str) -> NodeError:
    return NodeError(f"{name}: @node lacks its category; write '@node(category=\"image\")'")


def check_options(name: str, category: str, version: int, function: Callable[..., Any]) -> None:
    if not category or not isinstance(category, str):
        raise no_category(name)
    if isinstance(version, bool) or not isinstance(version, int) or version < 1:
        raise NodeError(f"{name}: version={version!r}; versions count 1, 2, 3")
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise NodeError(f"{name}: a node returns its result once; return a list instead of using 'yield'")


def check_fingerprint(schema: NodeSchema, fingerprint: Callable[..., object]) -> None:
    """A fingerprint is asked before anything runs, so it can know constants only."""
    if inspect.iscoroutinefunction(fingerprint):
        raise NodeError(f"{schema.id}: its fingerprint is 'async def'; write a plain 'def'")
    known = {found.name: found for found in schema.inputs}
    for name, parameter in inspect.signature(fingerprint).parameters.items():
        if parameter.kind is inspect.Parameter.VAR_KEYWORD:
            continue
        if name not in known:
            raise NodeError(f"{schema.id}: its fingerprint takes '{name}', which is no input; use the node's names")
        if known[name].widget is None or known[name].lazy:
            raise NodeError(
                f"{schema.id}: its fingerprint takes '{name}', whose value comes through a link and is not known "
                "before the run; leave it out: what is linked joins the key by itself"
            )


def digest_source(function: Callable[..., Any]) -> str:
    try:
        source = inspect.getsource(function).encode()
    except (OSError, TypeError):  # typed into a console, or shipped without source
        code = function.__code__
        source = code.co_code + repr((code.co_consts, code.co_names)).encode()
    return hashlib.sha256(source).hexdigest()
