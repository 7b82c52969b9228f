"""Networks that stay loaded between jobs: a batch does not load its model for every image."""

from collections.abc import Callable, Hashable
from typing import Any


class NetworkCache:
    """Keeps the networks of the model that was used last."""

    def __init__(self) -> None:
        self._model: Hashable = None
        self._networks: dict[Hashable, Any] = {}

    def get(self, model: Hashable, load: Callable[[], Any], form: Hashable = None) -> Any:
        """Give the network of a model in a form, loading it if it is not there.

        Args:
            model: hash of the weights and the device; another one forgets all that is loaded.
            load: builds the network.
            form: which of its networks, such as its precision.
        """
        if self._model != model:
            self.clear()
            self._model = model
        if form not in self._networks:
            self._networks[form] = load()
        return self._networks[form]

    def clear(self) -> None:
        """Forget the networks."""
        self._model = None
        self._networks = {}
