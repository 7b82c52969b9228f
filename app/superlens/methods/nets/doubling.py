"""The layer behind a nearest enlargement, without the enlargement. Only for inference."""

import torch
from torch import Tensor, nn

_FIRST = ((1.0, 0.0, 0.0), (0.0, 1.0, 1.0))
_SECOND = ((1.0, 1.0, 0.0), (0.0, 0.0, 1.0))
"""Which of three kernel values meet the same pixel where every pixel was doubled before: for the
first of the two new pixels on (left, itself), for the second one on (itself, right)."""


class DoublingConv(nn.Module):
    """What a 3 x 3 convolution does to an image whose pixels were doubled in y and x.

    Three neighbours of a doubled pixel are two different pixels, so that four 2 x 2 convolutions of
    the small image give the same numbers with 4 / 9 of the multiplications.
    """

    def __init__(self, conv: nn.Conv2d) -> None:
        """Take over the weights of the layer."""
        super().__init__()
        weight = conv.weight.detach().double()
        sides = [torch.tensor(side, dtype=torch.float64) for side in (_FIRST, _SECOND)]
        self.parts = nn.ModuleList(
            _layer(torch.einsum("ym,ocmn,xn->ocyx", rows, weight, columns), conv)
            for rows in sides
            for columns in sides
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, in, y, x) to (N, out, 2 y, 2 x), channels innermost."""
        height, width = x.shape[-2:]
        pieces = [part(x) for part in self.parts]
        shape = (x.shape[0], pieces[0].shape[1], 2 * height, 2 * width)
        innermost = torch.channels_last
        result = torch.empty(shape, dtype=x.dtype, device=x.device, memory_format=innermost)
        for index, piece in enumerate(pieces):
            down, right = divmod(index, 2)
            used = piece[:, :, down : down + height, right : right + width]
            result[:, :, down::2, right::2] = used
        return result


def _layer(weight: Tensor, conv: nn.Conv2d) -> nn.Conv2d:
    layer = nn.Conv2d(conv.in_channels, conv.out_channels, 2, padding=1)
    assert conv.bias is not None
    layer.load_state_dict({"weight": weight, "bias": conv.bias.detach()})
    return layer
