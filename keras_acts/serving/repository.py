"""All models of the service, and new versions of their files."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from kserve import ModelRepository
from kserve.errors import InvalidInput, ModelNotFound
from kserve.protocol.model_repository_extension import ModelRepositoryExtension

from keras_acts.serving import metrics
from keras_acts.serving.errors import LOGGER
from keras_acts.serving.loading import ProviderUnavailableError, Stamp, stamp_of
from keras_acts.serving.model import OnnxModel
from keras_acts.serving.settings import Settings

_LONGEST_WAIT = 60.0
_REFUSALS = (ValueError, OSError, ProviderUnavailableError)
"""What `load` raises of a file."""


class OnnxRepository(ModelRepository):
    """The models by name. Nothing outside of the settings' files is ever read."""

    def __init__(self, settings: Settings) -> None:
        """Load every file.

        Raises:
            ValueError: One is refused.
        """
        super().__init__()
        self._settings = settings
        self._loading = asyncio.Lock()
        for name, path in settings.files().items():
            self.update(OnnxModel(name, path, settings))

    async def load(self, name: str) -> bool:
        """Take the present version of a model's file.

        Raises:
            ModelNotFound: The service has no such model.
            InvalidInput: The file is refused; the older version stays.
        """
        model = self.get_model(name)
        if model is None:
            raise ModelNotFound(name)
        async with self._loading:
            try:
                loaded = await asyncio.to_thread(model.fresh)
            except _REFUSALS as error:
                metrics.reloaded(name, taken=False)
                raise InvalidInput(
                    f"The new version of {name!r} is refused; the older one stays. "
                    f"Received: {_without_folder(error, model.path)}"
                ) from error
            model.take(loaded)
        metrics.reloaded(name, taken=True)
        LOGGER.info("%s has a new version, %s", name, model.properties)
        return True

    async def watch(self) -> None:
        """Take new versions as they appear, until the task is cancelled."""
        tries: dict[str, _Try] = {}
        while True:
            await asyncio.sleep(self._settings.watch)
            for name, path in self._files().items():
                one = tries.setdefault(name, _Try(self._settings.watch))
                await one.look(path, self._present(name), self._taker(name, path))

    def _files(self) -> dict[str, Path]:
        try:
            return {**self.paths(), **self._settings.files()}
        except _REFUSALS as error:
            LOGGER.warning("A folder can't be read: %s", error)
            return self.paths()

    def paths(self) -> dict[str, Path]:
        """Return the file of each model."""
        return {name: model.path for name, model in self.get_models().items()}

    def _present(self, name: str) -> Stamp | None:
        model = self.get_model(name)
        return None if model is None else model.loaded.stamp

    def _taker(self, name: str, path: Path) -> Callable[[], Awaitable[object]]:
        if self.get_model(name) is not None:
            return lambda: self.load(name)
        return lambda: self._add(name, path)

    async def _add(self, name: str, path: Path) -> None:
        """Serve a file that came into a folder."""
        try:
            model = await asyncio.to_thread(OnnxModel, name, path, self._settings)
        except _REFUSALS as error:
            raise InvalidInput(f"{name!r} is refused. Received: {error}") from error
        self.update(model)
        LOGGER.info("%s is served as well, %s", name, model.properties)


class _Try:
    """When a file that was refused is looked at again: it may be half written."""

    def __init__(self, first: float) -> None:
        self._first = self._wait = first
        self._left = 0.0
        self._refused: Stamp | None = None

    async def look(
        self, path: Path, present: Stamp | None, take: Callable[[], Awaitable[object]]
    ) -> None:
        """Take a file that is another than the present one."""
        try:
            found = stamp_of(path)
        except OSError:
            return  # the version in memory stays
        if found == present:
            self._refused = None
            return
        same = found == self._refused
        self._left -= self._first
        if same and self._left > 0:
            return
        try:
            await take()
            self._refused = None
        except InvalidInput as error:
            if not same:
                LOGGER.error("%s", error)
                self._wait = self._first
            self._refused = found
            self._wait = self._left = min(2 * self._wait, _LONGEST_WAIT)


class Extension(ModelRepositoryExtension):
    """What clients may do to the models: have a file read again, and nothing else."""

    def __init__(self, repository: OnnxRepository) -> None:
        super().__init__(repository)
        self._repository = repository

    async def load(self, model_name: str) -> dict[str, object]:
        """Take the present version of a model's file, as the repository does."""
        await self._repository.load(model_name)
        return {"name": model_name, "load": True}

    async def unload(self, model_name: str) -> dict[str, object]:
        """Refuse: a client would end the model for all others.

        Raises:
            InvalidInput: Always.
        """
        raise InvalidInput(
            "Models are not unloaded by requests; stop the service, or start it with "
            f"other files. Received: {model_name!r}"
        )


def _without_folder(error: Exception, path: Path) -> str:
    """Return an error for clients, who shall not learn where files lie."""
    return str(error).replace(str(path), path.name).replace(str(path.parent), "")
