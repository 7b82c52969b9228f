import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from superlens.core.errors import ProjectLocked
from superlens.io import lock_file
from superlens.io.lock_file import LockFile

HOLDER = """
import sys, time
from pathlib import Path
from superlens.io.lock_file import LockFile
LockFile(Path(sys.argv[1]), "The thing")
print("held", flush=True)
time.sleep(60)
"""


def write_lock(path: Path, **changes: object) -> None:
    """Write a lock as a process left it."""
    owner = {
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "process_started": psutil.Process().create_time(),
        "token": "left behind",
    }
    path.write_text(json.dumps(owner | changes))


def age(path: Path, seconds: float) -> None:
    then = time.time() - seconds
    os.utime(path, (then, then))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "thing.lock"


def test_lock_says_host_and_process(path: Path) -> None:
    lock = LockFile(path, "The thing")
    owner = json.loads(path.read_text())
    lock.release()

    assert (owner["host"], owner["pid"]) == (socket.gethostname(), os.getpid())


def test_released_lock_leaves_nothing_and_can_be_taken_again(path: Path, names_in) -> None:
    LockFile(path, "The thing").release()
    LockFile(path, "The thing").release()

    assert names_in(path.parent) == []


def test_second_release_does_no_harm_to_the_next_owner(path: Path) -> None:
    first = LockFile(path, "The thing")
    first.release()
    second = LockFile(path, "The thing")

    first.release()

    second.require()
    second.release()


def test_lock_of_a_living_process_is_respected(path: Path, child_environment) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)],
        stdout=subprocess.PIPE,
        text=True,
        env=child_environment,
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"

        with pytest.raises(ProjectLocked, match=f"The thing .* process {holder.pid}"):
            LockFile(path, "The thing")
    finally:
        holder.kill()
        holder.wait(10)
        holder.stdout.close()

    LockFile(path, "The thing").release()  # the holder was killed: its lock is dead


def test_lock_of_a_process_number_that_is_used_again_is_taken_over(path: Path) -> None:
    write_lock(path, process_started=1.0)

    lock = LockFile(path, "The thing")

    lock.require()
    lock.release()


def test_lock_of_another_computer_is_respected_while_its_heart_beats(path: Path) -> None:
    write_lock(path, host="elsewhere", pid=1)

    with pytest.raises(ProjectLocked, match="process 1 on elsewhere"):
        LockFile(path, "The thing")


def test_lock_of_a_silent_computer_is_taken_over(path: Path, names_in) -> None:
    write_lock(path, host="elsewhere", pid=1)
    age(path, 600)

    LockFile(path, "The thing").release()

    assert names_in(path.parent) == []


def test_unreadable_lock_is_respected_until_it_is_old(path: Path, names_in) -> None:
    path.write_text("{half")
    with pytest.raises(ProjectLocked, match="another program"):
        LockFile(path, "The thing")
    age(path, 600)

    LockFile(path, "The thing").release()

    assert names_in(path.parent) == []


def test_owner_notices_that_the_lock_was_taken_over(path: Path) -> None:
    lock = LockFile(path, "The thing")
    write_lock(path, host="elsewhere")

    with pytest.raises(ProjectLocked, match="elsewhere"):
        lock.require()

    lock.release()
    assert path.exists(), "the lock of the new owner stays"


def test_lock_that_was_replaced_while_it_was_judged_goes_back_to_its_owner(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_lock(path, process_started=1.0)

    def judged_slowly(owner: object) -> bool:
        write_lock(path, token="a living one")
        return False

    monkeypatch.setattr(lock_file, "_is_running", judged_slowly)

    with pytest.raises(ProjectLocked):
        LockFile(path, "The thing")

    assert json.loads(path.read_text())["token"] == "a living one"


def test_heartbeat_renews_the_time_of_the_lock(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock_file, "_BEAT_S", 0.01)
    lock = LockFile(path, "The thing")
    age(path, 600)

    deadline = time.monotonic() + 10
    while time.time() - path.stat().st_mtime > 60 and time.monotonic() < deadline:
        time.sleep(0.01)
    renewed = path.stat().st_mtime
    lock.release()

    assert time.time() - renewed < 60
    assert not lock._heart.is_alive()


def test_process_of_another_user_counts_as_running(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_lock(path)

    class Hidden:
        def __init__(self, pid: int) -> None:
            self.pid = pid

        def create_time(self) -> float:
            if self.calls:
                raise psutil.AccessDenied(self.pid)
            self.calls.append(1)
            return 1.0

        calls: list[int] = []  # noqa: RUF012

    monkeypatch.setattr(lock_file.psutil, "Process", Hidden)

    with pytest.raises(ProjectLocked):
        LockFile(path, "The thing")


def test_lock_that_disappears_while_it_is_judged_is_taken(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path.write_text("{half")
    real = lock_file._read_owner

    def read_and_remove(given: Path) -> object:
        owner = real(given)
        if owner is None:
            given.unlink(missing_ok=True)
        return owner

    monkeypatch.setattr(lock_file, "_read_owner", read_and_remove)

    lock = LockFile(path, "The thing")

    lock.require()
    lock.release()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no zombies")
def test_lock_of_a_killed_process_nobody_waited_for_is_free(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    command = [sys.executable, "-c", HOLDER, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        holder.kill()
        os.waitid(os.P_PID, holder.pid, os.WEXITED | os.WNOWAIT)  # dead, but still in the table

        LockFile(path, "The thing").release()

        assert psutil.Process(holder.pid).status() == psutil.STATUS_ZOMBIE
