"""What the routes work with: made once at start, handed to each, never global."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from server import sentences as say
from server.answers import ApiError
from server.catalogue import CatalogueShelf
from server.config import Config
from server.dispatch import Dispatcher
from server.gallery.keeper import Gallery
from server.graph.catalogue import Catalogue
from server.sockets import Hub
from server.store.database import Database

CATALOGUE_WAIT = 20.0
"""Seconds a request waits for the very first catalogue of a new home folder."""


@dataclass(frozen=True)
class Services:
    """`description` gives the OpenAPI text; `clock` the seconds since 1970."""

    config: Config
    version: str
    hub: Hub
    database: Database
    shelf: CatalogueShelf
    dispatcher: Dispatcher
    gallery: Gallery
    clock: Callable[[], float]
    description: Callable[[], bytes]

    async def catalogue(self) -> Catalogue:
        """The catalogue. Raises ApiError while there is none."""
        state = self.dispatcher.keeper.state
        wait = CATALOGUE_WAIT if state.worker == "starting" else 0.0
        catalogue = await self.shelf.wait(wait)
        if catalogue is None:
            raise ApiError(
                503,
                say.NOT_LOADED(detail=state.detail),
                say.TRY_IN_SECONDS(),
                {"Retry-After": "3"},
            )
        return catalogue
