"""From words to work: chooses the command, turns failures into one sentence and a status."""

import argparse
import contextlib
import difflib
import importlib
import logging
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from superlens.cli.console import print_error
from superlens.cli.parser import COMMANDS, RESERVED, build_parser
from superlens.core.errors import InvalidParameter, JobCancelled, describe_error

DONE, FAILED, WRONG_USAGE = 0, 1, 2
"""Exit statuses: the work is done, it failed, or it was asked for wrongly."""

INTERRUPTED = 130
"""Exit status after Ctrl+C, as shells have it."""

_RUNTIME = {
    "info": "superlens.cli.look:info",
    "models": "superlens.cli.models:models",
    "restore": "superlens.cli.work:restore",
    "pairs": "superlens.cli.pairs:pairs",
    "naturalness": "superlens.cli.naturalness:naturalness",
    "train": "superlens.cli.train:train",
    "evaluate": "superlens.cli.evaluate:evaluate",
    "measure": "superlens.cli.work:measure",
    "run": "superlens.cli.work:run",
    "report": "superlens.cli.work:report",
    "export": "superlens.cli.export:export",
    "project": "superlens.cli.project:project",
    "watch": "superlens.cli.watch:watch",
    "phantom": "superlens.cli.walk:phantom",
    "demo": "superlens.cli.walk:demo",
    "self-test": "superlens.cli.self_test:self_test",
}
"""Command to `module:function`, imported when called."""


def run(words: Sequence[str]) -> int:
    """Run the program with the words of its command line.

    Returns:
        The exit status: 0 done, 1 the work failed, 2 wrong usage.
    """
    _use_utf8()
    if not words or _is_file(words[0]):
        return _open_window(words)
    if words[0] in RESERVED:
        print(f"superlens: {words[0]!r} is not available in this version.", file=sys.stderr)
        return WRONG_USAGE
    parser = build_parser()
    _suggest_near_command(parser, words)
    arguments = parser.parse_args(words)
    if arguments.command is None:
        return _open_window([])
    logging.basicConfig(level=logging.DEBUG if arguments.debug else logging.ERROR)
    return _guarded(arguments)


def _guarded(arguments: argparse.Namespace) -> int:
    try:
        return _command(arguments.command)(arguments)
    except (KeyboardInterrupt, JobCancelled):
        print(
            "superlens: stopped. Finished results are kept; a training goes on with --resume.",
            file=sys.stderr,
        )
        return INTERRUPTED
    except BrokenPipeError:
        return FAILED
    except Exception as error:  # the last door: every failure becomes a sentence and a status
        if arguments.debug:
            raise
        print_error(describe_error(error))
        return WRONG_USAGE if isinstance(error, InvalidParameter) else FAILED


def _command(name: str) -> Callable[[argparse.Namespace], int]:
    module, function = _RUNTIME[name].split(":")
    return getattr(importlib.import_module(module), function)


def _open_window(files: Sequence[str]) -> int:
    from superlens.gui.app import run_window

    return run_window(list(files))


def _is_file(word: str) -> bool:
    return not word.startswith("-") and word not in COMMANDS and Path(word).exists()


def _suggest_near_command(parser: argparse.ArgumentParser, words: Sequence[str]) -> None:
    first = next((word for word in words if not word.startswith("-")), "")
    if first and first not in COMMANDS:
        near = difflib.get_close_matches(first, COMMANDS, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        parser.error(f"there is no command and no file {first!r}{hint}")


def _use_utf8() -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, ValueError):
            stream.reconfigure(encoding="utf-8")  # pyright: ignore[reportAttributeAccessIssue]
