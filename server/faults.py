"""Every error that a route may raise, as an answer in words. The one place where exceptions become statuses."""

from __future__ import annotations

import logging

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler
from sqlalchemy.exc import DatabaseError

from server.answers import ApiError, error_response
from server.graph.reading import WorkflowError
from server.paths import PathError
from server.workers.questions import NoAnswerError

log = logging.getLogger(__name__)

STATUS_FIXES = {
    404: "Look at /api/openapi.json for what there is.",
    405: "Look at /api/openapi.json for the methods of this address.",
    413: "Send less at once.",
}


@web.middleware
async def answer_faults(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Outermost of the middlewares: nothing that is expected leaves it as an exception."""
    try:
        return await handler(request)
    except ApiError as error:
        fault = error
    except WorkflowError as error:
        fault = ApiError(error.status, error.what, error.fix)
    except PathError as error:
        fault = ApiError(400, str(error), "Name a file inside the folder, with forward slashes.")
    except NoAnswerError as error:
        fault = ApiError(503, f"The worker cannot say: {error}.", "Try again when it is ready.")
    except DatabaseError as error:
        log.error("The database failed: %s", error)
        fault = ApiError(503, f"The database cannot be used: {error.orig}.", "Make room on the disk, try again.")
    except TimeoutError:
        fault = ApiError(408, "The request took too long to arrive.", "Send it again.")
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
