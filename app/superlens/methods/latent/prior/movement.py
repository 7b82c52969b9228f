"""Pictures moved by a matrix, on a grid twice as fine so that little is lost.

Every step is linear and has second derivatives, which R1 through the augmentation needs.
"""

import math

import torch
from torch import Tensor
from torch.nn import functional

SYM6 = (
    0.015404109327027373,
    0.0034907120842174702,
    -0.11799011114819057,
    -0.048311742585633,
    0.4910559419267466,
    0.787641141030194,
    0.3379294217276218,
    -0.07263752278646252,
    -0.021060292512300564,
    0.04472490177066578,
    0.0017677118642428036,
    -0.007800708325034148,
)
"""Low-pass filter of the symlet of order 6: orthonormal, so that doubling with it and halving with
it reversed gives the picture back.

Source: Daubechies, Ten Lectures on Wavelets, SIAM 1992, doi:10.1137/1.9781611970104; chapter 8.
"""

_REACH = len(SYM6) // 4
"""Pixels of the given grid that half the filter covers."""
_ALIGN = len(SYM6) // 2 - 1
_MEAN_TAP = sum(index * tap for index, tap in enumerate(SYM6)) / sum(SYM6)
_DELAY = (len(SYM6) - 1 - 2 * _MEAN_TAP) / 4
"""Pixels by which the fine grid lies off the centre, as the filter is not symmetric: halving takes
it back, but what turns has to turn about the centre."""


def moved(x: Tensor, inverse: Tensor) -> Tensor:
    """Move pictures, continued by reflection.

    Args:
        x: (N, C, side, side).
        inverse: (N, 3, 3) on the CPU: from places of the result to places of `x`, in pixels from
            the centre.

    Returns:
        (N, C, side, side).
    """
    side = x.shape[-1]
    margin = _margin(inverse, side)
    # Reflection is of at most a side less one: what lies further out is continued by its edge.
    mirrored = functional.pad(x, (margin,) * 4, "reflect")
    fine = _doubled(functional.pad(mirrored, (_REACH,) * 4, "replicate"))
    edge = 2 * _REACH  # where the filter saw zeros
    fine = fine[..., edge:-edge, edge:-edge]
    grid = _places(inverse, side, margin).to(x)
    sampled = functional.grid_sample(fine, grid, "bilinear", "border", align_corners=False)
    return _halved(sampled)


def _margin(inverse: Tensor, side: int) -> int:
    """Give the pixels of reflection that the corners of the result reach into."""
    half = side / 2 + _REACH
    corners = torch.tensor([[-half, -half, 1], [half, -half, 1], [-half, half, 1], [half, half, 1]])
    reached = float((inverse[:, :2] @ corners.T).abs().max())
    return min(max(math.ceil(reached - side / 2), 0), side - 1)


def _places(inverse: Tensor, side: int, margin: int) -> Tensor:
    """Give where each pixel of the fine result comes from, -1..1 over the padded picture."""
    count = 2 * (side + 2 * _REACH)
    along = (torch.arange(count) + 0.5) / 2 - count / 4 + _DELAY
    y, x = torch.meshgrid(along, along, indexing="ij")
    places = torch.stack([x, y, torch.ones_like(x)], -1) @ inverse[:, None, :2].transpose(-1, -2)
    return (places - _DELAY) * (2 / (side + 2 * margin))


def _doubled(x: Tensor) -> Tensor:
    taps = _taps(x) * math.sqrt(2)
    wide = functional.conv_transpose2d(
        _planes(x), taps[None, None, None, :], stride=(1, 2), padding=(0, _ALIGN)
    )
    fine = functional.conv_transpose2d(
        wide, taps[None, None, :, None], stride=(2, 1), padding=(_ALIGN, 0)
    )
    return fine.reshape(*x.shape[:2], *fine.shape[2:])


def _halved(x: Tensor) -> Tensor:
    """Undo `_doubled`, and cut off the reach of the filter."""
    taps = _taps(x) / math.sqrt(2)
    edge = 2 * _REACH - _ALIGN
    planes = _planes(x)[..., edge:-edge, edge:-edge]
    tall = functional.conv2d(planes, taps[None, None, None, :], stride=(1, 2))
    small = functional.conv2d(tall, taps[None, None, :, None], stride=(2, 1))
    return small.reshape(*x.shape[:2], *small.shape[2:])


def _taps(like: Tensor) -> Tensor:
    return torch.tensor(SYM6, dtype=like.dtype, device=like.device)


def _planes(x: Tensor) -> Tensor:
    return x.reshape(-1, 1, *x.shape[2:])
