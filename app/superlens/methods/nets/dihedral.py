"""The eight flips and quarter turns of a square grid, and their inverses."""

from torch import Tensor

MEMBERS = 8
"""Number of elements of the group; member 0 changes nothing."""


def transform(images: Tensor, member: int) -> Tensor:
    """Apply one flip / rotation to the last two axes.

    Args:
        images: (..., y, x).
        member: 0..7; bit 2 flips left-right first, the lower bits turn by that many right angles.

    Returns:
        The transformed images; odd members swap y and x.
    """
    flipped = images.flip(-1) if member & 4 else images
    return flipped.rot90(member & 3, (-2, -1))


def inverse(images: Tensor, member: int) -> Tensor:
    """Undo `transform` of the same member."""
    turned = images.rot90(-(member & 3), (-2, -1))
    return turned.flip(-1) if member & 4 else turned
