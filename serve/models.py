"""The models that are served, by name; the highest version of each, and how a newer one takes its place without a failed request."""

import asyncio
import logging
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from nmt.errors import ConfigError, ModelError
from nmt.model_directory import MANIFEST_FILE, model_versions, read_manifest
from serve.batcher import BatchLimits, BatchObserver
from serve.directions import Directions
from serve.loaded_model import LoadedModel, load_checked, make_batcher
from serve.settings import Settings

State = Literal["START", "LOADING", "AVAILABLE", "UNLOADING", "END"]
"""Of a version, in TensorFlow Serving's words."""

NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")
log = logging.getLogger("serve.models")


@dataclass
class Served:
    """One name: where its versions come from, the one that is served, and how each has fared."""

    name: str
    model: str
    current: LoadedModel | None = None
    states: dict[int, tuple[State, str]] = field(default_factory=dict)  # by version: state and what went wrong
    refused: set[tuple[Path, int]] = field(default_factory=set)  # versions that are not tried again, with the time of their MODEL.json


class ModelObserver(Protocol):
    """Who is told of models; see `serve.metrics`."""

    def model_loaded(self, name: str, version: int, loaded: bool) -> None:
        """A version begins or ends to be served."""

    def model_refused(self, name: str) -> None:
        """A version could not be taken."""


class Models:
    """The registry."""

    def __init__(self, settings: Settings, observer: Callable[[str, int], BatchObserver], told: ModelObserver) -> None:
        """Resolve what is to be served, without loading it.

        Raises:
            ConfigError: nothing to serve, a bad name, or two models of one name.
            ModelError: something that is no model.
        """
        self.settings, self._observer, self._told = settings, observer, told
        self.served: dict[str, Served] = {}
        for argument in settings.models:
            name, model = _named(argument)
            if name in self.served:
                raise ConfigError(f"two models are called {name!r}: give one another name with NAME=MODEL")
            self.served[name] = Served(name, model)
        if not self.served:
            raise ConfigError("nothing to serve: give one or more models, as in nmt serve runs/demo")
        self._watching: asyncio.Task[None] | None = None
        self._closing: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Load every model, then watch for newer versions.

        Raises:
            ModelError: a model of which no version can be served.
        """
        for served in self.served.values():
            await self._load_first(served)
        self._watching = asyncio.get_running_loop().create_task(self._watch())

    async def close(self) -> None:
        """Stop watching, and end every model when its last request has ended."""
        if self._watching:
            self._watching.cancel()
            with suppress(asyncio.CancelledError):
                await self._watching
        await asyncio.gather(*(model.close() for model in self.loaded), *self._closing)

    @property
    def loaded(self) -> list[LoadedModel]:
        """The version of each model that is served now."""
        return [served.current for served in self.served.values() if served.current]

    @property
    def directions(self) -> Directions:
        """All directions of all models that are served now."""
        return Directions(one for model in self.loaded for one in model.directions)

    async def look_for_versions(self) -> None:
        """Take a newer version of each model, if there is one and it is good."""
        for served in self.served.values():
            with suppress(ModelError):  # the folder is gone for the moment: what is loaded goes on
                newest = model_versions(served.model)[0]
                if served.current and newest != served.current.directory.path and not self._is_refused(served, newest):
                    await self._replace(served, newest)

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(self.settings.poll_seconds)
            try:
                await self.look_for_versions()
            except Exception:  # the watcher must outlive whatever one folder does to it
                log.exception("looking for versions failed")

    async def _load_first(self, served: Served) -> None:
        problem: ModelError | None = None
        for folder in model_versions(served.model):
            try:
                served.current = await self._load(served, folder)
            except ModelError as error:
                problem = problem or error
                continue
            if problem:
                log.error("%s; version %d is served instead", problem, served.current.version)
            return
        raise problem or ModelError(f"no version of {served.name} can be served")

    async def _replace(self, served: Served, folder: Path) -> None:
        try:
            new = await self._load(served, folder)
        except ModelError as error:
            log.error("%s; version %d goes on being served", error, served.current.version if served.current else 0)
            return
        old, served.current = served.current, new
        if old:
            served.states[old.version] = ("UNLOADING", "")
            ending = asyncio.get_running_loop().create_task(self._end(served, old))
            self._closing.add(ending)
            ending.add_done_callback(self._closing.discard)
        log.info("%s: version %d is served", served.name, new.version)

    async def _end(self, served: Served, old: LoadedModel) -> None:
        await old.close()
        served.states[old.version] = ("END", "")
        self._told.model_loaded(served.name, old.version, False)

    async def _load(self, served: Served, folder: Path) -> LoadedModel:
        number = int(folder.name) if folder.name.isdecimal() else 1
        served.states[number] = ("LOADING", "")
        settings = self.settings
        try:
            directory, translator, speed = await asyncio.to_thread(load_checked, folder, settings.threads, settings.batch_sentences)
        except ModelError as error:
            served.states[number] = ("END", str(error))
            served.refused.add(_stamp(folder))
            self._told.model_refused(served.name)
            raise
        limits = BatchLimits(
            settings.batch_sentences,
            settings.batch_pieces,
            settings.batch_wait_ms / 1000,
            settings.queue_pieces,
            settings.cache_mebibytes << 20,
        )
        batcher = make_batcher(translator, speed, limits, self._observer(served.name, directory.version))
        batcher.start()
        served.states[directory.version] = ("AVAILABLE", "")
        self._told.model_loaded(served.name, directory.version, True)
        return LoadedModel(served.name, directory, translator, batcher)

    def _is_refused(self, served: Served, folder: Path) -> bool:
        """A bad version is tried again only when it has been written again."""
        return _stamp(folder) in served.refused


def _named(argument: str) -> tuple[str, str]:
    name, equals, model = argument.partition("=")
    if not equals or "/" in name:
        model = argument
        name = read_manifest(model_versions(model)[0] / MANIFEST_FILE).name
    else:
        model_versions(model)
    if not NAME.fullmatch(name):
        raise ConfigError(f"{name!r} cannot name a model: letters, digits and _ . - (64 at most); give another with NAME=MODEL")
    return name, model


def _stamp(folder: Path) -> tuple[Path, int]:
    manifest = folder / MANIFEST_FILE
    return folder, manifest.stat().st_mtime_ns if manifest.exists() else 0
