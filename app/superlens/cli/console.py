"""What the command line shows: progress on standard error, answers on standard output."""

import json
import sys
from collections.abc import Callable
from typing import Any, Self, TextIO

from superlens.core.errors import ErrorInfo
from superlens.core.messages import Accepted, Event, LogLevel, LogLine, Metric, Progress


def print_json(document: dict[str, Any]) -> None:
    """Print a document as JSON on standard output."""
    print(json.dumps(document, indent=2, ensure_ascii=False))


def print_error(error: ErrorInfo) -> None:
    """Print one plain sentence on standard error."""
    print(f"superlens: {error.sentence}", file=sys.stderr)


class ProgressLine:
    """Shows the events of one job: plan and bar on a terminal, warnings anywhere.

    Metrics go to `on_metric`, so that a training can print its curve.
    """

    def __init__(self, title: str, on_metric: Callable[[Metric], None] | None = None) -> None:
        self._title = title
        self._on_metric = on_metric
        self._stream: TextIO = sys.stderr
        self._bar: Any = None
        self._phase = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._close_bar()

    def show(self, event: Event) -> None:
        """Show one event of the engine."""
        match event:
            case Accepted(plan=plan):
                if plan and self._stream.isatty():
                    self._write(f"{self._title}: {plan}")
            case Progress():
                self._advance(event)
            case LogLine(level=LogLevel.WARNING | LogLevel.ERROR, text=text):
                self._write(f"{self._title}: {text}")
            case Metric():
                if self._on_metric is not None:
                    self._on_metric(event)
            case _:
                pass  # a terminal has no use for previews and heartbeats

    def _advance(self, event: Progress) -> None:
        if not self._stream.isatty():
            return
        from tqdm import tqdm

        if self._bar is None or event.phase != self._phase:
            self._close_bar()
            self._phase = event.phase
            description = f"{self._title}: {event.phase}"
            self._bar = tqdm(total=event.total or None, desc=description, file=self._stream)
        self._bar.update(event.done - self._bar.n)

    def _write(self, text: str) -> None:
        if self._bar is not None:
            self._bar.write(text, file=self._stream)
        else:
            print(text, file=self._stream)

    def _close_bar(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None
