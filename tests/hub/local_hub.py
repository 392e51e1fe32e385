"""A hub on this computer: answers over real sockets as huggingface.co does, and misbehaves when it is told to.

Large files are redirected to a second port, as the real one redirects to its storage; the token must stop before it.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

COMMIT = "c0ffee" + "0" * 34
LARGE = 1000
"""Bytes from which a file is kept apart, with its sha256 for an ETag."""
TOKEN = "hf_canary"


@dataclass
class LocalHub:
    """`repos` by name: the content of each file by its path."""

    repos: dict[str, dict[str, bytes]]
    url: str = ""
    storage: str = ""
    gated: set[str] = field(default_factory=set)
    """Repositories whose files need the token."""
    private: set[str] = field(default_factory=set)
    cuts: list[int] = field(default_factory=list)
    """After so many bytes each of the next answers with a large file breaks off."""
    released: threading.Event = field(default_factory=threading.Event)
    """An answer that is cut after no byte comes when this is set, as on a line that is there and carries nothing."""
    damaged: bool = False
    """Whether large files are served with other bytes than were promised."""
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    """Method, path and range of every request."""
    tokens: set[tuple[str, str]] = field(default_factory=set)
    """Who ("hub", "storage") was sent which Authorization."""


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def git_hash(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


@contextmanager
def serving(repos: dict[str, dict[str, bytes]]) -> Iterator[LocalHub]:
    """A hub that holds these repositories, until the end of the block."""
    hub = LocalHub(repos)
    servers = [Quiet(("127.0.0.1", 0), handler(hub, role)) for role in ("hub", "storage")]
    hub.url, hub.storage = (f"http://127.0.0.1:{server.server_address[1]}" for server in servers)
    for server in servers:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield hub
    finally:
        for server in servers:
            server.shutdown()
            server.server_close()


class Quiet(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that leave in the middle are what is tested."""


def handler(hub: LocalHub, role: str) -> type[BaseHTTPRequestHandler]:
    """The answers of one of the two ports."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: Any) -> None:
            """Tests read `asked`."""

        def do_HEAD(self) -> None:
            self.respond()

        def do_GET(self) -> None:
            self.respond()

        def respond(self) -> None:
            path = unquote(self.path.partition("?")[0])
            hub.asked.append((self.command, path, self.headers.get("Range", "")))
            if "Authorization" in self.headers:
                hub.tokens.add((role, self.headers["Authorization"]))
            if role == "storage":
                held = (content for files in hub.repos.values() for content in files.values())
                self.send_content(next(content for content in held if path[1:] == sha256(content)))
            elif found := re.fullmatch(r"/api/models/([^/]+/[^/]+)/revision/(.+)", path):
                self.send_listing(*found.groups())
            elif found := re.fullmatch(r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)", path):
                self.send_file(*found.groups())
            else:
                self.refuse(404, "NotFound")

        @property
        def allowed(self) -> bool:
            return self.headers.get("Authorization") == f"Bearer {TOKEN}"

        def send_listing(self, repo: str, revision: str) -> None:
            if repo not in hub.repos or (repo in hub.private and not self.allowed):
                self.refuse(404 if self.allowed else 401, "RepoNotFound")
            elif revision not in ("main", "old", COMMIT):
                self.refuse(404, "RevisionNotFound")
            else:
                names = [{"rfilename": name} for name in ["README.md", *hub.repos[repo]]]
                body = {"id": repo, "modelId": repo, "sha": COMMIT, "siblings": names, "tags": [], "downloads": 0}
                self.send_body(json.dumps(body).encode(), {"Content-Type": "application/json"})

        def send_file(self, repo: str, revision: str, name: str) -> None:
            content = hub.repos.get(repo, {}).get(name)
            if content is None:
                self.refuse(404, "EntryNotFound")
            elif repo in hub.gated and not self.allowed:
                self.refuse(403 if "Authorization" in self.headers else 401, "GatedRepo")
            elif len(content) < LARGE:
                self.send_content(content, {"ETag": f'"{git_hash(content)}"', "X-Repo-Commit": COMMIT})
            else:
                self.send_response(302)
                linked = {"X-Linked-Size": str(len(content)), "X-Linked-ETag": f'"{sha256(content)}"'}
                place = {"Location": f"{hub.storage}/{sha256(content)}", "X-Repo-Commit": COMMIT, "Content-Length": "0"}
                self.end(linked | place)

        def send_content(self, content: bytes, headers: dict[str, str] | None = None) -> None:
            whole = len(content)
            found = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
            start = int(found[1]) if found else 0
            if hub.damaged and whole >= LARGE:
                content = bytes(byte ^ 1 for byte in content)
            more = {"Content-Range": f"bytes {start}-{whole - 1}/{whole}"} if found else {}
            cut = hub.cuts.pop(0) if hub.cuts and whole >= LARGE and self.command == "GET" else None
            self.send_body(content[start:], {**(headers or {}), **more}, 206 if found else 200, cut)

        def send_body(self, body: bytes, headers: dict[str, str], status: int = 200, cut: int | None = None) -> None:
            self.send_response(status)
            self.end({"Content-Length": str(len(body)), **headers})
            if cut == 0:
                hub.released.wait(60)
            if self.command == "GET":
                self.wfile.write(body if cut is None else body[:cut])
            if cut is not None:
                self.wfile.flush()
                self.close_connection = True

        def refuse(self, status: int, code: str) -> None:
            self.send_response(status)
            self.end({"X-Error-Code": code, "X-Error-Message": "no", "Content-Length": "0"})

        def end(self, headers: dict[str, str]) -> None:
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()

    return Handler
