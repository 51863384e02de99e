"""Decides whether a container runs its image or a stand-in, and has images pulled."""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lab.container_mode import ContainerMode
from lab.containers import pull_client
from lab.containers.start_errors import ContainerStartError

if TYPE_CHECKING:
    from lab.images.unpacked_image import UnpackedImage

_PULLS = 3
_MEMORY = 60.0
"""Seconds for which the answer to whether a registry is there counts, unless it has changed for the better."""

_DEFAULT_REGISTRY = "docker.io"
_LOG = logging.getLogger(__name__)

Secrets = Callable[[], Sequence[Mapping[str, Any]]]
"""Returns the pull secrets of a pod, each with its `name` and its `data`."""


class ImageSource:
    """The images of one lab."""

    def __init__(self, mode: Callable[[], ContainerMode], store: Path, server: Path) -> None:
        """Prepare to find images.

        Args:
            mode: Returns which of both new containers run.
            store: The folder of the images.
            server: The socket of what pulls: see lab.containers.pull_server.
        """
        self._mode = mode
        self._store = store
        self._server = server
        self._pulls: dict[str, asyncio.Task[None]] = {}
        self._slots = asyncio.Semaphore(_PULLS)
        self._held: set[str] = set()
        self._holds = ExitStack()
        self._registries: dict[str, tuple[float, asyncio.Task[bool]]] = {}

    async def is_image(self, container: Mapping[str, Any]) -> bool:
        """Say whether a new container runs its image: in mode `auto`, if it is cached or its registry answers."""
        mode = self._mode()
        if mode != "auto":
            return mode == "images"
        reference = container["image"]
        return await self.find(reference) is not None or await self._registry_answers(reference)

    async def find(self, reference: str) -> "UnpackedImage | None":
        """Return an image of the cache; from then on, nothing removes it from there as long as the lab runs."""
        if not self._store.exists():
            return None
        from lab.images.image_errors import ImagePullError  # here, since a lab with stand-ins alone never needs it
        from lab.images.image_store import ImageStore

        store = ImageStore(self._store)
        try:
            image = await asyncio.to_thread(store.find, reference)
            if image is not None and image.digest not in self._held:
                self._held.add(image.digest)
                self._holds.enter_context(store.hold(image))
        except ImagePullError:
            # It has no valid name, or was removed just now: a pull says so.
            return None
        return image

    async def provide(self, container: Mapping[str, Any], secrets: Secrets) -> "UnpackedImage":
        """Return the image of a container, pulled if it is not in the cache or its `imagePullPolicy` says so.

        Raises:
            ContainerStartError: It cannot be pulled, for the reason that a kubelet names.
        """
        reference, policy = container["image"], container.get("imagePullPolicy", "IfNotPresent")
        image = await self.find(reference)
        if image is None and policy == "Never":
            message = f'Container image "{reference}" is not present with pull policy of Never'
            raise ContainerStartError("ErrImageNeverPull", message)
        # A cached image is good enough where no registry is: a lab has to work on a train, too.
        if image is None or (policy == "Always" and await self._registry_answers(reference)):
            await self._pull(reference, await asyncio.to_thread(secrets))
            image = await self.find(reference)
        if image is None:
            raise ContainerStartError("ErrImagePull", f"{reference} was removed from the cache while it was pulled")
        return image

    async def _pull(self, reference: str, secrets: Sequence[Mapping[str, Any]]) -> None:
        """Pull an image; pods that want it at the same time wait for the same pull."""
        task = self._pulls.get(reference)
        if task is None:
            task = self._pulls[reference] = asyncio.create_task(self._pull_once(reference, secrets))
            task.add_done_callback(lambda _: self._pulls.pop(reference, None))
        await asyncio.shield(task)

    async def _pull_once(self, reference: str, secrets: Sequence[Mapping[str, Any]]) -> None:
        async with self._slots:
            _LOG.info("pulling %s", reference)
            try:
                reason, message = await asyncio.to_thread(pull_client.pull, self._server, reference, secrets)
            except OSError as error:
                reason, message = "ErrImagePull", str(error)
        if reason or message:
            raise ContainerStartError(reason or "ErrImagePull", message)

    async def _registry_answers(self, reference: str) -> bool:
        registry, slash, _ = reference.partition("/")
        if not slash or not ("." in registry or ":" in registry or registry == "localhost"):
            registry = _DEFAULT_REGISTRY
        asked, task = self._registries.get(registry, (0.0, None))
        if task is None or time.monotonic() - asked > _MEMORY:
            question = asyncio.to_thread(pull_client.does_registry_answer, self._server, reference)
            task = asyncio.create_task(question)
            self._registries[registry] = (time.monotonic(), task)
        return await asyncio.shield(task)
