"""Run folders: written as `<name>.partial`, renamed when whole; the only thing that a report reads.

`job.json` holds the complete request, versions, device, times, ending and results of a run.
"""

import json
import shutil
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import Any

from superlens.core.errors import InvalidInput, MissingFile
from superlens.core.jobs import JobKind, JobRequest, JobState
from superlens.core.records import ResultFile, ResultRecord, Versions
from superlens.io.atomic import flush_to_disk, rename_over
from superlens.io.codec import decode_request, read_json, write_json
from superlens.io.lock_file import LockFile
from superlens.io.system_errors import reading, writing

JOB_FILE = "job.json"
LOG_FILE = "log.txt"
_LOCK_FILE = ".writing"
_KEPT_FILE = ".kept-for-resume"
_SCRATCH = ".scratch"

Note = str | float | int | bool | None
"""A plain fact about a run that a report prints."""


@dataclass(frozen=True, slots=True)
class RunDocument:
    """What a run folder says of itself."""

    request_json: str
    """The complete request as JSON text."""
    kind: JobKind
    job_id: str
    versions: Versions
    device: str
    started: str
    """ISO 8601, UTC, as is the next."""
    ended: str
    result: ResultRecord
    ending: JobState = JobState.DONE
    notes: dict[str, Note] = field(default_factory=dict[str, Note])


@dataclass(frozen=True, slots=True)
class _SavedRun:
    request: dict[str, Any]
    kind: JobKind
    job_id: str
    versions: Versions
    device: str
    started: str
    ended: str
    result: ResultRecord
    ending: JobState
    notes: dict[str, Note]
    format: int = 1


class RunFolder:
    """A run folder that is being written; made by `create_run`.

    As a block it is removed at the end unless it was published.
    """

    def __init__(self, out: Path, lock: LockFile) -> None:
        self.out = out
        """Where the folder will stand once published."""
        self.root = _partial(out)
        """Where it is written until then."""
        self._lock = lock
        self._files: dict[str, ResultFile] = {}

    @property
    def files(self) -> tuple[ResultFile, ...]:
        """The files named so far, in the order of their naming."""
        return tuple(self._files.values())

    def file(self, role: str, relative: str) -> Path:
        """Name a file of the result and give the path to write it to; its parents are made.

        Args:
            role: what it is: `mean`, `spread`, `wells`, ...
            relative: its path in the run folder, with forward slashes.
        """
        inside = PurePosixPath(relative)
        if inside.is_absolute() or ".." in inside.parts or not inside.parts:
            raise ValueError(f"{relative!r} does not lie in a run folder")
        self._files[str(inside)] = ResultFile(role, str(inside))
        path = self.root / inside
        with writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def scratch(self, name: str) -> Path:
        """Give the path of a file that is needed while the job runs and deleted at its end."""
        path = self.root / _SCRATCH / name
        with writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def log(self, text: str) -> None:
        """Append a line with the time to the log of the run."""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        path = self.file("log", LOG_FILE)
        with writing(path), path.open("a", encoding="utf-8") as stream:
            stream.write(f"{now} {text}\n")

    def publish(self, document: RunDocument) -> Path:
        """Write `job.json`, wait for the disk and give the folder its final name.

        Returns:
            The final folder.

        Raises:
            InvalidInput: the final folder holds a finished run, or files of the same names.
            DiskFull: there is no room for `job.json`.
        """
        _refuse_finished(self.out)
        with writing(self.root):
            shutil.rmtree(self.root / _SCRATCH, ignore_errors=True)
            write_json(self.root / JOB_FILE, _saved(document))
            for path in self.root.rglob("*"):
                if path.is_file() and path.name != _LOCK_FILE:
                    flush_to_disk(path)
            self._lock.release()
            _move_into_place(self.root, self.out)
        return self.out

    def discard(self) -> None:
        """Remove everything; never fails, so that it can end a job that failed."""
        self._lock.release()
        shutil.rmtree(self.root, ignore_errors=True)

    def keep_for_resume(self) -> None:
        """Stop writing but leave the `.partial` folder, for `create_run` with `resume`."""
        (self.root / _KEPT_FILE).touch()
        self._lock.release()

    def __enter__(self) -> "RunFolder":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.discard()  # what was published stands elsewhere by now


