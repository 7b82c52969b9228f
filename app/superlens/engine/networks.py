"""Networks that stay loaded between jobs: a batch does not load its model for every image."""

from collections.abc import Callable, Hashable
from typing import Any


class NetworkCache:
    """Keeps the network that was used last."""

    def __init__(self) -> None:
        self._key: Hashable = None
        self._network: Any = None

    def get(self, key: Hashable, load: Callable[[], Any]) -> Any:
        """Give the network of a key, loading it if another one was used last.

        Args:
            key: hash of the weights and the device.
            load: builds the network.
        """
        if self._network is None or self._key != key:
            self.clear()
            self._network = load()
            self._key = key
        return self._network

    def clear(self) -> None:
        """Forget the network."""
        self._key = self._network = None
