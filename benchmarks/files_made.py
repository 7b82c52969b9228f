"""The files that `files.py` opens: large ones with holes, or of tiles that are deflated once."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any


def write_stack(path: Path, shape: tuple[int, ...]) -> None:
    """Write an OME-TIFF of which all planes but the first are holes in the file."""
    import numpy as np
    import tifffile

    stack = tifffile.memmap(
        path, shape=shape, dtype=np.uint16, ome=True, metadata={"axes": "TZCYX"}
    )
    stack[0, 0, 0] = np.random.default_rng(0).integers(0, 4096, shape[-2:], np.uint16)
    stack.flush()


def write_pyramid(path: Path, side: int) -> None:
    """Write a pyramid of deflated tiles, all of one content, which need be deflated only once."""
    import zlib

    import numpy as np
    import tifffile

    noise = np.random.default_rng(0).integers(0, 256, (512, 512), np.uint16)
    tile = zlib.compress(noise.tobytes(), 1)

    def tiles(size: int) -> Iterator[bytes]:
        for _ in range((size // 512) ** 2):
            yield tile

    levels = [side // 2**level for level in range(7) if side // 2**level >= 512]
    form: dict[str, Any] = {"dtype": np.uint16, "tile": (512, 512), "compression": "zlib"}
    with tifffile.TiffWriter(path, bigtiff=True, ome=True) as writer:
        below = len(levels) - 1
        writer.write(tiles(side), shape=(side, side), subifds=below, **form)
        for size in levels[1:]:
            writer.write(tiles(size), shape=(size, size), subfiletype=1, **form)


def write_plate(folder: Path, wells: int) -> None:
    """Write two fields of each well as a microscope does: 512 x 512, two channels, OME-XML."""
    import numpy as np
    import tifffile

    from superlens.core.plate import PlateSize

    folder.mkdir()
    generator = np.random.default_rng(0)
    metadata = {"axes": "CYX", "PhysicalSizeX": 0.325, "PhysicalSizeXUnit": "µm"}
    metadata |= {"PhysicalSizeY": 0.325, "Channel": {"Name": ["DNA", "protein"]}}
    for well in list(PlateSize(96).wells())[:wells]:
        for field in (1, 2):
            pixels = generator.integers(0, 4096, (2, 512, 512), np.uint16)
            path = folder / f"Screen_{well}_s{field}.ome.tif"
            tifffile.imwrite(path, pixels, ome=True, metadata=metadata, photometric="minisblack")


def write_project(folder: Path, count: int) -> None:
    """Write a project of tiny files that are all there, with a picture of each."""
    import numpy as np
    from PIL import Image

    from superlens.core.records import ChannelInfo, ImageInfo, ImageRecord, SceneInfo
    from superlens.core.units import PixelSizeOrigin, PixelSizes
    from superlens.io.hashing import quick_identity
    from superlens.io.store import ProjectStore

    sizes = PixelSizes(None, 0.325, 0.325, PixelSizeOrigin.REPORTED, "OME-XML PhysicalSizeX")
    channels = (ChannelInfo("DNA", 461.0, 405.0), ChannelInfo("protein", 520.0, 488.0))
    scene = SceneInfo("field", (1, 2, 1, 512, 512), "uint16", sizes, channels)
    picture = folder / "picture.png"
    folder.mkdir()
    noise = np.random.default_rng(0).integers(0, 256, (128, 128, 3), np.uint8)
    Image.fromarray(noise).save(picture)
    content = picture.read_bytes()
    records: list[ImageRecord] = []
    with ProjectStore.create(folder) as store:
        for number in range(count):
            path = folder / "images" / f"Screen_{number:05}.ome.tif"
            path.parent.mkdir(exist_ok=True)
            path.write_text(f"{number}")
            cache = folder / "cache" / f"i{number}"
            cache.mkdir(parents=True)
            (cache / "scene-0.png").write_bytes(content)
            link = f"images/{path.name}"
            info = ImageInfo(link, "OME-TIFF", (scene,))
            identity = quick_identity(path)
            records.append(ImageRecord(f"i{number}", link, identity, info, seen_at=str(path)))
        store.catalogue.add(*records)
