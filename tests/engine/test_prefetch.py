"""Batches made ahead: the same ones, in time, whatever happens to who makes them."""

import subprocess
import sys
import threading
import time

import numpy as np
import psutil
import pytest

from child_processes import children
from fakes.slow_data import Slow
from superlens.core.errors import InvalidInput
from superlens.core.jobs import PhantomSource
from superlens.engine import prefetch
from superlens.engine.prefetch import Feeding, Prefetched, most_workers
from superlens.prepare.phantom_training import PhantomTrainingData
from superlens.prepare.training_data import TRAINING_NORMALISATION


def _phantoms():
    source = PhantomSource(("nuclei",), 6, 3, {"field_px": 32, "window": 4})
    return PhantomTrainingData(source, 2, 16, TRAINING_NORMALISATION)


@pytest.mark.parametrize("workers", [0, 2])
def test_batches_are_those_of_the_data(workers):
    expected = _phantoms()
    with Prefetched(_phantoms(), workers) as data:
        for step, size in ((0, 2), (1, 2), (2, 2), (7, 2), (8, 3), (3, 3)):
            ours, theirs = data.batch(step, size), expected.batch(step, size)
            assert np.array_equal(ours.low, theirs.low)
            assert np.array_equal(ours.high, theirs.high)


def test_next_batches_are_made_while_the_step_computes():
    with Prefetched(Slow(0.02)) as data:
        for step in range(12):
            data.batch(step, 1)
            time.sleep(0.04)
        ahead = data.feeding

    assert ahead.steps == 11
    assert ahead.share < prefetch.WELL_FED


def test_waiting_for_slow_data_is_told():
    with Prefetched(Slow(0.03)) as data:
        for step in range(8):
            data.batch(step, 1)
        starved = data.feeding

    # Nothing is computed between the batches, so that all of the time is waiting.
    assert starved.share > 0.9
    assert "for 7 batches" in starved.text


def test_share_counts_from_the_first_batch_on():
    feeding = Feeding()
    assert feeding.share == 0.0

    feeding.note(0.0, 5.0)  # the first batch waits for files to be opened
    feeding.note(6.0, 6.5)
    feeding.note(8.0, 9.0)

    assert feeding.share == pytest.approx(1.5 / 4)


def test_one_thread_alone_touches_the_data():
    slow = Slow()
    with Prefetched(slow) as data:
        data.batch(0, 1)
        data.validation()
        data.batch(1, 1)

    assert len(slow.threads) == 1
    assert threading.current_thread().name not in slow.threads


def test_validation_is_read_once():
    slow = Slow()
    with Prefetched(slow) as data:
        first, second = data.validation(), data.validation()

    assert first is second
    assert slow.validations == 1


@pytest.mark.parametrize("workers", [0, 1])
def test_failure_of_a_batch_is_told_at_its_own_step(workers):
    with Prefetched(Slow(fails_at=2), workers) as data:
        data.batch(0, 1)
        data.batch(1, 1)
        with pytest.raises(InvalidInput, match="step 2 cannot be read") as caught:
            data.batch(2, 1)

    assert caught.value.advice == "Look at it"


def test_death_of_a_worker_changes_no_batch():
    with Prefetched(Slow(exits_in_child_at=3), 2) as data:
        steps = [float(data.batch(step, 1).low[0, 0, 0, 0]) for step in range(6)]

    assert steps == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]


def test_nothing_is_left_running():
    before = set(threading.enumerate())
    with Prefetched(Slow(), 1) as data:
        data.batch(0, 1)
        workers = children()
    assert workers
    with Prefetched(Slow()) as data:
        data.batch(0, 1)

    assert not any(child.is_alive() for child in workers)
    assert not [
        thread for thread in set(threading.enumerate()) - before if "batches" in thread.name
    ]


ORPHAN = """
import multiprocessing, sys, time
sys.path[:0] = {paths!r}
from child_processes import children
from fakes.slow_data import Slow
from superlens.engine.prefetch import Prefetched

if __name__ == "__main__":
    data = Prefetched(Slow(), 1)
    data.batch(0, 1)
    print(multiprocessing.active_children()[0].pid, flush=True)
    time.sleep(60)
"""


def test_workers_of_a_killed_process_leave_by_themselves(tmp_path):
    script = tmp_path / "orphan.py"
    script.write_text(ORPHAN.format(paths=[path for path in sys.path if path]))
    parent = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True)
    worker = psutil.Process(int(parent.stdout.readline()))

    parent.kill()
    parent.wait()

    _, alive = psutil.wait_procs([worker], timeout=10)
    assert not [one for one in alive if one.status() != psutil.STATUS_ZOMBIE]


def test_processes_are_started_where_steps_wait_and_only_there(monkeypatch):
    monkeypatch.setattr(prefetch, "_WINDOW_S", 0.1)
    with Prefetched(Slow(0.02), most_workers=2) as starved:
        steps = [float(starved.batch(step, 1).low[0, 0, 0, 0]) for step in range(12)]
        assert children()
    with Prefetched(Slow(), most_workers=2) as fed:
        for step in range(12):
            fed.batch(step, 1)
            time.sleep(0.03)
        assert not children()

    assert steps == [float(step) for step in range(12)]


def test_machine_sets_how_many_processes_there_may_be(monkeypatch):
    monkeypatch.setattr(prefetch.os, "cpu_count", lambda: 64)
    assert most_workers() == 8

    monkeypatch.setattr(prefetch.os, "cpu_count", lambda: 2)
    assert most_workers() == 2
