"""A lock file that says which process on which computer writes a folder.

It works on network shares, where the locks of the system often do not: the file holds host and
process, its time of change is the heartbeat, both measured by the clock of the file server.
"""

import json
import os
import socket
import threading
import time
import uuid
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from superlens.core.errors import ProjectLocked
from superlens.io.system_errors import writing

_BEAT_S = 20.0
_STALE_AFTER_S = 120.0
"""A writer on another computer that is silent for this long is taken to be dead."""


@dataclass(frozen=True, slots=True)
class LockHolder:
    """Who wrote a lock file, as far as it can be told."""

    host: str
    """Empty where the file cannot be read."""
    pid: int
    silent_s: float
    """Since its last heartbeat."""
    is_gone: bool
    """Whether the process certainly runs no more: it was one of this computer."""

    @property
    def is_stale(self) -> bool:
        """Whether the lock may be taken over."""
        return self.is_gone or (not self._is_here and self.silent_s > _STALE_AFTER_S)

    @property
    def words(self) -> str:
        """Who it is, such as `process 4021 on lab-3`."""
        return f"process {self.pid} on {self.host}" if self.host else "another program"

    @property
    def explanation(self) -> str:
        """How it stands with the lock, as a sentence for the user."""
        if self.is_gone:
            return (
                f"The lock was left behind by {self.words}, which runs no more: "
                "it can be taken over safely"
            )
        if self.is_stale:
            return (
                f"The lock was left behind by {self.words}, silent for {_duration(self.silent_s)}: "
                "take it over only if that computer crashed, sleeps or lost the network"
            )
        if self._is_here or not self.host:
            return "Close it there first"
        return (
            f"{self.words.capitalize()} was heard {_duration(self.silent_s)} ago. Close it there, "
            "or wait two minutes after a crash"
        )

    @property
    def _is_here(self) -> bool:
        return self.host == socket.gethostname()


@dataclass(frozen=True, slots=True)
class _Owner:
    host: str
    pid: int
    process_started: float
    token: str


class LockFile:
    """One process's right to write, kept alive by a thread until `release`."""

    was_left_behind: bool
    """Whether a lock of somebody who had died was taken over."""

    def __init__(self, path: Path, what: str, takes_silent: bool = True) -> None:
        """Take the lock; one of a process of this computer that runs no more is replaced.

        Args:
            path: the lock file; its folder must exist.
            what: what is locked, as the subject of a sentence, such as `The project Screen 4`.
            takes_silent: whether one of another computer, silent for two minutes, is replaced too.

        Raises:
            ProjectLocked: another process holds it; the advice explains how it stands.
            InvalidInput: the folder cannot be written to.
        """
        self._path = path
        self._what = what
        self._takes_silent = takes_silent
        self.was_left_behind = False
        pid = os.getpid()
        started = psutil.Process(pid).create_time()
        self._owner = _Owner(socket.gethostname(), pid, started, uuid.uuid4().hex)
        with writing(path):
            self._take()
        self._stop = threading.Event()
        self._heart = threading.Thread(target=self._beat, name="lock-heartbeat", daemon=True)
        self._heart.start()

    def require(self) -> None:
        """Make sure that the lock is still ours, for instance after the computer slept.

        Raises:
            ProjectLocked: another program took it over meanwhile.
        """
        owner = _read_owner(self._path)
        if owner is None or owner.token != self._owner.token:
            raise _locked(self._what, self._path)

    def release(self) -> None:
        """Give the lock back; a second call does nothing."""
        self._stop.set()
        self._heart.join(timeout=5)
        owner = _read_owner(self._path)
        if owner is not None and owner.token == self._owner.token:
            with suppress(OSError):
                self._path.unlink()

    def _take(self) -> None:
        if self._create():
            return
        found = _read_owner(self._path)
        holder = lock_holder(self._path)
        if holder is not None:  # else it was given back this moment
            if not (holder.is_stale if self._takes_silent else holder.is_gone):
                raise _locked(self._what, self._path)
            self._set_aside(found)
            self.was_left_behind = True
        if not self._create():
            raise _locked(self._what, self._path)

    def _create(self) -> bool:
        try:
            with self._path.open("x", encoding="utf-8") as stream:
                json.dump(asdict(self._owner), stream)
        except FileExistsError:
            return False
        return True

    def _set_aside(self, dead: _Owner | None) -> None:
        """Remove a dead lock, unless another process just replaced it by a living one."""
        aside = self._path.with_name(f"{self._path.name}.{self._owner.token}")
        with suppress(FileNotFoundError):
            self._path.rename(aside)
        moved = _read_owner(aside)
        if moved != dead and aside.exists():
            aside.rename(self._path)
            raise _locked(self._what, self._path)
        aside.unlink(missing_ok=True)

    def _beat(self) -> None:
        while not self._stop.wait(_BEAT_S):
            # A share that is away for a moment must not end the heartbeat.
            with suppress(OSError):
                os.utime(self._path)


def lock_holder(path: Path) -> LockHolder | None:
    """Say who holds a lock, None where nobody does."""
    try:
        beat = path.stat().st_mtime
    except OSError:
        return None
    owner = _read_owner(path)
    silent_s = max(0.0, _server_time(path) - beat)
    if owner is None:
        return LockHolder("", 0, silent_s, is_gone=False)
    is_gone = owner.host == socket.gethostname() and not _is_running(owner)
    return LockHolder(owner.host, owner.pid, silent_s, is_gone)


def _server_time(beside: Path) -> float:
    # The clocks of two computers differ; two files of one server have one clock.
    probe = beside.with_name(f"{beside.name}.{uuid.uuid4().hex}")
    try:
        probe.touch()
        return probe.stat().st_mtime
    except OSError:  # a folder that may only be read
        return time.time()
    finally:
        with suppress(OSError):
            probe.unlink()


def _read_owner(path: Path) -> _Owner | None:
    try:
        return _Owner(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def _is_running(owner: _Owner) -> bool:
    try:
        process = psutil.Process(owner.pid)
        started = process.create_time()
        if process.status() == psutil.STATUS_ZOMBIE:
            return False  # dead, its parent has not asked for its ending yet
    except psutil.AccessDenied:
        return True
    except psutil.Error:
        return False
    # Process numbers are used again; a process that began later is another one.
    return abs(started - owner.process_started) < 2.0


def _locked(what: str, path: Path) -> ProjectLocked:
    holder = lock_holder(path)
    if holder is None:
        return ProjectLocked(f"{what} was given away meanwhile", "Open it again")
    return ProjectLocked(f"{what} is being written by {holder.words}", holder.explanation)


def _duration(seconds: float) -> str:
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = seconds / 60
    if minutes < 120:
        return f"{minutes:.0f} minutes"
    hours = minutes / 60
    return f"{hours:.0f} hours" if hours < 48 else f"{hours / 24:.0f} days"
