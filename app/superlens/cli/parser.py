"""The words of the command line."""

import argparse
from pathlib import Path
from typing import Any

from superlens import __version__
from superlens.cli.export_words import add_export
from superlens.cli.options import (
    add_axes,
    add_device,
    add_json,
    add_pixel_size,
    add_seed,
    add_set,
    assignment,
    count,
    positive_length,
    roi,
    side,
    span,
)
from superlens.cli.project_words import add_project
from superlens.core.jobs import (
    Fold,
    KeepSamples,
    TargetForm,
)

COMMANDS = (
    "info",
    "models",
    "restore",
    "pairs",
    "naturalness",
    "train",
    "evaluate",
    "measure",
    "run",
    "report",
    "export",
    "project",
    "watch",
    "phantom",
    "demo",
    "self-test",
)
"""Every command there is."""

RESERVED = ("batch", "gpu-pack")
"""Names kept for commands to come."""


def build_parser() -> argparse.ArgumentParser:
    """Give the parser of the whole command line."""
    parser = argparse.ArgumentParser(
        prog="superlens",
        description="Computational super-resolution for microscopy, with honest uncertainty. "
        "Without a command the window opens.",
    )
    parser.add_argument("--version", action="version", version=f"superlens {__version__}")
    parser.add_argument("--debug", action="store_true", help="show tracebacks and debug lines")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    _add_info(commands)
    _add_models(commands)
    _add_restore(commands)
    _add_pairs(commands)
    _add_naturalness(commands)
    _add_train(commands)
    _add_evaluate(commands)
    _add_measure(commands)
    _add_run(commands)
    _add_report(commands)
    add_export(commands)
    add_project(commands)
    _add_watch(commands)
    _add_phantom(commands)
    _add_demo(commands)
    _add_self_test(commands)
    return parser


def _add_info(commands: Any) -> None:
    parser = commands.add_parser("info", help="say what files are: scenes, axes, pixel sizes")
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    add_axes(parser)
    add_json(parser)


def _add_models(commands: Any) -> None:
    parser = commands.add_parser("models", help="list the installed models, add or remove one")
    action = parser.add_mutually_exclusive_group()
    action.add_argument(
        "--import",
        dest="import_file",
        type=Path,
        metavar="FILE",
        help="make a model of a published checkpoint (.pth, .safetensors) of Real-ESRGAN or ESRGAN",
    )
    action.add_argument(
        "--add",
        dest="add_folder",
        type=Path,
        metavar="DIR",
        help="copy the model of a training, or of any folder with a card.json, to your models",
    )
    action.add_argument(
        "--remove", dest="remove_id", metavar="ID", help="delete one of your models"
    )
    action.add_argument(
        "--import-features",
        dest="features_file",
        type=Path,
        metavar="FILE",
        help="keep a published feature network (VGG19, AlexNet, LPIPS heads, Inception) or the "
        "parameters of NIQE for perceptual losses, LPIPS, FID and NIQE",
    )
    parser.add_argument("--id", metavar="ID", help="of the new model; default: the file's name")
    parser.add_argument(
        "--fold",
        type=Fold,
        choices=tuple(Fold),
        default=Fold.LUMA,
        help="how three colours of an imported model become one channel",
    )
    add_json(parser)


def _add_restore(commands: Any) -> None:
    parser = commands.add_parser("restore", help="super-resolve images with a model")
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    parser.add_argument("--model", required=True, metavar="ID")
    parser.add_argument("--out", required=True, type=Path, metavar="DIR")
    parser.add_argument(
        "--samples", type=count, metavar="K", help="samples behind mean and spread; 0 for none"
    )
    parser.add_argument(
        "--keep-samples", type=KeepSamples, choices=tuple(KeepSamples), default=KeepSamples.NONE
    )
    parser.add_argument("--scene", type=count, default=0, metavar="S")
    parser.add_argument("--channel", type=count, metavar="C", help="default: every channel")
    parser.add_argument("--roi", type=roi, metavar="X,Y,W,H")
    add_axes(parser)
    add_pixel_size(parser)
    add_seed(parser)
    add_device(parser)
    add_set(parser)
    add_json(parser)


def _add_pairs(commands: Any) -> None:
    parser = commands.add_parser("pairs", help="match and examine pairs of low and high pictures")
    parser.add_argument("--low", required=True, type=Path, metavar="DIR")
    parser.add_argument("--high", required=True, type=Path, metavar="DIR")
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--table", type=Path, metavar="CSV", help="columns low, high, field, frame")
    how.add_argument(
        "--regex", metavar="R", help="pattern of file names with the group (?P<field>...)"
    )
    parser.add_argument(
        "--average", type=count, default=1, metavar="N", help="average so many exposures of a field"
    )
    parser.add_argument(
        "--scale", type=count, metavar="N", help="high pixels per low pixel; default: by the sizes"
    )
    parser.add_argument("--out", required=True, type=Path, metavar="DIR")
    parser.add_argument(
        "--recipe", type=Path, metavar="RECIPE.json", help="write a recipe of the good pairs"
    )
    parser.add_argument("--method", default="resrgan", metavar="METHOD", help="of that recipe")
    parser.add_argument(
        "--regularise-targets",
        type=TargetForm,
        choices=tuple(TargetForm),
        help="let that recipe regularise the gradients of the high pictures, and try it on each",
    )
    add_seed(parser)
    add_set(parser)
    add_json(parser)


