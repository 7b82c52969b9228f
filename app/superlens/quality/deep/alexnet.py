"""AlexNet and the linear heads of LPIPS, with weights from a user's files alone.

Source: Zhang, Isola, Efros, Shechtman, Wang, CVPR (2018), doi 10.1109/CVPR.2018.00068; version 0.1;
backbone: Krizhevsky, arXiv 1404.5997 (2014).
"""

from collections.abc import Mapping
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from superlens.core.errors import InvalidInput
from superlens.core.method import Weights
from superlens.quality.deep.networks import frozen, per_channel, three_channels

BACKBONE, HEADS = "backbone", "heads"
"""Parts of the weights."""
SMALLEST_SIDE = 63
"""Below it the last pooling has nothing to pool."""
_SHIFT = (-0.030, -0.088, -0.188)
_SCALE = (0.458, 0.448, 0.450)
_LEAST_NORM = 1e-10
_LAYERS: tuple[tuple[int, int, int, int, int], ...] = (
    (0, 64, 11, 4, 2),
    (3, 192, 5, 1, 2),
    (6, 384, 3, 1, 1),
    (8, 256, 3, 1, 1),
    (10, 256, 3, 1, 1),
)
"""Key in the published file, width, kernel, stride and padding of each convolution."""
_POOLED_BEFORE = (3, 6)


class AlexLpips(nn.Module):
    """The distance of two pictures in the features of AlexNet, weighted by learnt heads."""

    shift: Tensor
    scale: Tensor

    def __init__(self, widths: tuple[int, ...] | None = None) -> None:
        """Build it with random weights."""
        super().__init__()
        widths = widths or tuple(width for _, width, *_ in _LAYERS)
        self.features = nn.ModuleDict()
        self.lins = nn.ParameterList()
        channels = 3
        for (key, _, kernel, stride, padding), width in zip(_LAYERS, widths, strict=True):
            self.features[str(key)] = nn.Conv2d(channels, width, kernel, stride, padding)
            self.lins.append(nn.Parameter(torch.rand(1, width, 1, 1)))
            channels = width
        self.register_buffer("shift", per_channel(_SHIFT), persistent=False)
        self.register_buffer("scale", per_channel(_SCALE), persistent=False)

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        """Give the distance of each pair.

        Args:
            first: (N, 1, Y, X) in [0, 1], at least 63 pixels on each side.
            second: the same shape.

        Returns:
            (N,), 0 for equal pictures.
        """
        total = torch.zeros(len(first), device=first.device)
        for a, b, head in zip(self._taps(first), self._taps(second), self.lins, strict=True):
            apart = (_unit(a) - _unit(b)).square()
            total = total + (apart * head).sum(1).mean((1, 2))
        return total

    def _taps(self, x: Tensor) -> list[Tensor]:
        # The heads were learnt on pictures from -1 to 1.
        x = (2.0 * three_channels(x) - 1.0 - self.shift) / self.scale
        taps: list[Tensor] = []
        for key, *_ in _LAYERS:
            if key in _POOLED_BEFORE:
                x = nn.functional.max_pool2d(x, 3, 2)
            x = torch.relu(self.features[str(key)](x))
            taps.append(x)
        return taps


def load_lpips(weights: Weights) -> AlexLpips:
    """Build the network from imported weights, frozen.

    Args:
        weights: the parts `backbone` (`features.N.weight`, `.bias`) and `heads`
            (`linK.model.1.weight`).

    Raises:
        CorruptModel: the weights do not fit.
    """
    backbone, heads = weights.parts.get(BACKBONE, {}), weights.parts.get(HEADS, {})
    network = AlexLpips(_widths(backbone))
    lins = {f"lins.{k}": heads[name] for k in range(5) if (name := head_key(k)) in heads}
    frozen(network, {**backbone, **lins}, "AlexNet or its LPIPS heads")
    return network


def lpips(network: AlexLpips, first: NDArray[Any], second: NDArray[Any]) -> float:
    """Give the LPIPS distance of two pictures.

    Args:
        network: as loaded.
        first: (Y, X) in [0, 1]; values beyond are cut off.
        second: the same shape.

    Raises:
        InvalidInput: the pictures are too small.
    """
    if min(first.shape) < SMALLEST_SIDE:
        raise InvalidInput(
            f"LPIPS needs {SMALLEST_SIDE} pixels on each side, the picture has {min(first.shape)}",
            "Compare larger pictures.",
        )
    device = network.shift.device
    pair = [torch.from_numpy(p.astype("float32")).clamp(0, 1)[None, None] for p in (first, second)]
    with torch.inference_mode():
        return float(network(*(picture.to(device) for picture in pair))[0])


def head_key(number: int) -> str:
    """Give the name of a head's weight in the published file."""
    return f"lin{number}.model.1.weight"


def _widths(backbone: Mapping[str, NDArray[Any]]) -> tuple[int, ...]:
    keys = [(f"features.{key}.weight", width) for key, width, *_ in _LAYERS]
    return tuple(backbone[key].shape[0] if key in backbone else width for key, width in keys)


def _unit(x: Tensor) -> Tensor:
    return x / (x.square().sum(1, keepdim=True).sqrt() + _LEAST_NORM)
