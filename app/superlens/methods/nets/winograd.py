"""The algebra of 3 x 3 convolutions with a quarter of the multiplications.

Only for inference on a processor. Where an image lies in memory is told by `mosaic`.
"""

import torch
from torch import Tensor

CELL = 4
"""Side of the square of output pixels that is computed at a time."""
PATCH = CELL + 2
"""Side of the square of input pixels that such a square depends on."""
FREQUENCIES = PATCH * PATCH

_POINTS = (0.0, 1.0, -1.0, 0.5, -2.0)
"""Where the polynomials are evaluated, besides infinity: with 1/2 and -2 instead of 2 and -2 the
rounding of bfloat16 costs 2 dB less; everything that follows is exact in bfloat16."""
CONSTANT = PATCH + 1
"""The frequency at point (1, 1): a constant added there is added to every output pixel."""


def _powers(count: int) -> Tensor:
    finite = [[point**power for power in range(count)] for point in _POINTS]
    return torch.tensor([*finite, [0.0] * (count - 1) + [1.0]], dtype=torch.float64)


def _products(roots: tuple[float, ...]) -> list[float]:
    """Give the coefficients of the product of (x - root), constant first, to `PATCH` of them."""
    found = [1.0]
    for root in roots:
        higher, lower = [0.0, *found], [*found, 0.0]
        found = [up - root * down for up, down in zip(higher, lower, strict=True)]
    return found + [0.0] * (PATCH - len(found))


def _input_matrix() -> Tensor:
    """Give B^T: Lagrange's numerators, so that the kernels carry the denominators."""
    others = [tuple(q for q in _POINTS if q != point) for point in _POINTS]
    return torch.tensor([_products(roots) for roots in (*others, _POINTS)], dtype=torch.float64)


def _kernel_matrix() -> Tensor:
    scales = [
        torch.tensor([point - q for q in _POINTS if q != point], dtype=torch.float64).prod()
        for point in _POINTS
    ]
    return _powers(3) / torch.stack([*scales, torch.ones((), dtype=torch.float64)])[:, None]


OUTPUT = _powers(CELL).T.contiguous()
"""A^T, (4, 6): from products at six points to four output pixels along one axis."""
INPUT = _input_matrix()
"""B^T, (6, 6): from six input pixels to six points along one axis."""
KERNEL = _kernel_matrix()
"""G, (6, 3): from three kernel values to six points along one axis."""


class Transforms:
    """The way into the frequencies of `F(4 x 4, 3 x 3)` and back, in one number type.

    Source: Lavin and Gray, Fast algorithms for convolutional neural networks, CVPR 2016,
    doi:10.1109/CVPR.2016.435; the points are those of Barabasz et al., ACM Transactions on
    Mathematical Software 46 (2020), doi:10.1145/3412380.
    """

    def __init__(self, dtype: torch.dtype) -> None:
        self.dtype = dtype
        self._rounds = dtype is not torch.float32
        self._input, self._output = INPUT.to(dtype), OUTPUT.to(dtype)
        self._input_2d = torch.kron(INPUT, INPUT).to(dtype)
        self._output_2d = torch.kron(OUTPUT, OUTPUT).to(dtype)

    def into(self, patches: Tensor, out: Tensor) -> None:
        """Transform patches (36, cells, channels) into `out`, which may be part of a tensor.

        In bfloat16 both axes at once, so that nothing is rounded in between.
        """
        cells, channels = patches.shape[1:]
        flat = patches.view(PATCH, PATCH, cells * channels)
        if self._rounds:
            done = torch.mm(self._input_2d, flat.view(FREQUENCIES, -1))
        else:
            rows = torch.matmul(self._input, flat)
            done = torch.mm(self._input, rows.view(PATCH, -1))
        out.copy_(done.view(FREQUENCIES, cells, channels))

    def back(self, frequencies: Tensor) -> Tensor:
        """Give the pixels (16, cells, channels) of (36, cells, channels), contiguous ones."""
        cells, channels = frequencies.shape[1:]
        if self._rounds:
            done = torch.mm(self._output_2d, frequencies.view(FREQUENCIES, -1))
        else:
            rows = torch.mm(self._output, frequencies.view(PATCH, -1))
            done = torch.matmul(self._output, rows.view(CELL, PATCH, -1))
        return done.view(CELL * CELL, cells, channels)


def transformed_kernel(weight: Tensor) -> Tensor:
    """Give the kernel (36, in, out) at the frequencies, in float64, of (out, in, 3, 3)."""
    return torch.einsum("im,ocmn,jn->ijco", KERNEL, weight.double(), KERNEL).flatten(0, 1)
