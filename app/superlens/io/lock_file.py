"""A lock file that says which process on which computer writes a folder.

It works on network shares, where the locks of the system often do not: the file holds host and
process, its time of change is the heartbeat, both measured by the clock of the file server.
"""

import json
import os
import socket
import threading
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
class _Owner:
    host: str
    pid: int
    process_started: float
    token: str


class LockFile:
    """One process's right to write, kept alive by a thread until `release`."""

    def __init__(self, path: Path, what: str) -> None:
        """Take the lock.

        Args:
            path: the lock file; its folder must exist.
            what: what is locked, as the subject of a sentence, such as `The project Screen 4`.

        Raises:
            ProjectLocked: another living process holds it.
            InvalidInput: the folder cannot be written to.
        """
        self._path = path
        self._what = what
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
            raise _locked(self._what, owner)

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
        if not self._is_dead(found):
            raise _locked(self._what, found)
        self._set_aside(found)
        if not self._create():
            raise _locked(self._what, _read_owner(self._path))

    def _create(self) -> bool:
        try:
            with self._path.open("x", encoding="utf-8") as stream:
                json.dump(asdict(self._owner), stream)
        except FileExistsError:
            return False
        return True

    def _is_dead(self, owner: _Owner | None) -> bool:
        if owner is not None and owner.host == self._owner.host:
            return not _is_running(owner)
        with suppress(FileNotFoundError):
            return self._server_time() - self._path.stat().st_mtime > _STALE_AFTER_S
        return True

    def _server_time(self) -> float:
        # The clocks of two computers differ; two files of one server have one clock.
        probe = self._path.with_name(f"{self._path.name}.{self._owner.token}")
        probe.touch()
        try:
            return probe.stat().st_mtime
        finally:
            probe.unlink()

    def _set_aside(self, dead: _Owner | None) -> None:
        """Remove a dead lock, unless another process just replaced it by a living one."""
        aside = self._path.with_name(f"{self._path.name}.{self._owner.token}")
        with suppress(FileNotFoundError):
            self._path.rename(aside)
        moved = _read_owner(aside)
        if moved != dead:
            aside.rename(self._path)
            raise _locked(self._what, moved)
        aside.unlink(missing_ok=True)

    def _beat(self) -> None:
        while not self._stop.wait(_BEAT_S):
            # A share that is away for a moment must not end the heartbeat.
            with suppress(OSError):
                os.utime(self._path)


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


def _locked(what: str, owner: _Owner | None) -> ProjectLocked:
    who = "another program" if owner is None else f"process {owner.pid} on {owner.host}"
    return ProjectLocked(
        f"{what} is being written by {who}", "Close it there, or wait two minutes after a crash"
    )
