"""The sound files that `fuzz_readers.py` damages: real ones where they are there, and made ones.

Made ones are written by what the tests of the readers write theirs with.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
_LARGEST_BYTES = 3 << 20
_REAL = {
    "czi": ("czi/*.czi",),
    "dv": ("dv/*.dv",),
    "imagej": ("imagej/*.tif",),
    "ims": ("ims/*.ims",),
    "lif": ("lif/*.lif",),
    "mrc": ("mrc/*.map",),
    "nd2": ("nd2/*.nd2",),
    "ome_tiff": ("ome_tiff/*.ome.tif*",),
    "stk_metaxpress": ("tiff_vendor/*.tif",),
    "svs": ("tiff_vendor/*.svs",),
}
"""Format and the samples of it below `formats`."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A file, or a folder with several, that reads well."""

    folder: Path
    """Holds nothing else."""
    main: str
    """What is opened, relative to the folder; may be the folder itself, as `.`."""

    @property
    def files(self) -> tuple[str, ...]:
        """What may be damaged, relative to the folder."""
        found = sorted(path for path in self.folder.rglob("*") if path.is_file())
        return tuple(path.relative_to(self.folder).as_posix() for path in found)


def collect(place: Path, real: Path) -> dict[str, list[Sample]]:
    """Give the samples of every format.

    Args:
        place: an empty folder, where all of them are put.
        real: the folder `formats` of the development data; may be absent.
    """
    samples: dict[str, list[Sample]] = {}
    for name, patterns in _REAL.items():
        found = sorted(path for pattern in patterns for path in real.glob(pattern))
        for path in found:
            if path.stat().st_size <= _LARGEST_BYTES:
                folder = place / name / path.stem
                folder.mkdir(parents=True)
                (folder / path.name).write_bytes(path.read_bytes())
                samples.setdefault(name, []).append(Sample(folder, path.name))
    for name, write in _makers().items():
        folder = place / name / "made"
        folder.mkdir(parents=True)
        samples.setdefault(name, []).append(Sample(folder, write(folder)))
    return samples


def _makers() -> dict[str, Callable[[Path], str]]:
    """Give for each format what writes a sample into a folder and says what is to be opened."""
    sys.path.append(str(ROOT / "tests"))
    tests = {name: _of_tests(name) for name in ("pyramids", "tiff_sets", "zarr")}
    dv, ims, leica, lsm, oif, stk = (
        import_module(f"vendor_files.{name}")
        for name in ("dv", "ims", "leica", "lsm", "oif", "stk")
    )
    stack = _noise(2, 2, 3, 40, 50)
    levels = [stack[..., :: 2**level, :: 2**level] for level in range(3)]
    small = [level[:1, :1, :2] for level in levels]  # each chunk is a file
    slide = np.stack([_noise(160, 192).astype(np.uint8)] * 3, -1)

    def named(name: str, write: Callable[[Path], Any]) -> Callable[[Path], str]:
        return lambda folder: (write(folder / name), name)[1]

    def tiff_set(folder: Path) -> str:
        return tests["tiff_sets"].write_set(folder, stack[0, 0])[0].name

    def xlef(folder: Path) -> str:
        written = leica.write_xlef(folder, stack[0].swapaxes(0, 1))
        return Path(written).name

    return {
        "dv": named("a.dv", lambda path: dv.write_dv(path, stack)),
        "ims": named("a.ims", lambda path: ims.write_ims(path, stack, pad=3)),
        "jpeg": named("a.jpg", lambda path: _picture(path, slide, "JPEG")),
        "leica_sets": xlef,
        "lsm": named("a.lsm", lambda path: lsm.write_lsm(path, stack)),
        "oib": named("a.oib", lambda path: oif.write_oib(path, stack)),
        "oif": named("a.oif", lambda path: oif.write_oif(path, stack)),
        "ome_pyramid": named("a.ome.tif", lambda path: tests["pyramids"].write_ome(path, levels)),
        "ome_set": tiff_set,
        "png": named("a.png", lambda path: _picture(path, slide, "PNG")),
        "superlens": named("mean.ome.tif", lambda path: _own(path, stack)),
        "stk": named("a.stk", lambda path: stk.write_stk(path, stack[0, 0])),
        "svs": named(
            "a.svs", lambda path: tests["pyramids"].write_svs(path, [slide, slide[::2, ::2]])
        ),
        "tiff_lzw": named("a.tif", lambda path: _tiff(path, stack, compression="lzw")),
        "tiff_zstd": named("a.tif", lambda path: _tiff(path, stack, compression="zstd")),
        "tiff_plain": named("a.tif", lambda path: _tiff(path, stack, bigtiff=True)),
        "zarr_0_4": named("a.zarr", lambda path: tests["zarr"].write_zarr(path, small)),
        "zarr_0_5": named("a.zarr", lambda path: tests["zarr"].write_zarr(path, small, "0.5")),
    }


def _noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 4096, shape, np.uint16)


def _of_tests(name: str) -> Any:
    """Give the tests of a reader as a module, for what they write files with."""
    path = ROOT / "tests" / "io" / f"test_{name}.py"
    spec = spec_from_file_location(f"reader_tests_{name}", path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _picture(path: Path, pixels: np.ndarray, kind: str) -> None:
    from PIL import Image

    Image.fromarray(pixels).save(path, kind)


def _tiff(path: Path, stack: np.ndarray, **options: Any) -> None:
    import tifffile

    planes = stack.reshape(-1, *stack.shape[-2:])
    if "compression" in options:
        options |= {"tile": (16, 16), "predictor": True}
    tifffile.imwrite(path, planes, photometric="minisblack", metadata=None, **options)


def _own(path: Path, stack: np.ndarray) -> None:
    from superlens.core.records import ChannelInfo
    from superlens.core.units import PixelSizes
    from superlens.io.image_metadata import ImageMetadata
    from superlens.io.image_writer import write_image

    channels = (ChannelInfo("DNA"), ChannelInfo("actin"))
    write_image(path, stack.astype(np.float32), ImageMetadata(PixelSizes(), channels, "restored"))
