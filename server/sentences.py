"""What the web process says: how the worker fares, and requests that it refuses."""

from __future__ import annotations

from nodes.api.said import Sentence

# ---------------------------------------------------------------- the worker

STARTING = Sentence("worker.starting", "The worker is starting.")
STOPPING = Sentence("worker.stopping", "The server is stopping.")
CANNOT_START = Sentence("worker.cannot-start", "The worker cannot be started: {why}.")
SLOW_START = Sentence("worker.slow-start", "The worker had not read its nodes after {seconds} s, and was started anew.")
CANCEL_UNHEARD = Sentence(
    "worker.cancel-unheard", "The worker did not stop when the job was cancelled, and was started anew."
)
END_UNHEARD = Sentence("worker.end-unheard", "The worker did not end when it was asked to, and was killed.")
NO_MESSAGE = Sentence("worker.no-message", "The worker sent something that is not a message ({why}) and was ended.")
CRASHED_AS = Sentence("worker.crashed-as", "The worker {how}, code {code}.")
VIOLATION = Sentence("worker.violation", "crashed in native code (access violation)")
NO_MEMORY = Sentence("worker.no-memory", "ran out of memory")
STACK_OVERFLOW = Sentence("worker.stack-overflow", "crashed in native code (stack overflow)")
ENDED_OUTSIDE = Sentence("worker.ended-outside", "was ended from outside")
HEAP_CORRUPTION = Sentence("worker.heap-corruption", "crashed in native code (heap corruption)")
BUFFER_OVERRUN = Sentence("worker.buffer-overrun", "crashed in native code (buffer overrun)")
OUT_OF_MEMORY = Sentence("worker.out-of-memory", "The worker ran out of memory (exit code {code}).")
ENDED_BY_ITSELF = Sentence(
    "worker.ended-by-itself", "The worker ended by itself in the middle of its work (exit code 0)."
)
ENDED_WITH = Sentence("worker.ended-with", "The worker ended with exit code {code}.")
KILLED = Sentence("worker.killed", "The worker was killed (signal 9), often because the computer ran out of memory.")
TERMINATED = Sentence("worker.terminated", "The worker was ended from outside (signal 15).")
CRASHED = Sentence("worker.crashed", "The worker crashed in native code (signal {number}, {name}).")
SAID_LAST = Sentence("worker.said-last", "{what} It said last: {line}")
ENDED_AGAIN = Sentence(
    "worker.ended-again", "{what} It has ended {times} times in a row; the next start is in {seconds} s."
)
ENDED_TWICE = Sentence("worker.ended-twice", "The server ended twice while this job was running.")

FREE_MEMORY = Sentence("fix.free-memory", "Close other programs or make the picture smaller, then run again.")
BLAME_NATIVE = Sentence(
    "fix.blame-native",
    "A node pack, a driver or a library is to blame; the last lines of the worker's log may name it.",
)
RUN_AGAIN = Sentence("fix.run-again", "The next job runs in a fresh worker; run this one again to try once more.")
TAKE_EXIT_OUT = Sentence(
    "fix.take-exit-out", "A node or a pack called sys.exit or os._exit; take that call out or remove the pack."
)
LOOK_AT_LOG = Sentence(
    "fix.look-at-log", "Something in the job may have ended it; look at the server's log, then run the job again."
)

# ---------------------------------------------------------------- requests

QUEUE_FULL = Sentence("http.queue-full", "{count:,} jobs are waiting already.")
JOB_NOT_WAITING = Sentence("http.job-not-waiting", "One of the two jobs does not wait in the queue any more.")
NO_JOB = Sentence("http.no-job", "There is no job {job}.")
NOT_LOADED = Sentence("http.not-loaded", "The nodes are not loaded yet. {detail}")
CANNOT_SAY = Sentence("http.cannot-say", "The worker cannot say: {why}.")
TOO_SLOW = Sentence("http.too-slow", "The request took too long to arrive.")
DISK_FULL = Sentence("http.disk-full", "The server's disk is full.")
NO_DATABASE = Sentence("http.no-database", "The database cannot be used: {why}.")
TOO_LARGE = Sentence("http.too-large", "The request is larger than {size} MB.")
NO_PICTURE = Sentence("http.no-picture", "This is not a picture that can be read ({why}).")
TOO_MANY_PIXELS = Sentence("http.too-many-pixels", "The picture has more than {count} million pixels.")
NO_FILE = Sentence("http.no-file", "There is no file {file}.")
NO_RESULT = Sentence("http.no-result", "There is no result {result}.")
NO_ZIP = Sentence("http.no-zip", "This ZIP file is not prepared any more.")
NO_INDEX = Sentence(
    "http.no-index", "Words cannot be searched for: the SQLite of this Python lacks full-text search (FTS5)."
)
NO_WORKFLOW = Sentence("http.no-workflow", "There is no saved workflow {workflow}.")
NO_REVISION = Sentence("http.no-revision", "There is no revision {revision} of the workflow {workflow}.")
NO_MODEL = Sentence("http.no-model", "There is no model {model}.")

WAIT_OR_CANCEL = Sentence("fix.wait-or-cancel", "Try again when some are done, or cancel some.")
TRY_IN_SECONDS = Sentence("fix.try-in-seconds", "Try again in a few seconds.")
TRY_WHEN_READY = Sentence("fix.try-when-ready", "Try again when it is ready.")
SEND_AGAIN = Sentence("fix.send-request-again", "Send it again.")
MAKE_ROOM = Sentence("fix.make-room", "Make room on it; the cache can be cleared in the menu.")
MAKE_ROOM_THEN = Sentence("fix.make-room-then", "Make room on the disk, then try again.")
SEND_LESS = Sentence("fix.send-less", "Send less at once.")
UPLOAD_PICTURE = Sentence("fix.upload-picture", "Upload a PNG, JPEG, WebP, GIF, BMP or TIFF picture.")
SMALLER_FIRST = Sentence("fix.smaller-first", "Make it smaller first.")
MOVED_OR_DELETED = Sentence("fix.moved-or-deleted", "It may have been moved or deleted.")
MAY_BE_DELETED = Sentence("fix.may-be-deleted", "It may have been deleted.")
EXPORT_AGAIN = Sentence("fix.export-again", "Export the results again.")
USE_FILTERS = Sentence(
    "fix.use-filters",
    "Filters such as is:starred and after: work all the same; a Python from python.org has FTS5.",
)
