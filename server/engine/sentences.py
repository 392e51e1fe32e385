"""What is said of a run: why nodes run or need not, and why a run cannot go on."""

from __future__ import annotations

from nodes.api.said import Sentence

# ---------------------------------------------------------------- why a node runs, or need not

FIRST_RUN = Sentence("reason.first-run", "first run")
UNCHANGED = Sentence("reason.unchanged", "unchanged")
NEVER_CACHED = Sentence("reason.never-cached", "never cached")
SEEN_BEFORE = Sentence("reason.seen-before", "seen before")
NOT_KEPT = Sentence("reason.not-kept", "no longer in the cache")
FILE_GONE = Sentence("reason.file-gone", "its file is gone or changed")
DAMAGED = Sentence("reason.damaged", "its kept result was damaged")
TWIN = Sentence("reason.twin", "the same as another node")
NOT_NEEDED = Sentence("reason.not-needed", "not needed")
KEPT_AFTER = Sentence("reason.kept-after", "what comes of it is kept")
CODE_CHANGED = Sentence("reason.code-changed", "the node's code or device changed")
FINGERPRINT_CHANGED = Sentence("reason.fingerprint-changed", "its fingerprint changed")
NOW = Sentence("reason.now", "{input} is now {value}")
ADDED = Sentence("reason.added", "{input} added")
REMOVED = Sentence("reason.removed", "{input} removed")
CHANGED = Sentence("reason.changed", "{input} changed")
CHANGED_FROM_TO = Sentence("reason.changed-from-to", "{input} changed from {old} to {new}")
FILE_CHANGED = Sentence("reason.file-changed", "file changed: {file}")
LINKED = Sentence("reason.linked", "{input} is linked to {node}")
NOW_LINKED = Sentence("reason.now-linked", "{input} is now linked to {node}")
CHANGED_AT = Sentence("reason.changed-at", "{input} changed (from {node})")
TWO = Sentence("reason.two", "{first}, {second}")
AND_MORE = Sentence("reason.and-more", "{first}, {second} and {count} more")

OTHER_VALUE = Sentence("shown.other", "another value")
ON = Sentence("shown.on", "on")
OFF = Sentence("shown.off", "off")
NOTHING = Sentence("shown.none", "nothing")

# ---------------------------------------------------------------- where

TURN = Sentence("where.turn", "{title}, time {number}")
TURN_OF = Sentence("where.turn-of", "{title}, time {number} of {of}")
WITHIN = Sentence("where.within", "{outer}{place}: ")
AT = Sentence("where.at", "{where}{title}")

# ---------------------------------------------------------------- why a run cannot go on

NODE_SAYS = Sentence("failure.node-says", "{title}: {what}")
OUT_OF_MEMORY = Sentence("failure.out-of-memory", "the memory did not suffice.")
OUT_OF_MEMORY_AS = Sentence("failure.out-of-memory-as", "the memory did not suffice. {detail}")
OUT_OF_MEMORY_FOR = Sentence(
    "failure.out-of-memory-for", "the memory did not suffice when it asked for {amount}. {detail}"
)
ASKED_TO_EXIT = Sentence("failure.asked-to-exit", "it asked the program to exit ({code}).")
INTERRUPTED = Sentence("failure.interrupted", "it raised KeyboardInterrupt.")
DISK_FULL = Sentence("failure.disk-full", "the disk is full.")
CALLED_TOO_DEEP = Sentence("failure.called-too-deep", "it called itself too deep.")
NO_NODE_TO_RUN = Sentence("failure.no-node-to-run", "There is no node {node} to run to.")
NEEDS_ITSELF = Sentence("failure.needs-itself", "Node {node} needs its own result.")
TOO_MANY_IN_LOOP = Sentence(
    "failure.too-many-in-loop", "{where}: with it there would be more than {most:,} nodes to run."
)
NODE_NOT_INSTALLED = Sentence("failure.not-installed", "Node {node} is of the type '{type}', which is not installed.")

SMALLER = Sentence("fix.smaller", "Use a smaller size or batch, close other programs, or choose a smaller model.")
MAY_NOT_END = Sentence("fix.may-not-end", "A node may not end the program; see its traceback.")
MAKE_ROOM = Sentence("fix.disk-full", "Make room on it, then run again; the cache can be cleared in the menu.")
SEE_TRACEBACK = Sentence("fix.see-traceback", "See the traceback for the function that does.")
CHOOSE_RUNNING_NODE = Sentence("fix.choose-running-node", "Choose a node that runs.")
REMOVE_ONE_LINK = Sentence("fix.remove-one-link", "Remove one link of the circle.")
FEWER_TIMES = Sentence("fix.fewer-times", "Let it run fewer times, or on fewer items.")
INSTALL_ITS_PACK = Sentence("fix.install-its-pack", "Install its pack.")
