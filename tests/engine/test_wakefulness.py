import sys
import time

import pytest

from superlens.engine import wakefulness
from superlens.engine.wakefulness import kept_awake

HOLDER = (sys.executable, "-c", "import sys; sys.stdin.read()")

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows needs no program")


def until(happened, limit_s=5.0):
    end = time.monotonic() + limit_s
    while not happened() and time.monotonic() < end:
        time.sleep(0.01)
    return happened()


@pytest.fixture
def started(monkeypatch):
    """The holders that were started."""
    holders = []
    real = wakefulness.subprocess.Popen

    def start(*args, **options):
        holders.append(real(*args, **options))
        return holders[-1]

    monkeypatch.setattr(wakefulness.subprocess, "Popen", start)
    return holders


def test_long_job_keeps_the_computer_awake_says_so_and_lets_go(monkeypatch, started):
    monkeypatch.setattr(wakefulness, "_PATIENCE_S", 0.0)
    monkeypatch.setattr(wakefulness, "_program", lambda: HOLDER)
    said = []

    with kept_awake(said.append):
        assert until(lambda: said)

    assert said == ["The computer is kept awake until this job has ended"]
    assert until(lambda: started[0].poll() is not None)


def test_short_job_starts_nothing(monkeypatch, started):
    monkeypatch.setattr(wakefulness, "_program", lambda: HOLDER)

    with kept_awake(pytest.fail):
        pass

    assert started == []


@pytest.mark.parametrize("command", [("no-such-program",), (sys.executable, "-c", "pass")])
def test_nothing_is_said_where_the_system_offers_no_way(monkeypatch, command):
    monkeypatch.setattr(wakefulness, "_PATIENCE_S", 0.0)
    monkeypatch.setattr(wakefulness, "_START_S", 2.0)
    monkeypatch.setattr(wakefulness, "_program", lambda: command)
    said = []

    with kept_awake(said.append):
        time.sleep(0.3)

    assert said == []
