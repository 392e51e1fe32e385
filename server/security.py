"""Who may ask: this computer's own page and programs without a browser. Every refusal is decided here.

Fails closed: a request that does not show that it is meant for this server is answered 403.
"""

from __future__ import annotations

import ipaddress

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware

from server.answers import ApiError
from server.config import StartError

SAFE_METHODS = frozenset({hdrs.METH_GET, hdrs.METH_HEAD})
METHODS = SAFE_METHODS | {hdrs.METH_POST, hdrs.METH_PUT, hdrs.METH_DELETE}
PAGE_POLICY = (
    "default-src 'self'; img-src 'self' blob: data:; style-src 'self' 'unsafe-inline'; connect-src 'self'; "
    "object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": PAGE_POLICY,
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
}
HOST_FIX = "Open the address that `loom serve` prints, with 127.0.0.1 or localhost in it."
ORIGIN_FIX = "Only the page that this server serves may do this."


def require_loopback(host: str) -> None:
    """Raise StartError for an address that other computers can reach."""
    try:
        loopback = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise StartError(
            f"Latent Loom serves this computer only, and {host!r} is not an address of it alone.",
            "Use 127.0.0.1, which is the default; serving other computers needs a login, which comes later.",
        )


def allowed_hosts(host: str, port: int) -> frozenset[str]:
    """The values of the Host header that mean this server, which listens on `host`."""
    names = {"127.0.0.1", "localhost", "[::1]", f"[{host}]" if ":" in host else host}
    bare = names if port == 80 else set()
    return frozenset({*(f"{name}:{port}" for name in names), *bare})


def is_upgrade(request: web.Request) -> bool:
    return request.headers.get(hdrs.UPGRADE, "").lower() == "websocket"


def check_origin(request: web.Request, hosts: frozenset[str]) -> None:
    """Raise ApiError for a request that changes something or opens a socket on behalf of another site."""
    origins = request.headers.getall(hdrs.ORIGIN, [])
    own = {f"http://{host}" for host in hosts}
    if any(origin.lower() not in own for origin in origins):
        raise ApiError(403, f"A page from {origins[0][:100]!r} may not use this server.", ORIGIN_FIX)
    if request.headers.get("Sec-Fetch-Site", "none") not in ("same-origin", "none"):
        raise ApiError(403, "A page from another site may not use this server.", ORIGIN_FIX)


def check_request(request: web.Request, hosts: frozenset[str]) -> None:
    """Raise ApiError for everything that must not reach a route."""
    named = request.headers.getall(hdrs.HOST, [])
    if len(named) != 1 or named[0].lower() not in hosts:
        raise ApiError(403, f"This server does not answer to the host {', '.join(named)[:100]!r}.", HOST_FIX)
    if request.method not in METHODS:
        raise ApiError(405, f"The method {request.method[:20]} is not used here.", "Use GET, POST, PUT or DELETE.")
    if request.method not in SAFE_METHODS or is_upgrade(request):
        check_origin(request, hosts)
    if request.headers.get(hdrs.CONTENT_ENCODING, "identity").lower() != "identity":
        raise ApiError(415, "Compressed requests are not accepted.", "Send the body as it is.")


def guard(hosts: frozenset[str]) -> Middleware:
    """The middleware that checks every request before its route; `hosts` are the names of this server."""

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        check_request(request, hosts)
        return await handler(request)

    return check


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """A signal that comes with every answer, errors of the framework included."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
