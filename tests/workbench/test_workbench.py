"""The bench opens and closes projects without losing one, and leaves no thread or process."""

import json
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fakes.engine import FakeEngines, FakeJob, finish, run_until_cancelled
from superlens.core.errors import InvalidInput, MissingFile, UnreadableFile
from superlens.core.jobs import InputImage, JobKind, JobState, Lane, RestoreRequest
from superlens.core.messages import Event, Progress
from superlens.core.records import ModelRef
from superlens.io.store import ProjectStore
from superlens.workbench.engine_link import EngineState
from superlens.workbench.settings import Theme
from superlens.workbench.workbench import Workbench

FORBIDDEN = ("torch", "scipy", "skimage", "tifffile", "PySide6.QtGui", "PySide6.QtWidgets")


def restore(out: Path) -> RestoreRequest:
    return RestoreRequest(InputImage("a.tif"), ModelRef("m", "0" * 64), str(out))


def running(qtbot: Any, bench: Workbench, out: Path) -> str:
    job_id = bench.jobs.submit(restore(out), "Super-resolve a.tif")
    qtbot.wait_until(lambda: bench.jobs.job(job_id).total > 0, timeout=5000)
    return job_id


@pytest.mark.parametrize("module", ["workbench", "requests", "project", "jobs", "engine_link"])
def test_importing_the_workbench_loads_nothing_heavy(module: str) -> None:
    code = (
        f"import sys, superlens.workbench.{module}; "
        f"print([name for name in {FORBIDDEN!r} if name in sys.modules])"
    )

    completed = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )

    assert completed.stdout.strip() == "[]"


def test_requests_are_built_without_qt() -> None:
    code = "import sys, superlens.workbench.requests; print('PySide6' in sys.modules)"

    completed = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )

    assert completed.stdout.strip() == "False"


def test_both_engines_come_up(qtbot: Any, bench: Workbench) -> None:
    lanes = [bench.link(lane) for lane in Lane]

    qtbot.wait_until(lambda: all(link.state is EngineState.READY for link in lanes), timeout=5000)

    assert {link.info.lane for link in lanes if link.info} == {"accelerator", "cpu"}


def test_lost_engine_is_told_with_its_lane(
    qtbot: Any, bench: Workbench, engines: FakeEngines
) -> None:
    with qtbot.waitSignal(bench.engine_lost, timeout=5000) as lost:
        engines.of(Lane.CPU).process.die(-9)

    assert lost.args[0] == "cpu"
    assert "signal 9" in lost.args[1]


def test_new_project_is_open_and_remembered(qtbot: Any, bench: Workbench, tmp_path: Path) -> None:
    with qtbot.waitSignal(bench.project_changed, timeout=1000) as changed:
        project = bench.new_project(tmp_path / "screen")

    assert changed.args == [project]
    assert bench.project is project
    assert project.name == "screen"
    assert bench.state.values.recent_projects == (str(tmp_path / "screen"),)


def test_project_is_not_made_in_a_folder_that_holds_something_else(
    bench: Workbench, tmp_path: Path
) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.txt").touch()

    with pytest.raises(InvalidInput, match="not empty"):
        bench.new_project(tmp_path / "thesis")


def test_open_project_stays_open_when_another_cannot_be_opened(
    bench: Workbench, tmp_path: Path
) -> None:
    project = bench.new_project(tmp_path / "screen")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "project.sqlite").write_bytes(b"garbage " * 1000)

    with pytest.raises(UnreadableFile):
        bench.open_project(tmp_path / "other")
    with pytest.raises(MissingFile):
        bench.open_project(tmp_path / "nowhere")
    with pytest.raises(InvalidInput, match="holds a project"):
        bench.new_project(tmp_path / "screen")

    assert bench.project is project


def test_damaged_project_is_refused_and_not_left_locked(bench: Workbench, tmp_path: Path) -> None:
    with ProjectStore.create(tmp_path / "screen"):
        pass
    with sqlite3.connect(tmp_path / "screen" / "project.sqlite") as database:
        database.execute("INSERT INTO image (id, record) VALUES ('a', '{}')")
    database.close()

    with pytest.raises(InvalidInput, match="ImageRecord"):
        bench.open_project(tmp_path / "screen")

    assert bench.project is None
    assert not (tmp_path / "screen" / "project.lock").exists()


def test_opening_the_open_project_changes_nothing(bench: Workbench, tmp_path: Path) -> None:
    project = bench.new_project(tmp_path / "screen")

    assert bench.open_project(tmp_path / "screen") is project


def test_files_dropped_on_the_start_screen_find_an_untitled_project(
    qtbot: Any, bench: Workbench, tmp_path: Path
) -> None:
    (tmp_path / "a.tif").write_bytes(b"a")

    project = bench.ensure_project()
    with qtbot.waitSignal(project.imports_finished, timeout=5000):
        project.add_files([tmp_path / "a.tif"])
    bench.close_project()

    assert project.name.startswith("Untitled")
    assert bench.state.values.recent_projects == (str(project.folder),)
    assert len(bench.open_project(project.folder).images()) == 1
    assert bench.ensure_project() is bench.project


