"""The built page. A file whose name holds a digest of its content never changes; any other is asked for again."""

from __future__ import annotations

from pathlib import Path

from aiohttp import web

from server.paths import PathError, inside

FOREVER = "public, max-age=31536000, immutable"
ASK_AGAIN = "no-cache"
HASHED = "assets"
"""The folder in which the build puts files named by their content."""
NOT_BUILT = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Latent Loom</title>
<body style="font: 16px/1.6 system-ui; max-width: 36rem; margin: 15vh auto; padding: 0 1rem">
<h1>The page is not built yet</h1>
<p>The server runs, but the page it should show is missing. In the folder of the source code, run</p>
<pre>python web/build.py</pre>
<p>and load this page again. A package installed with pip brings the page with it; if this is one,
install it again.</p>
</body></html>
"""


def add_page(app: web.Application, root: Path) -> None:
    """Routes for the page in the folder `root`: everything that is not under /api."""

    async def index(request: web.Request) -> web.StreamResponse:
        path = root / "index.html"
        if not path.is_file():
            return web.Response(text=NOT_BUILT, status=503, content_type="text/html")
        return web.FileResponse(path, headers={"Cache-Control": ASK_AGAIN})

    async def asset(request: web.Request) -> web.StreamResponse:
        name = request.match_info["path"]
        path = find(root, name)
        if path is None:
            raise web.HTTPNotFound
        caching = FOREVER if name.startswith(f"{HASHED}/") else ASK_AGAIN
        return web.FileResponse(path, headers={"Cache-Control": caching})

    app.router.add_get("/", index)
    app.router.add_get("/{path:(?!api/|api$).+}", asset)


def find(root: Path, name: str) -> Path | None:
    """A file of the page; None when there is none of this name inside the folder."""
    try:
        path = inside(root, name)
    except PathError:
        return None
    return path if path.is_file() else None