def create_run(out: Path, resume: bool = False) -> RunFolder:
    """Begin a run folder.

    Args:
        out: the folder that will stand at the end; may exist when it holds no run.
        resume: keep what an interrupted run left in `<out>.partial`, such as checkpoints.

    Raises:
        InvalidInput: `out` holds a finished run, or cannot be written.
        ProjectLocked: another living process writes this run.
    """
    out = out.absolute()
    root = _partial(out)
    _refuse_finished(out)
    with writing(root):
        ours = (root / _LOCK_FILE).exists() or (root / _KEPT_FILE).exists()
        if root.is_dir() and any(root.iterdir()) and not ours:
            _refuse_foreign(root)
        root.mkdir(parents=True, exist_ok=True)
        lock = LockFile(root / _LOCK_FILE, f"The run {out}")
        (root / _KEPT_FILE).unlink(missing_ok=True)
        if not resume:
            _empty(root)
    return RunFolder(out, lock)


def read_run(folder: Path) -> RunDocument:
    """Read what a finished run says of itself; the result's folder is where it lies now.

    Raises:
        MissingFile: the folder holds no finished run.
        InvalidInput: its `job.json` is damaged.
        IncompatibleVersion: it was written by a newer Superlens.
    """
    path = folder / JOB_FILE
    with reading(path):
        if not path.is_file():
            raise MissingFile(
                f"There is no finished run in {folder}", f"Choose a folder that holds {JOB_FILE}"
            )
    saved = read_json(_SavedRun, path)
    return RunDocument(
        request_json=json.dumps(saved.request),
        kind=saved.kind,
        job_id=saved.job_id,
        versions=saved.versions,
        device=saved.device,
        started=saved.started,
        ended=saved.ended,
        result=replace(saved.result, folder=str(folder)),
        ending=saved.ending,
        notes=saved.notes,
    )


def request_of(run: RunDocument) -> JobRequest:
    """Give the request that made a run, ready to be run again."""
    return decode_request(run.request_json.encode(), f"The request of run {run.job_id}")


def _partial(out: Path) -> Path:
    return out.with_name(f"{out.name}.partial")


def _saved(document: RunDocument) -> _SavedRun:
    return _SavedRun(
        request=json.loads(document.request_json),
        kind=document.kind,
        job_id=document.job_id,
        versions=document.versions,
        device=document.device,
        started=document.started,
        ended=document.ended,
        result=document.result,
        ending=document.ending,
        notes=document.notes,
    )


def _refuse_finished(out: Path) -> None:
    with writing(out):
        if out.exists() and not out.is_dir():
            raise InvalidInput(f"{out} is a file, not a folder", "Choose another folder")
        if (out / JOB_FILE).exists():
            raise InvalidInput(f"{out} already holds a finished run", "Choose another folder")


def _refuse_foreign(root: Path) -> None:
    raise InvalidInput(
        f"{root} exists and was not left by an interrupted run", "Move it away, or choose another"
    )


def _empty(root: Path) -> None:
    for entry in root.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        elif entry.name != _LOCK_FILE:
            entry.unlink()


def _move_into_place(root: Path, out: Path) -> None:
    with suppress(OSError):
        # Succeeds only when it is an empty folder.
        out.rmdir()
    if not out.exists():
        rename_over(root, out)
        return
    entries = sorted(root.iterdir(), key=lambda entry: entry.name == JOB_FILE)
    taken = [entry.name for entry in entries if (out / entry.name).exists()]
    if taken:
        raise InvalidInput(
            f"{out} already holds {', '.join(taken)}",
            f"The results stay in {root}; move them, or choose another folder",
        )
    for entry in entries:  # job.json last: without it the folder is no finished run
        rename_over(entry, out / entry.name)
    root.rmdir()
