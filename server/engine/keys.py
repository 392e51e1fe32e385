"""The Merkle key of a result: everything it depends on, and nothing else.

Node type, version and source, the constants, the contents of files, device and dtype, and for each link
the key of what it comes from. Never ids, titles or positions, so equal work is found wherever it stands.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from typing import Any

FORMAT = "loom-1"
"""Raise it when keys or the values kept under them change their meaning."""
LENGTH = 20
"""Bytes of a key."""


def result_key(
    type_digest: str,
    constants: Mapping[str, Any],
    links: Mapping[str, tuple[str, str]],
    contents: Mapping[str, str],
    fingerprint: str,
    nonce: str,
) -> str:
    """The key of one node's result.

    `constants` are plain data in the order of the schema, so their repr says all of them and the same in
    every process; `links` give the key and output of each source, `contents` the hashes of files.
    `nonce` makes a result that is never cached unlike any other.
    """
    return digest(repr((type_digest, constants, links, contents, fingerprint, nonce)))


def slot_of(key: str, paths: Iterable[str]) -> str:
    """Where the cache keeps the result of `key`.

    A node may put the path of its file into its result; so a file that moved makes its node run again,
    while everything after it, whose keys know only the contents, is reused.
    """
    return digest(repr((key, *paths)))


def new_nonce() -> str:
    return os.urandom(LENGTH).hex()


def digest(told: str) -> str:
    """The one hash that keys are made of."""
    return hashlib.blake2b(told.encode("utf-8", "surrogatepass"), digest_size=LENGTH).hexdigest()
