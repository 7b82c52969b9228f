"""The words of the command `project`."""

import argparse
from pathlib import Path
from typing import Any

from superlens.cli.export_words import add_export_options
from superlens.cli.options import add_axes, add_json, add_pixel_size, count
from superlens.core.records import ImageRole


def add_project(commands: Any) -> None:
    """Add the command with all that can be done to a project."""
    parser = commands.add_parser("project", help="make, fill, list, blind and export a project")
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    _action(actions, "create", "make an empty project")
    _add_files(_action(actions, "add", "link image files, or those in folders"))
    add_json(_action(actions, "list", "say which images and runs there are"))
    plate = _action(actions, "plate", "list the plates; read or write them as a table")
    plate.add_argument("--read", type=Path, metavar="CSV", help="take the plates of a table")
    plate.add_argument("--name", default="", help="of the plate in a table without that column")
    plate.add_argument("--write", type=Path, metavar="CSV", help="write all plates as a table")
    add_json(plate)
    _action(actions, "blind", "hide all names behind codes")
    unblind = _action(actions, "unblind", "show the names again, and which code was which")
    unblind.add_argument("--reason", required=True, metavar="TEXT", help="stays in the audit")
    export = _action(actions, "export", "export all pictures of a kind, with codes where blinded")
    export.add_argument(
        "--what", choices=("restored", "measured", "images"), default="restored", help="which kind"
    )
    add_export_options(export)
    add_json(export)


def _action(actions: Any, name: str, help_text: str) -> argparse.ArgumentParser:
    parser = actions.add_parser(name, help=help_text)
    parser.add_argument("folder", type=Path, metavar="PROJECT")
    return parser


def _add_files(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE_OR_DIR")
    parser.add_argument("--role", type=ImageRole, choices=tuple(ImageRole), default=ImageRole.IMAGE)
    parser.add_argument(
        "--tag", dest="tags", action="append", default=[], metavar="TAG", help="may be repeated"
    )
    parser.add_argument(
        "--pattern",
        default="",
        metavar="PATTERN",
        help="what file names say of wells: imagexpress, operetta, cellvoyager, opera, plain, or "
        "a regular expression with the parts plate, well, field",
    )
    parser.add_argument(
        "--plate", default="", metavar="NAME", help="of files whose names say no plate"
    )
    parser.add_argument(
        "--scene",
        dest="scenes",
        type=count,
        action="append",
        default=[],
        metavar="S",
        help="may be repeated; default: all",
    )
    add_axes(parser)
    add_pixel_size(parser)
    add_json(parser)
