"""The command that looks and changes nothing: `info`."""

import argparse
import dataclasses
from typing import Any

from superlens.cli.console import print_error, print_json
from superlens.core.errors import SuperlensError, describe_error
from superlens.core.records import ImageInfo, SceneInfo


def info(arguments: argparse.Namespace) -> int:
    """Say what files are; unreadable ones are told on standard error and make the status 1."""
    from superlens.io.reading import probe_safely

    found: list[ImageInfo] = []
    for path in arguments.files:
        try:
            found.append(probe_safely(path, arguments.axes))
        except SuperlensError as error:
            print_error(describe_error(error))
    if arguments.json:
        print_json({"files": [_info_document(item) for item in found]})
    else:
        for item in found:
            _print_info(item)
    return 0 if len(found) == len(arguments.files) else 1


def _info_document(item: ImageInfo) -> dict[str, Any]:
    return {
        "path": item.path,
        "format": item.format,
        "scenes": [_scene_document(scene) for scene in item.scenes],
        "warnings": list(item.warnings),
    }


def _scene_document(scene: SceneInfo) -> dict[str, Any]:
    sizes = scene.pixel_sizes
    return {
        "name": scene.name,
        "axes": scene.axes,
        "shape": list(scene.shape),
        "dtype": scene.dtype,
        "physical_pixel_sizes": {"z": sizes.z, "y": sizes.y, "x": sizes.x},
        "pixel_size_origin": sizes.origin.value,
        "pixel_size_source": sizes.source,
        "channel_names": [channel.name for channel in scene.channels],
        "channels": [dataclasses.asdict(channel) for channel in scene.channels],
        "objective": scene.objective,
        "magnification": scene.magnification,
        "numerical_aperture": scene.numerical_aperture,
        "time_interval_s": scene.time_interval_s,
        "acquired_at": scene.acquired_at,
        "levels": [{"y": y, "x": x} for y, x in scene.levels],
    }


def _print_info(item: ImageInfo) -> None:
    print(f"{item.path}: {item.format}")
    for scene in item.scenes:
        shape = " ".join(f"{axis}{n}" for axis, n in zip(scene.axes, scene.shape, strict=True))
        size = scene.pixel_sizes.lateral_um
        pixel = "unknown" if size is None else f"{size:.4g} µm ({scene.pixel_sizes.origin})"
        names = ", ".join(channel.name for channel in scene.channels)
        print(f"  {scene.name}: {shape} {scene.dtype}, pixel size {pixel}, channels {names}")
        if scene.objective or scene.numerical_aperture:
            print(f"    objective {_objective(scene)}")
        if len(scene.levels) > 1:
            print(f"    pyramid of {len(scene.levels)} levels")
    for warning in item.warnings:
        print(f"  warning: {warning}")


def _objective(scene: SceneInfo) -> str:
    aperture = scene.numerical_aperture
    parts = (scene.objective, "" if aperture is None else f"NA {aperture:g}")
    return ", ".join(part for part in parts if part)
