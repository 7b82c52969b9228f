"""Restored megapixels per second and peak memory: the engine against the plain eager network.

Run `python benchmarks/throughput.py`. Both sides run in fresh processes, in the same run, on the
same image with the same weights, threads and device:

* `plain`: the network alone, float32, eager, default memory layout, the whole image in one pass;
* `engine`: the whole restore job as a user gets it: reading, normalising, tiles, conserving the
  local mean, comparing with the raw image, compressing and writing.

A megapixel is a million pixels of the result. The table is printed, and written with command,
machine and date to `benchmarks/results/throughput.json`.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).with_name("results") / "throughput.json"
SIDES = ("plain", "engine")


def main() -> None:
    """Measure both sides and print and write the table."""
    options = _options()
    if options.measure:
        print(json.dumps(_MEASURES[options.measure](options)))
        return
    with tempfile.TemporaryDirectory() as folder:
        image = Path(folder) / "image.ome.tif"
        _write_image(image, options.side)
        found = _best_of_all(image, options)
    document = {
        "command": " ".join(["python", "benchmarks/throughput.py", *sys.argv[1:]]),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": _machine(options),
        "model": options.model,
        "image_px": options.side,
        "repeats": options.repeats,
        **found,
        "speed_ratio": _ratio(found, "megapixels_per_s"),
        "cpu_ratio": _ratio(found, "cpu_seconds"),
        "memory_ratio": _ratio(found, "peak_memory_mb"),
    }
    _print_table(document)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="resrgan-phantom-x2")
    parser.add_argument("--side", type=int, default=1024, help="of the low-resolution image")
    parser.add_argument("--repeats", type=int, default=2, help="the best one counts")
    parser.add_argument("--threads", type=int, default=None)
    parser.add_argument("--device", default="auto", choices=("auto", "cpu", "cuda", "mps"))
    parser.add_argument("--measure", choices=SIDES, help=argparse.SUPPRESS)
    parser.add_argument("--image", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


def _best_of_all(image: Path, options: argparse.Namespace) -> dict[str, dict[str, float]]:
    """Give the fastest run of each side; they take turns, so that a busy machine hits both."""
    runs = [
        {side: _in_fresh_process(side, image, options) for side in SIDES}
        for _ in range(options.repeats)
    ]
    return {
        side: max((run[side] for run in runs), key=lambda figures: figures["megapixels_per_s"])
        for side in SIDES
    }


def _in_fresh_process(side: str, image: Path, options: argparse.Namespace) -> dict[str, float]:
    command = [sys.executable, __file__, "--measure", side, "--image", str(image)]
    command += ["--model", options.model, "--device", options.device]
    if options.threads is not None:
        command += ["--threads", str(options.threads)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"The {side} side failed:\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def _measure_plain(options: argparse.Namespace) -> dict[str, float]:
    import torch

    from superlens.io.images import open_image
    from superlens.io.model_library import find_model
    from superlens.io.weights import load_weights
    from superlens.methods.resrgan.generator import Architecture, Generator

    device = _device(options)
    model = find_model(options.model)
    weights = load_weights(Path(model.folder), model.card)
    network = Generator(Architecture(**weights.architecture))  # pyright: ignore[reportArgumentType]
    tensors = {k: torch.from_numpy(v).float() for k, v in weights.parts["generator"].items()}
    network.load_state_dict(tensors)
    network.to(device)
    with open_image(options.image) as source:
        plane = source.plane(0, 0, 0, 0).astype("float32")
    image = torch.from_numpy(plane / plane.max())[None, None]
    with torch.inference_mode():
        network(image[..., :64, :64].to(device))
        clock = _Clock()
        result = network(image.to(device)).cpu()
        clock.stop()
    return _figures(result.numel(), clock)


def _measure_engine(options: argparse.Namespace) -> dict[str, float]:
    from superlens.core.jobs import ComputePolicy, DeviceChoice, InputImage, RestoreRequest
    from superlens.engine.context import JobContext
    from superlens.engine.execute import execute
    from superlens.io.images import probe
    from superlens.io.model_library import find_model

    _device(options)
    model = find_model(options.model)
    with tempfile.TemporaryDirectory() as folder:
        request = RestoreRequest(
            InputImage(str(options.image)),
            model.card.ref,
            str(Path(folder) / "run"),
            samples=0,
            compute=ComputePolicy(DeviceChoice(options.device), options.threads),
        )
        clock = _Clock()
        execute("throughput", request, JobContext("throughput", lambda event: None))
        clock.stop()
        scene = probe(Path(request.out) / "mean.ome.tif").scenes[0]
    return _figures(scene.size("Y") * scene.size("X"), clock)


_MEASURES = {"plain": _measure_plain, "engine": _measure_engine}


def _device(options: argparse.Namespace) -> str:
    """Import torch and choose the device before the clock starts."""
    from superlens.core.jobs import DeviceChoice
    from superlens.engine.device import apply_threads, choose_device

    apply_threads(options.threads)
    return choose_device(DeviceChoice(options.device)).id


class _Clock:
    """Seconds on the wall, and of all threads on the processor: those a busy machine spares."""

    def __init__(self) -> None:
        self._begun = time.perf_counter(), time.process_time()
        self.seconds = self.cpu_seconds = 0.0

    def stop(self) -> None:
        self.seconds = time.perf_counter() - self._begun[0]
        self.cpu_seconds = time.process_time() - self._begun[1]


def _figures(pixels: int, clock: _Clock) -> dict[str, float]:
    return {
        "megapixels_per_s": pixels / 1e6 / clock.seconds,
        "seconds": clock.seconds,
        "cpu_seconds": clock.cpu_seconds,
        "peak_memory_mb": _peak_memory_bytes() / 1e6,
        "peak_device_memory_mb": _peak_device_memory_bytes() / 1e6,
    }


def _peak_memory_bytes() -> int:
    if sys.platform == "win32":
        import psutil

        return psutil.Process().memory_info().peak_wset
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _peak_device_memory_bytes() -> int:
    import torch

    return torch.cuda.max_memory_allocated() if torch.cuda.is_available() else 0


def _write_image(path: Path, side: int) -> None:
    import numpy as np
    from scipy.ndimage import gaussian_filter

    from superlens.core.records import ChannelInfo
    from superlens.core.units import PixelSizeOrigin, PixelSizes
    from superlens.io.image_writer import ImageMetadata, write_image

    rng = np.random.default_rng(0)
    smooth = gaussian_filter(rng.random((side, side)), 2)
    photons = 200 * (smooth - smooth.min()) / np.ptp(smooth)
    stack = (100 + rng.poisson(photons)).astype(np.uint16)[None, None, None]
    sizes = PixelSizes(None, 0.1, 0.1, PixelSizeOrigin.VERIFIED, "benchmark")
    write_image(path, stack, ImageMetadata(sizes, (ChannelInfo("noise"),), "benchmark"))


def _machine(options: argparse.Namespace) -> dict[str, Any]:
    import torch

    from superlens.core.jobs import DeviceChoice
    from superlens.engine.device import choose_device

    return {
        "load_after": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "platform": platform.platform(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "threads": options.threads or torch.get_num_threads(),
        "device": choose_device(DeviceChoice(options.device)).name,
        "python": platform.python_version(),
        "torch": str(torch.__version__),
    }


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor()


def _ratio(found: dict[str, dict[str, float]], figure: str) -> float:
    return found["engine"][figure] / found["plain"][figure]


def _print_table(document: dict[str, Any]) -> None:
    machine = document["machine"]
    print(f"{document['model']}, {document['image_px']} px a side, {machine['device']}")
    print(f"{'':8} {'MP/s':>8} {'seconds':>9} {'on CPU':>8} {'memory MB':>10} {'on device MB':>13}")
    for side in SIDES:
        figures = document[side]
        print(
            f"{side:8} {figures['megapixels_per_s']:8.3f} {figures['seconds']:9.2f} "
            f"{figures['cpu_seconds']:8.2f} {figures['peak_memory_mb']:10.0f} "
            f"{figures['peak_device_memory_mb']:13.0f}"
        )
    print(
        f"engine / plain: {document['speed_ratio']:.2f} x the speed, "
        f"{document['cpu_ratio']:.2f} x the processor time, "
        f"{document['memory_ratio']:.2f} x the memory"
    )


if __name__ == "__main__":
    main()
