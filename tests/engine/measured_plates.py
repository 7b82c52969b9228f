"""Small plates of drawn cells, measured in this process."""

import json

import numpy as np
from scipy.ndimage import gaussian_filter

from assay.drawn_cells import draw, lattice
from superlens.core.assay import WellInfo, WellRole
from superlens.core.jobs import (
    ComputePolicy,
    DeviceChoice,
    FieldInput,
    InputImage,
    MeasureRequest,
)
from superlens.core.records import ChannelInfo
from superlens.core.units import PixelSizeOrigin, PixelSizes
from superlens.engine.context import JobContext
from superlens.engine.execute import execute
from superlens.io.image_writer import ImageMetadata, write_image
from superlens.io.tables import read_table

CPU = ComputePolicy(device=DeviceChoice.CPU, threads=1)
RATIOS = {"A01": 0.5, "A02": 0.6, "A03": 1.0, "A04": 1.5, "A11": 2.0, "A12": 2.2}
PLATE = (
    WellInfo("A01", "drug", 0.0, "nM", WellRole.NEGATIVE),
    WellInfo("A02", "drug", 0.0, "nM", WellRole.NEGATIVE),
    WellInfo("A03", "drug", 1.0, "nM", WellRole.DOSE),
    WellInfo("A04", "drug", 10.0, "nM", WellRole.DOSE),
    WellInfo("A11", "drug", 100.0, "nM", WellRole.POSITIVE),
    WellInfo("A12", "drug", 100.0, "nM", WellRole.POSITIVE),
)


def write_image_of(path, planes, pixel_um=None):
    """Write (C, Y, X) or, with more axes, (T, C, Z, Y, X)."""
    stack = np.asarray(planes)
    stack = stack if stack.ndim == 5 else stack[None, :, None]
    origin = PixelSizeOrigin.UNKNOWN if pixel_um is None else PixelSizeOrigin.REPORTED
    sizes = PixelSizes(None, pixel_um, pixel_um, origin, "test")
    names = tuple(ChannelInfo(f"c{number}") for number in range(stack.shape[1]))
    write_image(path, stack.astype(np.uint16), ImageMetadata(sizes, names, ""))
    return path


def write_field(folder, well, ratio, name="1", pixel_um=None, swap=False):
    """Write the two files of a field of nine cells; gives the field."""
    channels = draw(lattice(nucleus=500.0 * ratio, cytoplasm=500.0), noise=0.0)
    rng = np.random.default_rng([ord(letter) for letter in well + name])
    files = {}
    for role, image in channels.items():
        # Optics and photons: a network would refuse to see anything in a drawing without noise.
        noisy = gaussian_filter(image, 0.7) + rng.normal(0, 3, image.shape) + 20
        path = folder / f"{well}_{name}_{role}.tif"
        files[role] = InputImage(str(write_image_of(path, noisy[None], pixel_um)))
    if swap:
        files = {"dna": files["protein"], "protein": files["dna"]}
    return FieldInput(well, name, files)


def measure(fields, out, events=None, control=None, **changes):
    request = MeasureRequest("translocation", tuple(fields), str(out), compute=CPU, **changes)
    sink = [] if events is None else events
    return execute("job", request, JobContext("job", sink.append, control))


def table(folder, name):
    columns, rows = read_table(folder / name)
    return [dict(zip(columns, row, strict=True)) for row in rows]


def document(folder):
    return json.loads((folder / "statistics.json").read_text(encoding="utf-8"))
