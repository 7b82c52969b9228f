"""How fast RESRGAN restores, and in how much memory, beside a plain eager implementation.

Run `python benchmarks/resrgan_speed.py`.

Speed: one image of 1024 x 1024 pixels, through the network of the paper (23 blocks, 64 features,
32 maps, x2; seeded weights of the size of trained ones) and through the shipped model.

* `plain`: the published way: float32, eager, default memory layout, hard tiles with 10 pixels of
  context, of the same size as the engine's;
* `plain 256`: the same with tiles of 256 pixels, as they are mostly used;
* `engine fp32`, `engine auto`: planes as a user gets them, with feathered tiles, the local mean
  conserved, and the precision that was asked for or found.

All sides take turns in one process with the same weights and threads; medians count. Memory: the
peak of whole restore jobs in fresh processes, for ever larger images, with a small network of one
block, so that the largest one takes minutes. The tables are printed, and written with command,
machine and date to `benchmarks/results/resrgan_speed.json`.
"""

import argparse
import json
import math
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

RESULTS = Path(__file__).with_name("results") / "resrgan_speed.json"
ROOT = Path(__file__).parents[1]
SHIPPED = "resrgan-phantom-x2"
PAPER = {"scale": 2, "channels": 1, "blocks": 23, "features": 64, "growth": 32}
SMALL = {"scale": 2, "channels": 1, "blocks": 1, "features": 16, "growth": 8}
TRAINED_SIZE = 6.0
"""Weights of dense blocks are so much larger after training than before: the median ratio of the
standard deviations in the shipped model."""
CONTEXT_PX = 10
USUAL_TILE = 256
NEEDED = {"cpu": (1.7, 3.5), "cuda": (1.0, 2.5)}
"""Least ratios to `plain`: in float32, and where bfloat16 is chosen."""

Side = Callable[[], np.ndarray]


