"""The words of the command `export`."""

import argparse
from pathlib import Path
from typing import Any

from superlens.cli.options import add_axes, add_json, add_pixel_size, count, limits
from superlens.core.jobs import ExportFormat, WhenTaken


def add_export(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser("export", help="copy pictures into files for other programs")
    parser.add_argument("sources", nargs="+", type=Path, metavar="RUN_OR_IMAGE")
    add_export_options(parser)
    add_json(parser)


def add_export_options(parser: argparse.ArgumentParser) -> None:
    """Add what a command says that exports."""
    parser.add_argument(
        "--format",
        dest="file_format",
        type=ExportFormat,
        choices=tuple(ExportFormat),
        default=ExportFormat.OME_TIFF,
    )
    parser.add_argument("--out", required=True, type=Path, metavar="DIR")
    parser.add_argument(
        "--overwrite",
        dest="when_taken",
        type=WhenTaken,
        choices=tuple(WhenTaken),
        default=WhenTaken.ASK,
        help="what to do where a file of the same name stands",
    )
    parser.add_argument(
        "--role",
        dest="roles",
        action="append",
        default=[],
        metavar="ROLE",
        help="mean, spread, residual or sample of a run; may be repeated; default: all but samples",
    )
    parser.add_argument("--scene", type=count, metavar="S", help="of an image; default: all")
    parser.add_argument(
        "--mirror", type=Path, metavar="DIR", help="make the folders below DIR again in the output"
    )
    parser.add_argument(
        "--16-bit",
        dest="is_16_bit",
        action="store_true",
        help="store 16-bit integers, with their scale and offset in the metadata",
    )
    parser.add_argument(
        "--no-shards",
        dest="is_sharded",
        action="store_false",
        help="one file per chunk of OME-Zarr 0.5",
    )
    parser.add_argument(
        "--labels", type=Path, metavar="FILE", help="label image for a RoiSet.zip beside imagej"
    )
    _add_figure(parser)
    add_axes(parser)
    add_pixel_size(parser)


def _add_figure(parser: argparse.ArgumentParser) -> None:
    figure = parser.add_argument_group("what a figure (png) shows")
    figure.add_argument("--z", type=count, metavar="Z", help="slice; default: the middle one")
    figure.add_argument("--time", dest="t", type=count, default=0, metavar="T", help="time point")
    figure.add_argument(
        "--channel",
        dest="channels",
        type=count,
        action="append",
        default=[],
        metavar="C",
        help="may be repeated; default: all",
    )
    figure.add_argument(
        "--lut",
        dest="luts",
        action="append",
        default=[],
        metavar="LUT",
        help="grey, green, magenta, cyan, yellow, magma, viridis or #RRGGBB, for each channel",
    )
    figure.add_argument(
        "--contrast",
        dest="limits",
        type=limits,
        action="append",
        default=[],
        metavar="LOW,HIGH",
        help="contrast limits, for each channel; default: automatic",
    )
