"""What the worker says of files and memory that a job lacks."""

from __future__ import annotations

from nodes.api.said import Sentence

FILE_LEADS_OUT = Sentence("file.leads-out", "{file} is a link that leads out of the models folders, to {target}.")
NAME_FOLDER = Sentence(
    "fix.name-folder", "Start with --models {folder}, or name that folder in extra_model_paths.yaml."
)

COMPUTING_NEEDS = Sentence(
    "memory.computing-needs", "This takes more than {size} to compute; {free} of {total} are free, and {holders}."
)
MODEL_NEEDS = Sentence("memory.model-needs", "{model} needs {size}; {free} of {total} are free, and {holders}.")
NO_HOLDERS = Sentence("memory.no-holders", "no model holds any of it")
HOLDERS = Sentence("memory.holders", "models hold {size} ({models})")
SMALLER_PICTURE = Sentence("fix.smaller-picture", "Make the picture or the batch smaller, or close other programs.")
SMALLER_MODEL = Sentence(
    "fix.smaller-model", "Close other programs, take a smaller model, or start with --memory {mode}."
)

PROMPT_UNREADABLE = Sentence("failure.prompt-unreadable", "The prompt cannot be read: {why}")
WORKER_FAILED = Sentence("failure.worker-failed", "The worker failed: {why}")
SEND_AGAIN = Sentence("fix.send-again", "Send the workflow again.")
REPORT = Sentence("fix.report", "Report this with its traceback.")