def main() -> None:
    """Measure speed and memory and print and write the tables."""
    options = _options()
    if options.peak_of:
        print(json.dumps(_peak_of_job(options)))
        return
    document: dict[str, Any] = {
        "command": " ".join(["python", "benchmarks/resrgan_speed.py", *sys.argv[1:]]),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "repeats": options.repeats,
        "side_px": options.side,
    }
    with tempfile.TemporaryDirectory() as home:
        os.environ["SUPERLENS_HOME"] = home
        document["machine"] = _machine(options)
        models = {"paper": _install("paper", PAPER, Path(home)), "shipped": SHIPPED}
        document["speed"] = {
            name: _speed(models[name], options) for name in options.models.split(",") if name
        }
        document["memory"] = _memory(options, Path(home))
    document["load_after"] = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--side", type=int, default=1024, help="of the low-resolution image")
    parser.add_argument("--repeats", type=int, default=3, help="medians count")
    parser.add_argument("--threads", type=int, default=None)
    parser.add_argument("--device", default="auto", choices=("auto", "cpu", "cuda", "mps"))
    parser.add_argument("--models", default="paper,shipped", help="comma-separated; may be empty")
    parser.add_argument(
        "--memory", default="4096,8192,16384", help="sides of images, comma-separated, or empty"
    )
    parser.add_argument("--peak-of", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--model", help=argparse.SUPPRESS)
    return parser.parse_args()


def _speed(model_id: str, options: argparse.Namespace) -> dict[str, Any]:
    """Measure all sides on one model and compare their answers."""
    from superlens.core.jobs import PrecisionChoice

    pixels = _pixels(options.side)
    network, tile, device = _plain_network(model_id, options)
    auto, chosen = _engine(model_id, options, PrecisionChoice.AUTO, pixels)
    exact, _ = _engine(model_id, options, PrecisionChoice.FP32, pixels)
    sides: dict[str, Side] = {
        "plain": lambda: _in_hard_tiles(network, pixels, tile, device),
        "plain 256": lambda: _in_hard_tiles(network, pixels, USUAL_TILE, device),
        "engine fp32": exact,
        "engine auto": auto,
    }
    taken: dict[str, list[float]] = {name: [] for name in sides}
    answers: dict[str, np.ndarray] = {}
    for repeat in range(options.repeats):
        for name, run in sides.items():
            started = time.perf_counter()
            answers[name] = run()
            taken[name].append(time.perf_counter() - started)
            print(f"  {model_id} {repeat + 1}: {name} {taken[name][-1]:.2f} s", flush=True)
    found = {
        "tile_px": tile,
        "precision": chosen(),
        "seconds": {name: statistics.median(times) for name, times in taken.items()},
        "all_seconds": taken,
        "psnr_auto_to_fp32_db": _psnr(answers["engine auto"], answers["engine fp32"]),
        "relative_error_fp32": _network_error(model_id, network, pixels, device),
    }
    found["ratios"] = {
        rival: {name: found["seconds"][rival] / found["seconds"][name] for name in sides}
        for rival in ("plain", "plain 256")
    }
    _print_speed(model_id, found, device)
    return found


def _plain_network(model_id: str, options: argparse.Namespace) -> tuple[Any, int, str]:
    """Give the network as it is trained, the engine's tile, and the device."""
    import torch

    from superlens.core.jobs import ComputePolicy, DeviceChoice
    from superlens.engine.context import JobContext
    from superlens.engine.restorer import open_restorer
    from superlens.io.model_library import find_model
    from superlens.io.weights import load_weights
    from superlens.methods.resrgan.generator import Architecture, Generator

    installed = find_model(model_id)
    weights = load_weights(Path(installed.folder), installed.card)
    network = Generator(Architecture(**weights.architecture))  # pyright: ignore[reportArgumentType]
    tensors = {k: torch.from_numpy(v).float() for k, v in weights.parts["generator"].items()}
    network.load_state_dict(tensors)
    network.requires_grad_(False)
    policy = ComputePolicy(DeviceChoice(options.device), options.threads)
    context = JobContext("tile", lambda event: None)
    with open_restorer(installed.card.ref, {}, policy, 0, context) as restorer:
        tile, device = restorer.tile, restorer.device.id
    return network.to(device), tile, device


def _in_hard_tiles(network: Any, pixels: np.ndarray, tile: int, device: str) -> np.ndarray:
    """Restore tile by tile, each with a little context, and put the tiles side by side."""
    import torch

    scale = network.architecture.scale
    height, width = pixels.shape
    image = torch.from_numpy(pixels)[None, None].to(device)
    result = torch.empty((height * scale, width * scale))
    with torch.inference_mode():
        for top in range(0, height, tile):
            for left in range(0, width, tile):
                above, before = min(CONTEXT_PX, top), min(CONTEXT_PX, left)
                part = image[
                    ...,
                    top - above : top + tile + CONTEXT_PX,
                    left - before : left + tile + CONTEXT_PX,
                ]
                answer = network(part.contiguous())[0, 0]
                rows, columns = min(tile, height - top), min(tile, width - left)
                inner = answer[
                    above * scale : (above + rows) * scale,
                    before * scale : (before + columns) * scale,
                ]
                target = result[top * scale :, left * scale :]
                target[: rows * scale, : columns * scale] = inner.cpu()
    return result.numpy()


def _engine(
    model_id: str, options: argparse.Namespace, choice: Any, pixels: np.ndarray
) -> tuple[Side, Callable[[], str]]:
    """Give a restoration by the engine, in memory, and what it was computed in."""
    from superlens.core.jobs import ComputePolicy, DeviceChoice, Roi
    from superlens.engine.context import JobContext
    from superlens.engine.restoration import PlaneJob, restore_plane
    from superlens.engine.restorer import open_restorer
    from superlens.io.model_library import find_model
    from superlens.prepare.normalisation import Normalisation

    model = find_model(model_id).card.ref
    policy = ComputePolicy(DeviceChoice(options.device), options.threads, precision=choice)
    context = JobContext("speed", lambda event: None)
    computed = [""]
    height, width = pixels.shape
    job = PlaneJob(Roi(0, 0, width, height), Normalisation(0.0, 1.0))

    def run() -> np.ndarray:
        with open_restorer(model, {}, policy, 0, context) as restorer:
            scale = restorer.card.scale
            result = np.zeros((height * scale, width * scale), np.float32)
            restore_plane(restorer, (_reader(pixels), pixels.shape), job, _Into(result))
            computed[0] = restorer.precision.text
        return result

    return run, lambda: computed[0]


class _Into:
    """Takes finished blocks."""

    def __init__(self, result: np.ndarray) -> None:
        self._result = result

    def put(self, kind: str, block: Any) -> None:
        self._result[block.place] = block.pixels


def _reader(pixels: np.ndarray) -> Callable[[Any], np.ndarray]:
    return lambda roi: pixels[roi.y : roi.y + roi.height, roi.x : roi.x + roi.width]


def _network_error(model_id: str, plain: Any, pixels: np.ndarray, device: str) -> float:
    """Give the largest difference of the fast network in float32, as a part of the largest value.

    Networks alone, on the middle of the image: the engine conserves the local mean besides.
    """
    import torch

    from superlens.io.model_library import find_model
    from superlens.io.weights import load_weights
    from superlens.methods.catalogue import load_method

    installed = find_model(model_id)
    fast = load_method(installed.card.method).load(
        load_weights(Path(installed.folder), installed.card), device
    )
    start = max(0, pixels.shape[0] // 2 - 64)
    part = torch.from_numpy(pixels[start : start + 128, start : start + 128].copy())
    with torch.inference_mode():
        first, second = (one(part[None, None].to(device)).cpu() for one in (fast, plain))
    return float((first - second).abs().max() / second.abs().max())


def _psnr(first: np.ndarray, second: np.ndarray) -> float:
    error = float(np.mean((first.astype(np.float64) - second) ** 2))
    return math.inf if error == 0 else 10 * math.log10(float(np.ptp(second)) ** 2 / error)


def _memory(options: argparse.Namespace, home: Path) -> dict[str, Any]:
    """Measure the peak of a whole restore job for every size, each in a fresh process."""
    sides = [int(side) for side in options.memory.split(",") if side]
    if not sides:
        return {}
    model = _install("small", SMALL, home)
    found: dict[str, Any] = {"network": SMALL, "peaks": {}}
    for side in sides:
        image = home / f"image-{side}.ome.tif"
        _write_image(image, side)
        found["peaks"][str(side)] = _in_fresh_process(image, model, options)
        image.unlink()
        peak = found["peaks"][str(side)]
        print(
            f"  {side} x {side}: peak {peak['peak_mb']:.0f} MB, of it not backed by files "
            f"{peak['peak_anonymous_mb']:.0f} MB, {peak['seconds']:.0f} s",
            flush=True,
        )
    peaks = [peak["peak_mb"] for peak in found["peaks"].values()]
    found["largest_to_smallest"] = max(peaks) / min(peaks)
    print(f"largest peak / smallest peak: {found['largest_to_smallest']:.3f} (at most 1.1)")
    return found


def _in_fresh_process(image: Path, model: str, options: argparse.Namespace) -> dict[str, float]:
    command = [sys.executable, __file__, "--peak-of", str(image), "--model", model]
    command += ["--device", options.device]
    if options.threads is not None:
        command += ["--threads", str(options.threads)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"The job on {image.name} failed:\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def _peak_of_job(options: argparse.Namespace) -> dict[str, float]:
    """Do one restore job and give its peaks; runs in a fresh process."""
    import threading

    from superlens.core.jobs import ComputePolicy, DeviceChoice, InputImage, RestoreRequest
    from superlens.engine.context import JobContext
    from superlens.engine.execute import execute
    from superlens.io.model_library import find_model

    anonymous = [0]
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(0.05):
            anonymous[0] = max(anonymous[0], _anonymous_bytes())

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    started = time.perf_counter()
    with tempfile.TemporaryDirectory(dir=options.peak_of.parent) as folder:
        request = RestoreRequest(
            InputImage(str(options.peak_of)),
            find_model(options.model).card.ref,
            str(Path(folder) / "run"),
            samples=0,
            compute=ComputePolicy(DeviceChoice(options.device), options.threads),
        )
        execute("memory", request, JobContext("memory", lambda event: None))
    seconds = time.perf_counter() - started
    ended.set()
    watcher.join()
    return {
        "peak_mb": _peak_bytes() / 1e6,
        "peak_anonymous_mb": anonymous[0] / 1e6,
        "seconds": seconds,
    }


def _anonymous_bytes() -> int:
    """Give the memory of this process that is not backed by files; 0 where the system hides it."""
    status = Path("/proc/self/status")
    if not status.exists():
        return 0
    for line in status.read_text(encoding="utf-8").splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) * 1024
    return 0


def _peak_bytes() -> int:
    if sys.platform == "win32":
        import psutil

        return psutil.Process().memory_info().peak_wset
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _install(name: str, architecture: dict[str, int], home: Path) -> str:
    """Install a model with seeded weights of the size of trained ones; gives its id."""
    import dataclasses

    import torch

    from superlens.core.method import Weights
    from superlens.io.model_library import find_model
    from superlens.io.weights import save_model
    from superlens.methods.resrgan.generator import Architecture, Generator

    network = Generator(Architecture(**architecture))
    network.initialise(torch.Generator().manual_seed(0))
    tensors = {
        key: (value.detach() * (TRAINED_SIZE if ".rdb" in key else 1.0)).numpy()
        for key, value in network.named_parameters()
    }
    card = dataclasses.replace(
        find_model(SHIPPED).card, id=f"speed-{name}", architecture=dict(architecture)
    )
    weights = Weights({"generator": tensors}, dict(architecture))
    save_model(home / "models" / card.id, card, weights, half=False)
    return card.id


def _pixels(side: int) -> np.ndarray:
    """Give a picture from 0 to 1: a shipped sample, mirrored to the size."""
    import tifffile

    sample = tifffile.imread(ROOT / "resources" / "samples" / "filaments.ome.tif").squeeze()
    low, high = np.percentile(sample, [0.1, 99.9])
    unit = ((sample - low) / (high - low)).astype(np.float32)
    more = [(0, max(0, side - length)) for length in unit.shape]
    return np.ascontiguousarray(np.pad(unit, more, mode="symmetric")[:side, :side])


def _write_image(path: Path, side: int) -> None:
    from superlens.core.records import ChannelInfo
    from superlens.core.units import PixelSizeOrigin, PixelSizes
    from superlens.io.image_metadata import ImageMetadata
    from superlens.io.image_writer import write_image

    pixels = (100 + 1000 * np.clip(_pixels(min(side, 2048)), 0, 4)).astype(np.uint16)
    repeats = -(-side // pixels.shape[0])
    stack = np.tile(pixels, (repeats, repeats))[None, None, None, :side, :side]
    sizes = PixelSizes(None, 0.1, 0.1, PixelSizeOrigin.VERIFIED, "benchmark")
    write_image(path, stack, ImageMetadata(sizes, (ChannelInfo("filaments"),), "benchmark"))


def _machine(options: argparse.Namespace) -> dict[str, Any]:
    import torch

    from superlens.core.jobs import DeviceChoice
    from superlens.engine.device import apply_threads, choose_device
    from superlens.engine.precision import has_fast_bfloat16

    apply_threads(options.threads)
    device = choose_device(DeviceChoice(options.device))
    return {
        "load_before": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "platform": platform.platform(),
        "processor": str(torch.cpu.get_capabilities().get("cpu_name", platform.processor())),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "device": device.name,
        "bfloat16": has_fast_bfloat16(device.id),
        "python": platform.python_version(),
        "torch": str(torch.__version__),
    }


def _print_speed(model_id: str, found: dict[str, Any], device: str) -> None:
    print(f"{model_id}, tiles of {found['tile_px']} px, {found['precision']}")
    print(f"{'':14} {'seconds':>9} {'x plain':>9} {'x plain 256':>12}")
    for name, seconds in found["seconds"].items():
        first, second = (found["ratios"][rival][name] for rival in ("plain", "plain 256"))
        print(f"{name:14} {seconds:9.2f} {first:9.2f} {second:12.2f}")
    exact, fast = NEEDED.get(device, NEEDED["cuda"])
    print(
        f"float32 differs by {found['relative_error_fp32']:.1e} (at most 1e-3), auto agrees with "
        f"float32 to {found['psnr_auto_to_fp32_db']:.1f} dB (more than 50); needed: {exact} x in "
        f"float32, {fast} x in bfloat16"
    )


if __name__ == "__main__":
    main()
