"""Every command of the window once: menus, shortcuts, palette and buttons are made from it."""

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu, QWidget

from superlens.gui.theme.icons import icon


def _always() -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Command:
    """One thing that the user can ask for."""

    id: str
    """Permanent, such as `file.import`."""
    text: str
    """As in the menu; ends in `…` when a dialog follows."""
    callback: Callable[[], object]
    icon: str = ""
    shortcut: str = ""
    tooltip: str = ""
    enabled_when: Callable[[], bool] = _always
    checked_when: Callable[[], bool] | None = None
    """Makes it a switch."""


class ActionRegistry(QObject):
    """All commands of a window, each with its one `QAction`."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self._commands: dict[str, Command] = {}
        self._actions: dict[str, QAction] = {}

    def add(self, command: Command) -> QAction:
        """Register a command and give its action; an id is registered once."""
        if command.id in self._commands:
            raise ValueError(f"the command {command.id!r} is registered twice")
        action = QAction(command.text, self._window)
        if command.icon:
            action.setIcon(icon(command.icon))
        if command.shortcut:
            action.setShortcut(QKeySequence(command.shortcut))
            action.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
        action.setToolTip(command.tooltip or command.text.rstrip("…"))
        action.setCheckable(command.checked_when is not None)
        action.triggered.connect(lambda _=False, do=command.callback: do())
        self._window.addAction(action)
        self._commands[command.id] = command
        self._actions[command.id] = action
        return action

    def action(self, command_id: str) -> QAction:
        """Give the action of a command."""
        return self._actions[command_id]

    def commands(self) -> tuple[Command, ...]:
        """Give all commands in order of registration."""
        return tuple(self._commands.values())

    def refresh(self) -> None:
        """Ask every command whether it is enabled and checked now."""
        for command_id, command in self._commands.items():
            action = self._actions[command_id]
            action.setEnabled(command.enabled_when())
            if command.checked_when is not None:
                action.setChecked(command.checked_when())

    def fill(self, menu: QMenu, ids: tuple[str, ...]) -> None:
        """Put actions into a menu; an empty id is a separator."""
        for command_id in ids:
            if command_id:
                menu.addAction(self._actions[command_id])
            else:
                menu.addSeparator()
        menu.aboutToShow.connect(self.refresh)
