"""Cancelling inside a network: its layers ask after every call whether the job shall go on."""

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from typing import Any, cast


@contextmanager
def interruptible(network: Any, check: Callable[[], None]) -> Generator[None]:
    """Make every layer of a network call `check` while the block runs.

    One tile of a large network takes many seconds on a CPU; its longest layer well under one.

    Args:
        network: a torch module, or an object whose attributes or items are some; else nothing is
            watched.
        check: may raise to stop the network where it is.
    """

    def ask(_layer: Any, _inputs: Any) -> None:
        check()

    handles = [layer.register_forward_pre_hook(ask) for layer in _layers(network)]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _layers(network: Any) -> Iterator[Any]:
    from torch import nn

    for found in (network, *_parts(network)):
        if isinstance(found, nn.Module):
            yield from (layer for layer in found.modules() if not any(layer.children()))
            if found is network:
                return


def _parts(network: Any) -> tuple[Any, ...]:
    if isinstance(network, dict):
        return tuple(cast("dict[Any, Any]", network).values())
    if isinstance(network, tuple | list):
        return tuple(cast("list[Any]", network))
    return tuple(getattr(network, "__dict__", {}).values())
