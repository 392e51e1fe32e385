"""Every refusal as an answer in words: the outermost layer, which the page and /api share."""

from __future__ import annotations

import errno

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler

from server import sentences as say
from server.answers import ApiError, error_response

STATUS_FIXES = {
    404: "Look at /api/openapi.json for what there is.",
    405: "Look at /api/openapi.json for the methods of this address.",
    413: "Send less at once.",
}
FULL = (errno.ENOSPC, errno.EDQUOT)


@web.middleware
async def answer_faults(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Nothing that is expected leaves this as an exception."""
    try:
        return await handler(request)
    except ApiError as error:
        fault = error
    except TimeoutError:
        fault = ApiError(408, say.TOO_SLOW(), say.SEND_AGAIN())
    except OSError as error:
        if error.errno not in FULL:
            raise
        fault = ApiError(507, say.DISK_FULL(), say.MAKE_ROOM())
    except web.HTTPException as error:
        if error.status < 400:
            raise
        fault = ApiError(
            error.status,
            f"{request.method} {request.path[:200]}: {error.reason}.",
            STATUS_FIXES.get(error.status, "Correct the request."),
            {name: value for name, value in error.headers.items() if name == hdrs.ALLOW},
        )
    response = error_response(fault)
    if request.can_read_body and not request.content.is_eof():
        response.force_close()  # What is unread may be endless: this connection is not used again.
    return response
