"""A process that dies anywhere in a change leaves the project as it was before, or after."""

import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from fakes.killed import (
    Work,
    create,
    image,
    import_images,
    killed_at_instruction,
    killed_at_statement,
    migrate,
    note_all,
    save_all,
)
from superlens.core.records import ResultRecord
from superlens.io import store_format
from superlens.io.codec import encode
from superlens.io.store import DATABASE_FILE, ProjectStore
from superlens.io.store_format import latest_format

_IMAGES = 8


def project_of_this_format(folder: Path) -> None:
    with ProjectStore.create(folder) as store:
        store.catalogue.add(*(image(number) for number in range(_IMAGES)))
        store.add_result(("i0",), ResultRecord("j0", "restore", "results/old"))


def project_of_the_first_format(folder: Path) -> None:
    folder.mkdir()
    connection = sqlite3.connect(folder / DATABASE_FILE, isolation_level=None)
    steps = Path(store_format.__file__).parent / "migrations"
    connection.executescript((steps / "0001_initial.sql").read_text(encoding="utf-8"))
    connection.execute(f"PRAGMA application_id = {store_format.APPLICATION_ID}")
    connection.execute("PRAGMA user_version = 1")
    for number in range(_IMAGES):
        record = image(number)
        text = encode(record).decode()
        connection.execute("INSERT INTO image (id, record) VALUES (?, ?)", (record.id, text))
    connection.close()


def state_of(folder: Path) -> tuple[Any, ...]:
    """Open a project as the next session does and give all that is in it."""
    with ProjectStore.open(folder) as store:
        return (
            store.images(),
            store.plates.all(),
            store.results(),
            store.setting("blinding"),
            store.audit.entries(),
            store._database.rows("PRAGMA user_version")[0][0],
        )


def states_between(work: Work, prepared: Path, tmp_path: Path) -> list[tuple[Any, ...]]:
    """Give each state that whole transactions of a work lead through, the first one first.

    They are taken between the transactions of one process that is killed nowhere.
    """
    folder = tmp_path / "undisturbed"
    shutil.copytree(prepared, folder)
    states = [state_of(shutil.copytree(folder, tmp_path / "before"))]
    number = 0
    while True:
        number += 1
        copy = tmp_path / f"until-{number}"
        shutil.copytree(prepared, copy)
        was_killed = killed_at_statement(work, copy, number)
        state = state_of(copy)
        if state != states[-1]:
            states.append(state)
        shutil.rmtree(copy)
        if not was_killed:
            return states


@pytest.mark.parametrize(
    ("work", "steps"),
    [(import_images, 3), (save_all, 5)],
    ids=["import", "save"],
)
def test_kill_at_each_statement_leaves_the_old_or_the_new_state(
    tmp_path: Path, work: Work, steps: int
) -> None:
    project_of_this_format(tmp_path / "prepared")

    states = states_between(work, tmp_path / "prepared", tmp_path)

    # As many new states as transactions, in their order: nothing is ever half there.
    assert len(states) == 1 + steps
    assert [len(state[0]) for state in states] == sorted(len(state[0]) for state in states)


def test_kill_at_each_statement_of_a_migration_leaves_a_project_that_opens(tmp_path: Path) -> None:
    project_of_the_first_format(tmp_path / "prepared")

    states = states_between(migrate, tmp_path / "prepared", tmp_path)

    # The next opening takes the missing steps, so that all states look the same.
    assert len(states) == 1
    assert states[0][0] == tuple(image(number) for number in range(_IMAGES))
    assert states[0][-1] == latest_format()


def test_kill_at_each_statement_of_making_a_project_leaves_one_that_opens(tmp_path: Path) -> None:
    number, was_killed = 0, True
    while was_killed:
        number += 1
        folder = tmp_path / f"{number}"
        was_killed = killed_at_statement(create, folder, number)
        if (folder / DATABASE_FILE).exists():
            assert state_of(folder)[0] == ()

    assert number > 4 * latest_format()


@pytest.mark.parametrize("step", range(1, 9))
@pytest.mark.parametrize(
    ("work", "prepare", "instructions"),
    [
        (save_all, project_of_this_format, 690),
        (migrate, project_of_the_first_format, 900),
    ],
    ids=["save", "migrate"],
)
def test_kill_within_a_transaction_is_rolled_back(
    tmp_path: Path, work: Work, prepare: Work, instructions: int, step: int
) -> None:
    folder = tmp_path / "project"
    prepare(folder)
    noted = tuple(image(number).note for number in range(_IMAGES))

    killed_at_instruction(work, folder, step * instructions // 8)

    state = state_of(folder)
    notes = tuple(one.note for one in state[0])
    assert notes in (noted, ("seen",) * _IMAGES)
    assert state[-1] == latest_format()


def test_pages_that_were_written_before_the_kill_are_taken_back(tmp_path: Path) -> None:
    spilled = 0
    for number in range(100, 400, 50):
        folder = tmp_path / f"{number}"
        project_of_this_format(folder)
        before = (folder / DATABASE_FILE).read_bytes()

        assert killed_at_instruction(note_all, folder, number)

        journal = folder / f"{DATABASE_FILE}-journal"
        if journal.exists() and (folder / DATABASE_FILE).read_bytes() != before:
            spilled += 1
            ProjectStore.open(folder).close()
            assert (folder / DATABASE_FILE).read_bytes() == before

    assert spilled > 0, "no kill came after changed pages had reached the file"
