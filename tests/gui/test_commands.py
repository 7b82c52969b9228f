"""The registry of commands: menus, palette, preflight."""

import sys

import pytest
from PySide6.QtWidgets import QMenu

from superlens.gui.actions import ActionRegistry, Command
from superlens.gui.main_window import MainWindow
from superlens.gui.menus import MENUS
from superlens.gui.preflight import can_load, missing_for_window


def test_every_menu_entry_is_a_command(window: MainWindow) -> None:
    known = {command.id for command in window.registry.commands()}
    listed = {
        command_id
        for _, ids in MENUS
        for command_id in ids
        if command_id and not command_id.startswith("menu.")
    }

    assert listed <= known


def test_every_command_can_be_reached_from_a_menu(window: MainWindow) -> None:
    actions = {action for menu in window.findChildren(QMenu) for action in menu.actions()}
    hidden = [
        c.id for c in window.registry.commands() if window.registry.action(c.id) not in actions
    ]

    assert hidden == []


def test_no_two_commands_share_a_shortcut(window: MainWindow) -> None:
    shortcuts = [c.shortcut for c in window.registry.commands() if c.shortcut]

    assert len(shortcuts) == len(set(shortcuts))


def test_palette_finds_commands_by_words_and_leaves_out_disabled_ones(window: MainWindow) -> None:
    palette = window.menu_row.palette_dialog
    window.menu_row.open_palette()

    palette.type_text("impo fold")

    assert palette.titles() == ("File: Import folder…",)
    palette.type_text("run assay")
    assert palette.titles() == ()  # no project is open
    palette.hide()


def test_an_id_is_registered_once(window: MainWindow) -> None:
    registry = ActionRegistry(window)
    registry.add(Command("a.b", "B", lambda: None))

    with pytest.raises(ValueError, match="twice"):
        registry.add(Command("a.b", "B again", lambda: None))


def test_missing_display_is_told_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("superlens.gui.preflight.sys.platform", "linux")

    sentence = missing_for_window({})

    assert "DISPLAY" in sentence
    assert "\n" not in sentence


def test_missing_libraries_are_told_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("superlens.gui.preflight.sys.platform", "linux")
    monkeypatch.setattr(
        "superlens.gui.preflight.can_load", lambda name: name != "libxcb-cursor.so.0"
    )

    sentence = missing_for_window({"DISPLAY": ":0"})

    assert sentence.endswith("sudo apt-get install libxcb-cursor0")


def test_offscreen_needs_no_display(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("superlens.gui.preflight.can_load", lambda _: True)

    assert missing_for_window({"QT_QPA_PLATFORM": "offscreen"}) == ""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="X is asked on Linux only")
def test_dead_display_is_told_instead_of_an_abort(monkeypatch: pytest.MonkeyPatch) -> None:
    if not can_load("libxcb.so.1"):
        pytest.skip("there is no libxcb to ask with")
    monkeypatch.setattr("superlens.gui.preflight._missing_libraries", lambda _: "")

    sentence = missing_for_window({"DISPLAY": ":4711"})

    assert sentence.startswith("The display :4711 does not answer.")
