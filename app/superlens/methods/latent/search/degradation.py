"""From a picture to its low-resolution picture, as matrices: exact, differentiable, any ratio.

A row of a matrix says how much of each pixel a low-resolution pixel gets; rows add up to 1.
"""

import functools
import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from superlens.core.errors import InvalidInput
from superlens.methods.latent.search.settings import Kernel

_KEYS = -0.5
_STEEP = -0.75
_CUBIC_REACH = 2
_GAUSSIAN_REACH = 6
"""Standard deviations."""
_LEAST_TERM = 1e-6
"""Of the largest singular value of a point spread function: smaller terms are left out."""


@dataclass(frozen=True, slots=True)
class Degradation:
    """A linear map of pictures (N, C, n, n) to (N, C, m, m), the same for every channel.

    Any point spread function is a sum of separable ones, so that every term is a matrix for rows
    and one for columns.
    """

    side: int
    """n."""
    low_side: int
    """m; n has to be a multiple of it."""
    kernel: Kernel = Kernel.BICUBIC
    row_blurs: Tensor | None = None
    """(K, n, n) before the kernel, along rows of pixels; None: no blur."""
    column_blurs: Tensor | None = None
    """(K, n, n), along columns."""

    def __post_init__(self) -> None:
        if self.low_side < 1 or self.side % self.low_side:
            raise InvalidInput(
                f"A picture of {self.side} pixels cannot become one of {self.low_side}: the "
                "factor is no whole number",
                "Cut the low-resolution picture to a side that divides that of the prior",
            )

    @property
    def factor(self) -> int:
        """Pixels per low-resolution pixel."""
        return self.side // self.low_side

    def __call__(self, picture: Tensor, offset: Tensor | None = None) -> Tensor:
        """Give the low-resolution picture.

        Args:
            picture: (N, C, n, n).
            offset: (N, 2), by how many of its pixels (y, x) each picture lies off the
                low-resolution grid, at most about a factor; None for 0. Slopes pass it.

        Returns:
            (N, C, m, m).
        """
        rows, columns = self.matrices(picture, offset)
        tall = torch.einsum("bkin,bcnw->bkciw", rows, picture)
        low = torch.einsum("bkciw,bkjw->bcij", tall, columns)
        # 1, but where a blur reaches out of the picture.
        weight = torch.einsum("bki,bkj->bij", rows.sum(-1), columns.sum(-1))
        return low / weight[:, None]

    def matrices(self, like: Tensor, offset: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Give the matrices (N or 1, K, m, n) for rows and columns, of the kind of `like`."""
        if offset is None:
            centred = _centred_matrix(
                self.kernel, self.low_side, self.side, like.dtype, like.device
            )
            return _after(centred, self.row_blurs), _after(centred, self.column_blurs)
        along_y = kernel_matrix(self.kernel, self.low_side, self.side, offset[:, 0])
        along_x = kernel_matrix(self.kernel, self.low_side, self.side, offset[:, 1])
        return (
            _after(along_y.to(like), self.row_blurs),
            _after(along_x.to(like), self.column_blurs),
        )

    def replaced(self, kernel: Kernel | None) -> "Degradation":
        """Give it with another kernel; None changes nothing."""
        return self if kernel is None else replace(self, kernel=kernel)


def kernel_matrix(kernel: Kernel, low_side: int, side: int, offset: Tensor) -> Tensor:
    """Give the matrices (N, low_side, side) of a kernel for offsets (N,), in pixels of `side`.

    Source: Keys, IEEE Trans. Acoust. Speech Signal Process. 29, 1153 (1981),
    doi 10.1109/TASSP.1981.1163711; Eq. (15), the support scaled by the factor.
    """
    factor = side / low_side
    outside = _outside(kernel, factor, side)
    pixel = torch.arange(-outside, side + outside, device=offset.device)
    at = torch.arange(low_side, dtype=offset.dtype, device=offset.device)
    centre = (at + 0.5) * factor + offset[:, None]
    distance = pixel + 0.5 - centre[..., None]  # (N, m, n + what lies outside)
    match kernel:
        case Kernel.BOX:
            weights = (factor / 2 + 0.5 - distance.abs()).clamp(0, 1)
        case Kernel.PLAIN_BICUBIC:
            weights = _cubic(distance, _STEEP)
        case Kernel.BICUBIC | Kernel.MIRRORED_BICUBIC:
            weights = _cubic(distance / factor, _KEYS)
    mirrored = (side - 1 - (side - 1 - pixel.abs()).abs()).abs()
    inside = mirrored if kernel is Kernel.MIRRORED_BICUBIC else pixel.clamp(0, side - 1)
    folded = weights.new_zeros(*weights.shape[:2], side).index_add(2, inside, weights)
    return folded / folded.sum(-1, keepdim=True)


def gaussian_degradation(
    side: int, low_side: int, sigma_px: float, kernel: Kernel = Kernel.BOX
) -> Degradation:
    """Give a Gaussian point spread function followed by the pixels of a camera.

    Args:
        side: of pictures.
        low_side: of low-resolution pictures.
        sigma_px: standard deviation in pixels of the picture.
        kernel: what follows the blur.
    """
    reach = min(math.ceil(_GAUSSIAN_REACH * sigma_px), side - 1)
    at = torch.arange(-reach, reach + 1, dtype=torch.float64)
    profile = torch.exp(-0.5 * (at / max(sigma_px, 1e-6)) ** 2)
    blur = _banded(profile / profile.sum(), side)[None]
    return Degradation(side, low_side, kernel, blur, blur)


def measured_degradation(
    side: int, low_side: int, psf: Tensor, kernel: Kernel = Kernel.BOX
) -> Degradation:
    """Give a measured point spread function followed by the pixels of a camera.

    Args:
        side: of pictures.
        low_side: of low-resolution pictures.
        psf: (h, w), odd sides, in pixels of the picture, its centre in the middle; what lies
            outside of the picture counts nothing.
        kernel: what follows the blur.

    Raises:
        InvalidInput: the sides are even, or it does not add up to more than 0.
    """
    height, width = psf.shape
    if height % 2 == 0 or width % 2 == 0 or float(psf.sum()) <= 0:
        raise InvalidInput(
            f"A point spread function of {height} x {width} pixels that adds up to "
            f"{float(psf.sum()):g} cannot be used",
            "Give odd sides and a positive sum",
        )
    exact = psf.double() / psf.double().sum()
    left, size, right = torch.linalg.svd(exact, full_matrices=False)
    count = int((size > _LEAST_TERM * size[0]).sum())
    rows = [_banded(left[:, k] * size[k], side) for k in range(count)]
    columns = [_banded(right[k], side) for k in range(count)]
    return Degradation(side, low_side, kernel, torch.stack(rows), torch.stack(columns))


@functools.lru_cache(maxsize=32)
def _centred_matrix(
    kernel: Kernel, low_side: int, side: int, dtype: torch.dtype, device: torch.device
) -> Tensor:
    """Give the matrix without offset: one for all iterations of all searches."""
    with torch.inference_mode(False):  # it outlives whoever asks for it first
        zero = torch.zeros(1, dtype=torch.float64)
        return kernel_matrix(kernel, low_side, side, zero).to(device, dtype)


def _after(matrix: Tensor, blurs: Tensor | None) -> Tensor:
    """Give (N, K, m, n): the kernel behind each of the blurs."""
    if blurs is None:
        return matrix[:, None]
    return matrix[:, None] @ blurs.to(matrix)


def _outside(kernel: Kernel, factor: float, side: int) -> int:
    """Give the pixels outside of the picture that count, as repeated or mirrored ones."""
    match kernel:
        case Kernel.BOX | Kernel.BICUBIC:
            return 0
        case Kernel.PLAIN_BICUBIC:
            return _CUBIC_REACH
        case Kernel.MIRRORED_BICUBIC:
            return min(math.ceil(_CUBIC_REACH * factor), side - 1)


def _cubic(t: Tensor, a: float) -> Tensor:
    """Give Keys' kernel, 0 beyond 2."""
    t = t.abs()
    near = (a + 2) * t**3 - (a + 3) * t**2 + 1
    far = a * (t**3 - 5 * t**2 + 8 * t - 4)
    return torch.where(t < 1, near, torch.where(t < _CUBIC_REACH, far, torch.zeros_like(t)))


def _banded(profile: Tensor, side: int) -> Tensor:
    """Give the matrix (side, side) that convolves with a profile of odd length."""
    at = torch.arange(side)
    index = at[:, None] - at[None, :] + len(profile) // 2
    is_reached = (index >= 0) & (index < len(profile))
    return torch.where(is_reached, profile[index.clamp(0, len(profile) - 1)], 0.0)