def _add_naturalness(commands: Any) -> None:
    parser = commands.add_parser(
        "naturalness", help="say how natural the gradients of pictures are, and what to do about it"
    )
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    parser.add_argument(
        "--form",
        type=TargetForm,
        choices=tuple(TargetForm),
        default=TargetForm.QUANTITATIVE,
        help="of the regularising: one that can be undone, or the published one",
    )
    parser.add_argument(
        "--figure", type=Path, metavar="FILE.svg", help="draw the histograms of the gradients"
    )
    add_json(parser)


def _add_train(commands: Any) -> None:
    parser = commands.add_parser("train", help="train a model from a recipe")
    parser.add_argument("recipe", type=Path, metavar="RECIPE.json")
    parser.add_argument(
        "--data", type=Path, metavar="DIR", help="where the recipe's files lie; not for phantoms"
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help="needed unless it is a trial")
    parser.add_argument("--resume", action="store_true", help="go on from the last checkpoint")
    parser.add_argument(
        "--preset",
        metavar="NAME",
        help="parameters by name instead of the recipe's: of RESRGAN paper_B, paper_S, safe_B, "
        "psnr_only, cpu; --set still changes single ones",
    )
    parser.add_argument(
        "--trial", action="store_true", help="only try a few steps: what time and memory it takes"
    )
    add_device(parser)
    add_set(parser)
    add_json(parser)


def _add_evaluate(commands: Any) -> None:
    parser = commands.add_parser("evaluate", help="judge models on pairs with known truth")
    parser.add_argument(
        "--model", required=True, action="append", metavar="ID", help="may be repeated"
    )
    parser.add_argument("--low", required=True, type=Path, metavar="DIR")
    parser.add_argument("--high", required=True, type=Path, metavar="DIR")
    parser.add_argument("--out", required=True, type=Path, metavar="DIR")
    parser.add_argument(
        "--samples", type=count, default=0, metavar="K", help="judge the spread of K samples too"
    )
    parser.add_argument(
        "--calibrate",
        default="",
        metavar="DATA",
        help="write into the card of the first model how honest its spread is on these held-out "
        "pairs, and the factor that corrects it; DATA says in words what they are",
    )
    add_seed(parser)
    add_device(parser)
    add_set(parser)
    add_json(parser)


def _add_measure(commands: Any) -> None:
    parser = commands.add_parser("measure", help="measure an assay on a plate or on fields")
    parser.add_argument("assay", metavar="ASSAY")
    parser.add_argument("--images", required=True, type=Path, metavar="DIR")
    parser.add_argument("--plate", type=Path, metavar="CSV")
    parser.add_argument(
        "--channel",
        type=assignment,
        action="append",
        default=[],
        metavar="ROLE=NAME",
        help="which column, file-name part or channel shows a role",
    )
    parser.add_argument("--model", metavar="ID", help="super-resolve before measuring")
    parser.add_argument("--samples", type=count, default=0, metavar="K")
    parser.add_argument("--out", required=True, type=Path, metavar="DIR")
    add_axes(parser)
    add_pixel_size(parser)
    add_seed(parser)
    add_device(parser)
    add_set(parser)
    add_json(parser)


def _add_run(commands: Any) -> None:
    parser = commands.add_parser("run", help="do a complete job request")
    parser.add_argument("job", type=Path, metavar="JOB.json")
    parser.add_argument("--out", type=Path, help="write there instead of where the request says")
    add_json(parser)


def _add_report(commands: Any) -> None:
    parser = commands.add_parser("report", help="write one offline report (PDF and HTML) of runs")
    parser.add_argument("runs", nargs="+", type=Path, metavar="RUN_DIR")
    parser.add_argument("--out", required=True, type=Path, metavar="FILE")
    parser.add_argument("--title", default="")
    add_json(parser)


def _add_watch(commands: Any) -> None:
    parser = commands.add_parser("watch", help="super-resolve the images that arrive in a folder")
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument("--model", required=True, metavar="ID")
    parser.add_argument("--out", required=True, type=Path, metavar="DIR")
    parser.add_argument(
        "--samples", type=count, metavar="K", help="samples behind mean and spread; 0 for none"
    )
    parser.add_argument(
        "--settle",
        type=positive_length,
        default=5.0,
        metavar="S",
        help="a file is complete when it did not change for so many seconds",
    )
    parser.add_argument(
        "--once", action="store_true", help="end when all that is there now was looked at"
    )
    parser.add_argument(
        "--move-failures",
        action="store_true",
        help="move files that cannot be used into DIR/quarantine; else they are only listed",
    )
    add_axes(parser)
    add_pixel_size(parser)
    add_seed(parser)
    add_device(parser)
    add_set(parser)


def _add_phantom(commands: Any) -> None:
    parser = commands.add_parser("phantom", help="make images with a known truth")
    parser.add_argument("specimen", metavar="SPECIMEN")
    parser.add_argument("--count", type=count, default=1, metavar="N")
    parser.add_argument("--side", type=side, default=256, metavar="PX", help="of the low picture")
    parser.add_argument(
        "--photons",
        type=span,
        default=(200.0, 200.0),
        metavar="N[:M]",
        help="of the brightest structures, or from N to M, drawn for each picture",
    )
    parser.add_argument("--out", required=True, type=Path, metavar="DIR")
    add_seed(parser)
    add_json(parser)


def _add_demo(commands: Any) -> None:
    parser = commands.add_parser("demo", help="walk the whole main job on bundled samples")
    parser.add_argument("--out", type=Path, default=Path("superlens-demo"), metavar="DIR")


def _add_self_test(commands: Any) -> None:
    parser = commands.add_parser("self-test", help="check this installation")
    add_json(parser)
