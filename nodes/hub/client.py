"""Talks to a hub through huggingface_hub: what a repository holds, and the bytes of one file, resumed where they ended.

Only `python -m nodes.hub` imports this: the library decides at its import whether there is a network.
The library's own download begins anew after an interruption; so the bytes go through its `http_get`, which can
go on, and whether they are the right ones is checked here, by hash.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from huggingface_hub import HfApi, constants, get_hf_file_metadata, hf_hub_url
from huggingface_hub.errors import (
    EntryNotFoundError,
    GatedRepoError,
    HfHubHTTPError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.file_download import http_get
from huggingface_hub.utils import build_hf_headers  # type: ignore[attr-defined]  # public, but for its __init__

from nodes.hub.names import Wanted

HOME = "https://huggingface.co"
SHA256_LETTERS, SHA1_LETTERS = 64, 40
CLIENT_ERROR: type[Exception] = HfHubHTTPError.__mro__[1]
"""What the HTTP library under huggingface_hub raises: which library that is differs by version."""
constants.DOWNLOAD_CHUNK_SIZE = 2**20
"""A tenth of the library's own: so much is lost when a line breaks, and so often progress is told."""
Told = Callable[[int], None]
"""Called with the bytes of the file that are here."""


class HubError(Exception):
    """Something could not be fetched: what happened, and what to do."""

    def __init__(self, what: str, fix: str) -> None:
        super().__init__(f"{what} {fix}")
        self.what, self.fix = what, fix


@dataclass(frozen=True)
class RemoteFile:
    """A file of a repository. `sha256` or, for small ones, `git` (the hash of a git blob) says what it must hold."""

    path: str
    size: int
    sha256: str = ""
    git: str = ""


@dataclass(frozen=True)
class Repository:
    """What a repository held at one commit, by path. Sizes and hashes are asked for file by file."""

    name: str
    commit: str
    files: tuple[str, ...]


class Hub:
    """One hub, and who asks. The token is sent to the hub alone and told to nobody."""

    def __init__(self, endpoint: str = "", token: str = "") -> None:
        self.endpoint = (endpoint or os.environ.get("HF_ENDPOINT") or HOME).rstrip("/")
        # What was saved by a login is for the hub it was made for; HF_TOKEN is for the one that was named with it.
        self._token: Any = token or (None if self.endpoint == HOME else False)

    def look(self, wanted: Wanted) -> Repository:
        """What the repository holds. Raises HubError."""
        with self._in_words(wanted):
            info = HfApi(self.endpoint, token=self._token).model_info(wanted.repo, revision=wanted.revision)
            names = tuple(sibling.rfilename for sibling in info.siblings or ())
            return Repository(wanted.repo, str(info.sha or wanted.revision), names)

    def ask(self, wanted: Wanted, commit: str, path: str) -> RemoteFile:
        """The size and the hash of a file. Raises HubError."""
        with self._in_words(wanted):
            url = hf_hub_url(wanted.repo, path, revision=commit, endpoint=self.endpoint)
            found = get_hf_file_metadata(url, token=self._token, endpoint=self.endpoint, retry_on_errors=True)
            tag, size = found.etag or "", found.size
        if size is None:
            raise HubError(f"The hub does not say how large {path} is.", "Try again later, or another --endpoint.")
        kinds = {SHA256_LETTERS: "sha256", SHA1_LETTERS: "git"}
        return RemoteFile(path, size, **({kinds[len(tag)]: tag} if len(tag) in kinds else {}))

    def fetch(self, wanted: Wanted, commit: str, file: RemoteFile, part: Path, told: Told) -> None:
        """Write the bytes into `part`, after those it holds. Raises HubError; what has arrived stays."""
        have = part.stat().st_size if part.exists() else 0
        if have > file.size:
            part.unlink()
            have = 0
        with self._in_words(wanted), part.open("ab") as target:
            url = hf_hub_url(wanted.repo, file.path, revision=commit, endpoint=self.endpoint)
            bar: Any = Counter(told, have)
            try:
                http_get(
                    url, target, resume_size=have, headers=build_hf_headers(token=self._token),
                    expected_size=file.size, displayed_filename=file.path, _tqdm_bar=bar,
                )  # fmt: skip
            except HfHubHTTPError:
                raise
            except ValueError as error:
                what = f"{file.path} is too large for plain HTTP, as this hub has it."
                raise HubError(what, "Fetch it with the hub's own program, `hf`.") from error
            except OSError as error:
                if error.errno is not None:
                    raise  # of the disk
                what = f"{file.path} came in another size than {self.endpoint} promised."
                raise HubError(what, "Pull again; if that does not help, the source is damaged.") from error

    @contextmanager
    def _in_words(self, wanted: Wanted) -> Iterator[None]:
        """Within, what the library raises becomes a HubError."""
        repo, where = wanted.repo, self.endpoint
        try:
            yield
        except GatedRepoError as error:
            raise HubError(
                f"{repo} is gated: its owner asks for consent first, and knows of none by {self._who()}.",
                f"Open {where}/{repo}, accept its terms, make a token at {where}/settings/tokens "
                "and set it in the environment as HF_TOKEN.",
            ) from error
        except RevisionNotFoundError as error:
            raise HubError(f"{repo} has no revision {wanted.revision}.", "Leave --revision out for main.") from error
        except EntryNotFoundError as error:
            raise HubError(f"{repo} has no file {wanted.file or 'of that name'}.", "Look at the name again.") from error
        except RepositoryNotFoundError as error:
            raise HubError(
                f"There is no repository {repo} at {where}, or it is private.",
                "Look at the name again; for a private one set a token in the environment as HF_TOKEN.",
            ) from error
        except OfflineModeIsEnabled as error:
            raise HubError("HF_HUB_OFFLINE is set: nothing may be fetched.", "Unset it, then pull again.") from error
        except HfHubHTTPError as error:
            raise self._refused(repo, error) from error
        except CLIENT_ERROR as error:
            raise HubError(
                f"The hub at {where} cannot be reached ({type(error).__name__}: {error}).",
                "Look at the network and pull again: what has arrived is kept.",
            ) from error

    def _refused(self, repo: str, error: HfHubHTTPError) -> HubError:
        status = error.response.status_code
        if status in (401, 403):
            return HubError(
                f"The hub refuses {repo} to {self._who()} ({status}).",
                "Set a token that may read it in the environment as HF_TOKEN.",
            )
        if status == 404:
            return HubError(f"{self.endpoint} has nothing of the name {repo}.", "Look at the name and the address.")
        return HubError(f"The hub answers {repo} with an error ({status}).", "Try again later.")

    def _who(self) -> str:
        return "the owner of this token" if self._token else "a request without a token"


class Counter:
    """Hears from the library how many bytes have arrived, as a progress bar would."""

    def __init__(self, told: Told, have: int) -> None:
        self._told, self._have = told, have

    def update(self, count: int) -> None:
        self._have += count
        self._told(self._have)
