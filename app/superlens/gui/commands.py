"""Every command of the window, registered in one place."""

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices

from superlens.gui.about import AboutDialog
from superlens.gui.actions import ActionRegistry, Command
from superlens.gui.stage_bar import STAGE_TITLES, Stage
from superlens.gui.theme.theme import WindowTheme
from superlens.gui.workspace import Workspace
from superlens.io.locations import logs_dir
from superlens.workbench.settings import Theme
from superlens.workbench.workbench import Workbench


def register_commands(
    actions: ActionRegistry,
    workspace: Workspace,
    workbench: Workbench,
    theme: WindowTheme,
    open_palette: Callable[[], None],
) -> None:
    """Register everything that menus, shortcuts and the palette offer."""
    for command in (
        *_file_commands(workspace, workbench),
        *_project_commands(workspace),
        *_view_commands(workspace),
        *_theme_commands(workbench, theme),
        *_stage_commands(workspace, workbench),
        *_help_commands(workspace, open_palette),
    ):
        actions.add(command)


def _file_commands(workspace: Workspace, workbench: Workbench) -> tuple[Command, ...]:
    intents = workspace.intents

    def has_project() -> bool:
        return workbench.project is not None

    return (
        Command("file.new_project", "New project…", intents.new_project, "plus", "Ctrl+N"),
        Command("file.open_project", "Open project…", intents.choose_project, "folder-open"),
        Command("file.import", "Import files…", intents.choose_files, "file-plus", "Ctrl+O"),
        Command(
            "file.import_folder", "Import folder…", intents.choose_folder, "folder-open",
            "Ctrl+Shift+O",
        ),
        Command(
            "file.close_project", "Close project", workbench.close_project,
            enabled_when=has_project,
        ),
        Command("file.quit", "Quit", workspace.window().close, shortcut="Ctrl+Q"),
    )  # fmt: skip


def _project_commands(workspace: Workspace) -> tuple[Command, ...]:
    intents, panel = workspace.project_intents, workspace.panel

    def is_writable() -> bool:
        return intents.is_writable

    def edit_labels() -> None:
        intents.edit_labels(panel.selected)

    return (
        Command("project.labels", "Role, tags and note…", edit_labels, "list", "Ctrl+E",
                enabled_when=lambda: intents.is_writable and bool(panel.selected)),
        Command("project.find_missing", "Find missing files…", intents.find_missing,
                "magnifying-glass", enabled_when=lambda: intents.has_missing),
        Command("project.blind", "Hide names", intents.toggle_blinding,
                tooltip="Show codes in place of names, for scoring without knowing which is which",
                enabled_when=is_writable, checked_when=lambda: intents.is_blinded),
        Command("project.watch", "Watch folder…", intents.open_watch, "folder-open",
                enabled_when=is_writable),
        Command("project.trash", "Trash…", intents.open_trash, "trash",
                enabled_when=is_writable),
    )  # fmt: skip


def _view_commands(workspace: Workspace) -> tuple[Command, ...]:
    check, inspector, dock = workspace.check, workspace.inspector, workspace.dock
    links = check.compare.links

    def has_plane() -> bool:
        return workspace.selection.image is not None

    def is_locked() -> bool:
        return check.compare.wish.is_locked

    def toggle_lock() -> None:
        inspector.view_tab.set_locked(not is_locked())

    return (
        Command("view.fit", "Show the whole image", check.fit, "corners-out", "Home",
                enabled_when=has_plane),
        Command("view.zoom_in", "Zoom in", partial(links.zoom, 1.25), shortcut="+",
                enabled_when=has_plane),
        Command("view.zoom_out", "Zoom out", partial(links.zoom, 0.8), shortcut="-",
                enabled_when=has_plane),
        Command("view.auto_contrast", "Automatic contrast", inspector.view_tab.auto_contrast,
                shortcut="C", enabled_when=has_plane),
        Command("view.lock_contrast", "Same contrast in low-res and super-res", toggle_lock, "lock",
                checked_when=is_locked),
        Command("view.inspector", "Inspector", workspace.toggle_inspector, "sliders-horizontal",
                "Ctrl+I", checked_when=lambda: workspace.is_inspector_open),
        Command("view.dock", "Jobs, measurements and log", dock.toggle, "list", "Ctrl+J",
                checked_when=lambda: dock.is_open),
        Command("view.log", "Show log", partial(dock.show_page, 2), shortcut="Ctrl+Shift+L"),
        Command("view.full_screen", "Full screen", workspace.toggle_full_screen, shortcut="F11",
                checked_when=lambda: workspace.window().isFullScreen()),
    )  # fmt: skip


def _theme_commands(workbench: Workbench, theme: WindowTheme) -> tuple[Command, ...]:
    def choose(choice: Theme) -> None:
        workbench.settings.change(theme=choice)
        theme.choose(choice)

    titles = {Theme.SYSTEM: "As the system", Theme.LIGHT: "Light", Theme.DARK: "Dark"}
    return tuple(
        Command(
            f"view.theme_{choice.value}",
            title,
            partial(choose, choice),
            checked_when=partial(_is_theme, theme, choice),
        )
        for choice, title in titles.items()
    )


def _is_theme(theme: WindowTheme, choice: Theme) -> bool:
    return theme.choice is choice


def _stage_commands(workspace: Workspace, workbench: Workbench) -> tuple[Command, ...]:
    flow, selection, jobs = workspace.flow, workspace.selection, workbench.jobs

    def has_project() -> bool:
        return workbench.project is not None

    def has_image() -> bool:
        return selection.image is not None

    def has_work() -> bool:
        return any(not job.state.is_ended for job in jobs.jobs())

    def stop_all() -> None:
        for job in jobs.jobs():
            if not job.state.is_ended:
                jobs.cancel(job.id)

    def show_measure() -> None:
        flow.go(Stage.MEASURE)
        workspace.intents.choose_plate()

    goes = tuple(
        Command(
            f"go.{stage.name.lower()}", f"{stage + 1}  {STAGE_TITLES[stage]}",
            partial(flow.go, stage), shortcut=f"Ctrl+{stage + 1}", enabled_when=has_project,
        )
        for stage in Stage
    )  # fmt: skip
    return (
        Command("process.restore", "Super-resolve this image", flow.start_restore, "play",
                "Ctrl+R", enabled_when=has_image),
        Command("process.stop_all", "Cancel all jobs", stop_all, "stop", enabled_when=has_work),
        Command("measure.plate", "Choose plate map…", show_measure, "table"),
        Command("measure.run", "Run assay", flow.start_measure, "flask", enabled_when=has_project),
        Command("report.create", "Create report…", flow.create_report, "file-text",
                enabled_when=lambda: bool(workspace.report.chosen_runs())),
        Command("report.open", "Open the last report", workspace.report.open_pdf.click, "file-pdf",
                enabled_when=lambda: workspace.report.written is not None),
        *goes,
        Command("go.next", "Next image", partial(flow.step_image, 1), shortcut="D",
                enabled_when=has_image),
        Command("go.previous", "Previous image", partial(flow.step_image, -1), shortcut="A",
                enabled_when=has_image),
    )  # fmt: skip


def _help_commands(workspace: Workspace, open_palette: Callable[[], None]) -> tuple[Command, ...]:
    def open_logs() -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(logs_dir())))

    def about() -> None:
        AboutDialog(workspace.window()).exec()

    return (
        Command("help.commands", "Search commands", open_palette, "magnifying-glass",
                "Ctrl+Shift+P"),
        Command("help.log_folder", "Open log folder", open_logs, "folder-open"),
        Command("help.about", "About Superlens", about, "info"),
    )  # fmt: skip
