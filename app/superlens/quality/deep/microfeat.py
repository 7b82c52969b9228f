"""MicroFeat: our own small feature network for single-channel fluorescence.

Its features are logarithms of the mean squared responses of all its layers, in patches of 64 x 64
pixels, projected to 64 numbers. Energies, not means: noise has no mean. The weights are made by
`benchmarks/microfeat.py`; they ship only if they pass `feature_gate`.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from superlens.core.errors import CorruptModel
from superlens.core.method import Weights

PATCH_PX = 64
DIMENSIONS = 64
WIDTHS: tuple[int, ...] = (24, 48, 80, 112)
_LEAST_ENERGY = 1e-8
"""Of the picture's variance: quieter responses are rounding errors."""
_LEAST_SPREAD = 1e-6
"""A picture whose spread is below this share of its brightness is even."""
_BATCH = 64


@dataclass(frozen=True, slots=True)
class MicroFeatShape:
    """Shape of the network."""

    widths: tuple[int, ...] = WIDTHS
    """Feature maps of the stages; each stage but the first halves the picture."""
    dimensions: int = DIMENSIONS


class MicroFeat(nn.Module):
    """The network: (N, 1, 64, 64) of standardised pictures to (N, 64)."""

    def __init__(self, shape: MicroFeatShape | None = None) -> None:
        """Build it with random weights."""
        super().__init__()
        shape = shape or MicroFeatShape()
        before = (1, *shape.widths[:-1])
        self.entry = nn.ModuleList(
            nn.Conv2d(i, o, 3, stride=1 if n == 0 else 2, padding=1, padding_mode="reflect")
            for n, (i, o) in enumerate(zip(before, shape.widths, strict=True))
        )
        self.inner = nn.ModuleList(
            nn.Conv2d(width, width, 3, padding=1, padding_mode="reflect") for width in shape.widths
        )
        self.project = nn.Linear(2 * sum(shape.widths), shape.dimensions)

    def forward(self, x: Tensor) -> Tensor:
        """Give the features of patches."""
        return self.project(self.energies(x))

    def energies(self, x: Tensor) -> Tensor:
        """Give the logarithms of the mean squared responses, (N, responses)."""
        found: list[Tensor] = []
        for entry, inner in zip(self.entry, self.inner, strict=True):
            x = entry(x)
            found.append(_log_energy(x))
            x = inner(nn.functional.leaky_relu(x, 0.2))
            found.append(_log_energy(x))
            x = nn.functional.leaky_relu(x, 0.2)
        return torch.cat(found, 1)

    def taps(self, x: Tensor) -> dict[str, Tensor]:
        """Give the responses at the end of each stage before the rectifier, finest first."""
        found: dict[str, Tensor] = {}
        for number, (entry, inner) in enumerate(zip(self.entry, self.inner, strict=True), 1):
            x = inner(nn.functional.leaky_relu(entry(x), 0.2))
            found[f"stage{number}"] = x
            x = nn.functional.leaky_relu(x, 0.2)
        return found


def load_microfeat(weights: Weights) -> MicroFeat:
    """Build the network from its weights, frozen.

    Args:
        weights: the one part `network`; `architecture["widths"]` as `24,48,80,112`.

    Raises:
        CorruptModel: the weights do not fit the network.
    """
    widths = str(weights.architecture.get("widths") or ",".join(map(str, WIDTHS)))
    dimensions = int(weights.architecture.get("dimensions") or DIMENSIONS)
    shape = MicroFeatShape(tuple(int(one) for one in widths.split(",")), dimensions)
    network = MicroFeat(shape)
    tensors = {name: torch.from_numpy(v) for name, v in weights.parts.get("network", {}).items()}
    try:
        network.load_state_dict(tensors)
    except RuntimeError as error:
        raise CorruptModel(
            "The weights of the feature network do not fit it", "Install it again", str(error)
        ) from error
    return network.eval().requires_grad_(False)


def features(
    network: nn.Module, images: NDArray[np.float32], batch: int = _BATCH
) -> NDArray[np.float64]:
    """Give the features of patches.

    Args:
        network: a feature network on some device, (N, 1, Y, X) to (N, D).
        images: (N, Y, X), as the network wants them.
        batch: how many are computed at once.

    Returns:
        (N, D) float64.
    """
    device = next(network.parameters()).device
    found: list[NDArray[np.float64]] = []
    with torch.inference_mode():
        for start in range(0, len(images), batch):
            part = np.ascontiguousarray(images[start : start + batch, None], np.float32)
            answer = network(torch.from_numpy(part).to(device))
            found.append(answer.cpu().numpy().astype(np.float64))
    return np.concatenate(found) if found else np.zeros((0, DIMENSIONS))


def patches_of(picture: NDArray[np.float32], side: int = PATCH_PX) -> NDArray[np.float32]:
    """Cut a picture into patches side by side, after standardising it as a whole.

    Args:
        picture: (Y, X) in any units; what is left over at its far edges is not seen.
        side: of a patch.

    Returns:
        (N, side, side); the picture's mean became 0, its standard deviation 1 (0 for an even one).
        None of it changes when the picture's brightness is scaled or shifted.
    """
    return cut(standardised(picture), side)


def cut(picture: NDArray[np.floating], side: int) -> NDArray[np.float32]:
    """Cut (Y, X) into patches side by side, (N, side, side); what is left over is not seen."""
    rows, columns = picture.shape[0] // side, picture.shape[1] // side
    blocks = picture[: rows * side, : columns * side].reshape(rows, side, columns, side)
    return blocks.swapaxes(1, 2).reshape(rows * columns, side, side).astype(np.float32)


def standardised(picture: NDArray[np.float32]) -> NDArray[np.float32]:
    """Shift and scale a picture to mean 0 and standard deviation 1; an even one becomes 0."""
    values = np.asarray(picture, np.float64)
    centred = values - values.mean()
    spread = float(centred.std())
    if spread <= _LEAST_SPREAD * float(np.abs(values).max(initial=0.0)):
        return np.zeros(values.shape, np.float32)
    return (centred / spread).astype(np.float32)


def _log_energy(x: Tensor) -> Tensor:
    return torch.log(x.float().square().mean((2, 3)) + _LEAST_ENERGY)
