"""Which tiles a model takes on a device: what is the same on every run, never a measured time."""

from pathlib import Path
from typing import Any

from superlens.core.method import KnowsTiles, Method, MethodSpec, TileNeeds
from superlens.engine.device import ChosenDevice, device_memory_total
from superlens.engine.tiling import SMALLEST_TILE
from superlens.io.model_library import InstalledModel

_TILE_OUTPUT_PX = {"cpu": 1088, "mps": 1088, "cuda": 2176}
"""Side of an automatic tile's output."""
_LARGEST_TILE = {"cpu": 544, "mps": 544, "cuda": 1088}
"""With their feathers two of them cover a power of two."""
_LARGEST_TILE_IN_PARTS = 1088
"""The same for networks that work through a tile in parts: fewer halos are computed."""
_MEMORY_PART = 0.25
"""Of a device's memory that a tile may take."""
_LARGE_NETWORK_BYTES = 8_000_000
"""Size of the weights from which on a CPU takes tiles of half the side, so that no single layer
keeps a cancel waiting for more than a second."""


def tile_needs(method: Method, spec: MethodSpec, network: Any) -> TileNeeds:
    """Give what a loaded network needs of its tiles, or what its method says of all networks."""
    if isinstance(method, KnowsTiles):
        return method.tile_needs(network)
    return TileNeeds(spec.multiple, spec.halo)


def automatic_tile(
    model: InstalledModel, device: ChosenDevice, needs: TileNeeds, is_internal: bool
) -> int:
    """Give the side of a tile in low-resolution pixels.

    Args:
        model: its weights tell how large the network is.
        device: what it computes on.
        needs: of its tiles.
        is_internal: whether the method cuts its tiles by itself; then only memory counts.
    """
    largest, output = _LARGEST_TILE[device.id], _TILE_OUTPUT_PX[device.id]
    if device.id == "cpu" and needs.bytes_per_px > 0 and not is_internal:
        return _that_fits(
            min(_LARGEST_TILE_IN_PARTS, 2 * output // model.card.scale), device, needs
        )
    tile = min(largest, output // model.card.scale)
    size = sum((Path(model.folder) / file.name).stat().st_size for file in model.card.weights)
    tile = tile // 2 if device.id == "cpu" and size > _LARGE_NETWORK_BYTES else tile
    return _that_fits(tile, device, needs) if is_internal else tile


def _that_fits(tile: int, device: ChosenDevice, needs: TileNeeds) -> int:
    """Halve a tile until what it needs is a part of the memory of its device."""
    room = _MEMORY_PART * device_memory_total(device.id)
    while tile > SMALLEST_TILE and needs.bytes_per_px * (tile + 2 * needs.halo) ** 2 > room:
        tile //= 2
    return tile
