"""Zeiss LSM files of two channels: where their bits per sample stand.

TIFF puts two short numbers into the tag itself, and so do microscopes whose files Bio-Formats
reads. Others put them elsewhere and the place into the tag, which tifffile takes for granted of
all: it cannot open the former. Here the tag is believed where what it holds can be bits.
"""

import functools
from typing import Any

_METHOD = "_fix_lsm_bitspersample"
_BITS_PER_SAMPLE = 258
_POSSIBLE = {8, 12, 16, 32}


@functools.cache
def mend_two_channel_lsm() -> None:
    """Have tifffile follow the tag only where it cannot hold the bits itself."""
    from tifffile import TiffTag

    follow: Any = getattr(TiffTag, _METHOD)

    def mended(tag: Any) -> None:
        is_two = tag.code == _BITS_PER_SAMPLE and tag.count == 2
        if not (is_two and _POSSIBLE.issuperset(tag.value)):
            follow(tag)

    setattr(TiffTag, _METHOD, mended)
