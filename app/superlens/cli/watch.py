"""The command `watch`: super-resolves what arrives in a folder, until it is stopped."""

import argparse
import time
from dataclasses import dataclass
from pathlib import Path

from superlens.cli.console import print_error
from superlens.cli.work import compute_policy, do_request
from superlens.core.cards import ModelCard
from superlens.core.errors import (
    JobCancelled,
    MissingFile,
    SuperlensError,
    describe_error,
)
from superlens.core.jobs import InputImage
from superlens.io.codec import read_json, write_json
from superlens.io.hashing import Stamp
from superlens.workbench.arrivals import Arrivals, stamps_below
from superlens.workbench.quarantine import QUARANTINE_FOLDER, Quarantine, moved_aside
from superlens.workbench.requests import (
    RestoreOptions,
    new_run_folder,
    restore_request,
    restore_stem,
)

DONE_FILE = "watched.json"
_POLL_S = 1.0


@dataclass(frozen=True, slots=True)
class DoneFile:
    """A file that was looked at, as it was then."""

    path: str
    size_bytes: int
    modified_ns: int


@dataclass(frozen=True, slots=True)
class DoneList:
    """What `watched.json` holds: a watch that is started again does not do these anew."""

    files: tuple[DoneFile, ...] = ()
    format: int = 1


def watch(arguments: argparse.Namespace) -> int:
    """Watch a folder; a file that cannot be used is listed and does not stop the others."""
    from superlens.io.model_library import find_model

    folder = arguments.folder.absolute()
    if not folder.is_dir():
        raise MissingFile(f"There is no folder {folder}", "Name the folder to be watched")
    watched = _Watched(folder, find_model(arguments.model).card, arguments)
    while True:
        watched.look()
        if arguments.once and not watched.is_waiting:
            return 1 if watched.failures else 0
        time.sleep(min(_POLL_S, arguments.settle / 2))


class _Watched:
    def __init__(self, folder: Path, card: ModelCard, arguments: argparse.Namespace) -> None:
        self._folder, self._card, self._arguments = folder, card, arguments
        self._out: Path = arguments.out.absolute()
        self._quarantine = Quarantine(self._out)
        self._done = _read_done(self._out / DONE_FILE)
        self._arrivals = Arrivals(dict(self._done), arguments.settle)
        self.failures = 0

    @property
    def is_waiting(self) -> bool:
        """Whether some file may still be written."""
        return self._arrivals.waiting > 0

    def look(self) -> None:
        """Deal with the files that are complete now."""
        files = stamps_below(self._folder, (self._out, self._folder / QUARANTINE_FOLDER))
        for path in self._arrivals.look(files, time.monotonic()):
            try:
                self._restore(path)
            except JobCancelled:
                raise
            except SuperlensError as error:
                self._refuse(path, error)
            else:
                self._quarantine.take_out(path)
            self._note_done(path, files[path])

    def _restore(self, path: Path) -> None:
        from superlens.io.reading import probe_safely

        chosen = self._arguments
        options = RestoreOptions(
            params=dict(chosen.settings),
            samples=chosen.samples,
            seed=chosen.seed,
            compute=compute_policy(chosen),
        )
        for scene in range(len(probe_safely(path, chosen.axes).scenes)):
            image = InputImage(
                str(path), scene, pixel_size_um=chosen.pixel_size_um, axes=chosen.axes
            )
            out = new_run_folder(self._out, restore_stem(path, self._card))
            request = restore_request(image, self._card, out, options)
            print(do_request(request, path.name).folder, flush=True)

    def _refuse(self, path: Path, error: SuperlensError) -> None:
        self.failures += 1
        reason = describe_error(error)
        print_error(reason)
        place = path
        if self._arguments.move_failures and path.exists():
            place = moved_aside(path, self._folder / QUARANTINE_FOLDER)
        self._quarantine.add(place, reason)

    def _note_done(self, path: Path, stamp: Stamp) -> None:
        self._done[path] = stamp
        files = tuple(
            DoneFile(str(path), stamp.size_bytes, stamp.modified_ns)
            for path, stamp in self._done.items()
        )
        write_json(self._out / DONE_FILE, DoneList(files))


def _read_done(path: Path) -> dict[Path, Stamp]:
    if not path.is_file():
        return {}
    found = read_json(DoneList, path).files
    return {Path(item.path): Stamp(item.size_bytes, item.modified_ns) for item in found}
