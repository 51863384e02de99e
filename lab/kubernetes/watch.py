"""Follows objects of the API server: created, changed and deleted ones."""

import http.client
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from lab.kubernetes.api import Api

_PAUSE = 0.3


class Watch:
    """A list of objects that is kept up to date by a thread of its own."""

    def __init__(self, api: Api, path: str, changed: Callable[[Mapping[str, Any]], None]) -> None:
        """Prepare to follow.

        Args:
            api: The API server.
            path: The path of a collection.
            changed: Is called with all objects by their uid after every change, from the watch's thread.
        """
        self._api = api
        self._path = path
        self._changed = changed
        self._objects: dict[str, Any] = {}

    def start(self) -> None:
        """Begin to follow, until the program ends."""
        threading.Thread(target=self._follow, name=f"watch {self._path}", daemon=True).start()

    def _follow(self) -> None:
        while True:
            try:
                self._list_and_watch()
            except (OSError, http.client.HTTPException, ValueError):
                # The server is being restarted, or has forgotten where we were.
                time.sleep(_PAUSE)

    def _list_and_watch(self) -> None:
        collection = self._api.get(self._path)
        self._objects = {item["metadata"]["uid"]: item for item in collection["items"]}
        self._changed(dict(self._objects))
        version = collection["metadata"]["resourceVersion"]
        while True:
            for event in self._api.watch(self._path, version):
                content = event["object"]
                if event["type"] == "ERROR":
                    message = f"the watch of {self._path} ended: {content.get('message')}"
                    raise OSError(message)
                version = content["metadata"]["resourceVersion"]
                if event["type"] == "DELETED":
                    self._objects.pop(content["metadata"]["uid"], None)
                elif event["type"] != "BOOKMARK":
                    self._objects[content["metadata"]["uid"]] = content
                if event["type"] != "BOOKMARK":
                    self._changed(dict(self._objects))