def test_untitled_project_that_stayed_empty_leaves_nothing(bench: Workbench) -> None:
    folder = bench.ensure_project().folder

    bench.close_project()

    assert not folder.exists()
    assert bench.state.values.recent_projects == ()


def test_running_job_of_a_closed_project_is_offered_again(
    qtbot: Any, bench: Workbench, engines: FakeEngines, tmp_path: Path
) -> None:
    engines.scripts[JobKind.RESTORE] = run_until_cancelled
    bench.new_project(tmp_path / "screen")
    job_id = running(qtbot, bench, tmp_path / "screen" / "results" / "a-1")

    bench.close_project()
    assert bench.jobs.jobs() == ()
    del engines.scripts[JobKind.RESTORE]
    with qtbot.waitSignal(bench.jobs.jobs_offered, timeout=5000):
        bench.open_project(tmp_path / "screen")
    bench.jobs.resume_offered()

    qtbot.wait_until(lambda: bench.jobs.job(job_id).state is JobState.DONE, timeout=5000)
    assert bench.project is not None
    assert [result.job_id for result in bench.project.results()] == [job_id]


def test_run_that_ends_after_its_project_was_opened_again_is_done(
    qtbot: Any, bench: Workbench, engines: FakeEngines, tmp_path: Path
) -> None:
    go_on = threading.Event()

    def deaf_and_done(job: FakeJob) -> Iterator[Event]:
        yield Progress(job.id, "writing", 1, 2)
        job.wait_for(go_on)
        yield from finish(job)

    engines.scripts[JobKind.RESTORE] = deaf_and_done
    bench.new_project(tmp_path / "screen")
    job_id = running(qtbot, bench, tmp_path / "out")
    bench.close_project()
    bench.open_project(tmp_path / "screen")
    assert bench.jobs.job(job_id).state is JobState.WAITING

    go_on.set()

    qtbot.wait_until(lambda: bench.jobs.job(job_id).state is JobState.DONE, timeout=5000)


def test_run_that_was_published_just_before_a_crash_is_done_and_attached(
    qtbot: Any, bench: Workbench, engines: FakeEngines, tmp_path: Path
) -> None:
    out = tmp_path / "screen" / "results" / "a-1"
    engines.scripts[JobKind.RESTORE] = run_until_cancelled
    bench.new_project(tmp_path / "screen")
    job_id = running(qtbot, bench, out)
    bench.close_project()
    publish(out, job_id)

    project = bench.open_project(tmp_path / "screen")

    assert bench.jobs.job(job_id).state is JobState.DONE
    assert bench.jobs.offered() == ()
    assert [result.folder for result in project.results()] == [str(out)]


def publish(out: Path, job_id: str) -> None:
    from superlens.core.records import ResultRecord, Versions
    from superlens.io.codec import encode
    from superlens.io.runs import RunDocument, create_run

    time = "2026-01-01T00:00:00+00:00"
    result = ResultRecord(job_id, JobKind.RESTORE, str(out))
    with create_run(out) as run:
        run.publish(
            RunDocument(
                encode(restore(out)).decode(),
                JobKind.RESTORE,
                job_id,
                Versions("0", "3", "x"),
                "cpu",
                time,
                time,
                result,
            )
        )


@pytest.fixture
def threads_before() -> frozenset[threading.Thread]:
    """What ran before the workbench: another test's threads are not its doing."""
    return frozenset(threading.enumerate())


def test_shutdown_leaves_no_thread_and_no_process(
    qtbot: Any,
    threads_before: frozenset[threading.Thread],
    bench: Workbench,
    engines: FakeEngines,
    tmp_path: Path,
) -> None:
    engines.scripts[JobKind.RESTORE] = run_until_cancelled
    bench.new_project(tmp_path / "screen")
    running(qtbot, bench, tmp_path / "out")

    bench.shutdown()
    engines.end()

    names = {thread.name for thread in set(threading.enumerate()) - threads_before}
    assert not names & {"engine events", "fake engine", "fake job", "lock-heartbeat"}
    assert all(engine.process.exitcode == 0 for engine in engines.started)
    assert not (tmp_path / "screen" / "project.lock").exists()


def test_choices_are_kept_apart_from_what_the_program_remembers(
    bench: Workbench, tmp_path: Path
) -> None:
    bench.settings.change(theme=Theme.DARK)
    bench.state.change(window_geometry="AdnQ")

    files = {path.name: json.loads(path.read_text()) for path in tmp_path.rglob("*.json")}
    assert files["settings.json"]["theme"] == "dark"
    assert files["state.json"]["window_geometry"] == "AdnQ"


def test_models_are_read_again_when_asked(bench: Workbench) -> None:
    first = bench.models

    assert bench.models is first
    bench.reload_models()
    assert bench.models == first
    assert bench.models is not first or first == ()
