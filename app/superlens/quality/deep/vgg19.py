"""VGG19: the convolutions of a published network, with weights from a user's file alone.

Source: Simonyan, Zisserman, ICLR (2015), arXiv 1409.1556, configuration E; taps before the
rectifier as in Wang et al., ESRGAN, ECCV Workshops (2018), doi 10.1007/978-3-030-11021-5_5.
"""

import torch
from torch import Tensor, nn

from superlens.core.method import Weights
from superlens.quality.deep.networks import frozen, per_channel, three_channels

BLOCKS: tuple[tuple[int, int], ...] = ((64, 2), (128, 2), (256, 4), (512, 4), (512, 4))
"""Width and number of convolutions between two poolings."""
TAPS: tuple[str, ...] = ("conv1_2", "conv2_2", "conv3_4", "conv4_4", "conv5_4")
SMALLEST_SIDE = 16
"""Four poolings halve it to a single pixel."""
PART = "network"
_MEAN = (0.485, 0.456, 0.406)
_STD = (0.229, 0.224, 0.225)


class Vgg19(nn.Module):
    """Five taps of the network, from fine to coarse."""

    mean: Tensor
    std: Tensor

    def __init__(self, blocks: tuple[tuple[int, int], ...] = BLOCKS) -> None:
        """Build it with random weights."""
        super().__init__()
        self.features = nn.ModuleDict()
        self._steps: list[tuple[int, str | None]] = []
        index, channels = 0, 3
        for number, (width, convolutions) in enumerate(blocks, 1):
            for position in range(1, convolutions + 1):
                # Keys count rectifiers and poolings too, as the published file does.
                self.features[str(index)] = nn.Conv2d(channels, width, 3, padding=1)
                is_last = position == convolutions
                self._steps.append((index, f"conv{number}_{position}" if is_last else None))
                index, channels = index + 2, width
            index += 1
        self.register_buffer("mean", per_channel(_MEAN), persistent=False)
        self.register_buffer("std", per_channel(_STD), persistent=False)

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        """Give the responses of the last convolution of each block before its rectifier.

        Args:
            x: (N, 1, Y, X) in [0, 1], at least 16 pixels on each side.

        Returns:
            `conv1_2`, `conv2_2`, `conv3_4`, `conv4_4`, `conv5_4`: (N, C, Y / 2^k, X / 2^k).
        """
        x = (three_channels(x) - self.mean) / self.std
        taps: dict[str, Tensor] = {}
        for index, tap in self._steps:
            x = self.features[str(index)](x)
            if tap is not None:
                taps[tap] = x
            x = torch.relu(x)
            if tap is not None and len(taps) < len(TAPS):
                x = nn.functional.max_pool2d(x, 2)
        return taps


def load_vgg19(weights: Weights) -> Vgg19:
    """Build the network from imported weights, frozen.

    Args:
        weights: the part `network` with `features.N.weight` and `.bias`.

    Raises:
        CorruptModel: the weights do not fit.
    """
    tensors = weights.parts.get(PART, {})
    network = Vgg19(_blocks_of(tensors) if tensors else BLOCKS)
    frozen(network, tensors, "VGG19")
    return network


def _blocks_of(tensors: dict) -> tuple[tuple[int, int], ...]:
    """Give the widths that a file has, so that a narrow copy can be tried."""
    widths: list[int] = []
    index = 0
    for width, convolutions in BLOCKS:
        found = tensors.get(f"features.{index}.weight")
        widths.append(width if found is None else int(found.shape[0]))
        index += 2 * convolutions + 1
    return tuple((w, count) for w, (_, count) in zip(widths, BLOCKS, strict=True))
