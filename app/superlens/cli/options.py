"""Options and kinds of values that several commands share."""

import argparse

from superlens.core.jobs import DeviceChoice, PrecisionChoice, Roi

_SMALLEST_SIDE_PX = 16


def add_json(parser: argparse.ArgumentParser) -> None:
    """Let a command print JSON."""
    parser.add_argument("--json", action="store_true", help="print JSON on standard output")


def add_seed(parser: argparse.ArgumentParser) -> None:
    """Let a command take a seed."""
    parser.add_argument("--seed", type=count, default=0, metavar="N")


def add_device(parser: argparse.ArgumentParser) -> None:
    """Let a command choose where it computes."""
    parser.add_argument(
        "--device", type=DeviceChoice, choices=tuple(DeviceChoice), default=DeviceChoice.AUTO
    )
    parser.add_argument("--threads", type=int, metavar="T", help="threads on a CPU")
    parser.add_argument(
        "--precision",
        type=PrecisionChoice,
        choices=tuple(PrecisionChoice),
        default=PrecisionChoice.AUTO,
        help="auto: bfloat16 where the answers stay within 50 dB of those in float32",
    )


def add_axes(parser: argparse.ArgumentParser) -> None:
    """Let a command name the axes of its images."""
    parser.add_argument(
        "--axes",
        default="",
        metavar="AXES",
        help="what the axes longer than one are, such as TYX; default: as the file says",
    )


def add_pixel_size(parser: argparse.ArgumentParser) -> None:
    """Let a command say the pixel size of its images."""
    parser.add_argument(
        "--pixel-size-um", type=positive_length, metavar="P", help="lateral pixel size, if unknown"
    )


def add_set(parser: argparse.ArgumentParser) -> None:
    """Let a command set parameters of its method or assay."""
    parser.add_argument(
        "--set",
        dest="settings",
        type=assignment,
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a parameter of the method or assay; may be repeated",
    )


def roi(text: str) -> Roi:
    """Read `X,Y,W,H` in pixels."""
    try:
        x, y, width, height = (int(part) for part in text.split(","))
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not X,Y,W,H in whole pixels") from error
    if min(x, y) < 0 or min(width, height) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} has a negative corner or an empty side")
    return Roi(x, y, width, height)


def limits(text: str) -> tuple[float, float]:
    """Read `LOW,HIGH`, two numbers of which the second is larger."""
    try:
        low, high = (float(part) for part in text.split(","))
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not LOW,HIGH in numbers") from error
    if not -float("inf") < low < high < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not LOW,HIGH with LOW below HIGH")
    return low, high


def assignment(text: str) -> tuple[str, str]:
    """Read `NAME=VALUE`."""
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    return name, value


def count(text: str) -> int:
    """Read a whole number that is not negative."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of 0 or more")
    return int(text)


def side(text: str) -> int:
    """Read the side of a picture in pixels."""
    if not text.isdecimal() or int(text) < _SMALLEST_SIDE_PX:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of {_SMALLEST_SIDE_PX} or more")
    return int(text)


def span(text: str) -> tuple[float, float]:
    """Read a number above zero, or two of them, the smaller first, with a colon between."""
    low, _, high = text.partition(":")
    found = positive_length(low), positive_length(high or low)
    if found[0] > found[1]:
        raise argparse.ArgumentTypeError(f"{text!r} does not begin with the smaller number")
    return found


def positive_length(text: str) -> float:
    """Read a length above zero."""
    try:
        value = float(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number") from error
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a length above zero")
    return value
