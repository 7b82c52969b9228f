"""What the rows of the import dialog say, column by column. No Qt."""

from enum import IntEnum
from pathlib import Path

from superlens.core.records import SceneInfo
from superlens.gui.import_dialog.rows import FileRow, RowState, depth_text, size_text
from superlens.gui.viewer.geometry import length_text
from superlens.gui.words import plural


class Column(IntEnum):
    """Columns of the table."""

    NAME = 0
    SIZE = 1
    CHANNELS = 2
    Z = 3
    T = 4
    DEPTH = 5
    PIXEL = 6
    WELL = 7
    ROLE = 8


def caption(row: FileRow) -> str:
    """Give the second line of a file: its format, or why it is not imported."""
    match row.state:
        case RowState.READING:
            return "Reading…"
        case RowState.KNOWN:
            name = Path(row.twin).name
            return "In the project already" if name == row.path.name else f"The same as {name}"
        case RowState.BROKEN:
            return row.error.title if row.error is not None else ""
        case RowState.READY:
            scenes = f" · {_scenes_text(row)}" if len(row.scenes) > 1 else ""
            return f"{row.info.format if row.info else ''}{scenes}"


def fact_text(scene: SceneInfo, column: Column) -> str:
    """Give what a column says of a scene."""
    match column:
        case Column.SIZE:
            return size_text(scene)
        case Column.CHANNELS:
            return "RGB" if scene.is_rgb else str(scene.size("C"))
        case Column.Z | Column.T:
            return str(scene.size(column.name))
        case Column.DEPTH:
            return depth_text(scene)
        case _:
            um = scene.pixel_sizes.lateral_um
            return "" if um is None else length_text(um)


def wells_text(row: FileRow) -> str:
    """Give the well of a file, or how many its scenes lie in."""
    if not row.wells:
        return row.well
    return plural(len({well for well in row.wells if well}), "well")


def scene_name(row: FileRow, number: int) -> str:
    """Give the name of a scene; one without a name is counted from 1."""
    return row.scenes[number].name or f"Scene {number + 1}"


def scene_caption(row: FileRow, number: int) -> str:
    """Give the second line of a scene."""
    return f"Scene {number + 1} of {len(row.scenes)}"


def tooltip(row: FileRow) -> str:
    """Give where a file lies, and what is odd about it."""
    lines = [str(row.path)]
    if row.error is not None:
        lines.append(row.error.sentence)
    if row.state is RowState.KNOWN:
        lines.append(f"The same as {row.twin}")
    if row.info is not None:
        lines += row.info.warnings
    return "\n".join(lines)


def _scenes_text(row: FileRow) -> str:
    wanted, total = len(row.wanted_scenes), len(row.scenes)
    is_part = 0 < wanted < total
    return f"{wanted} of {total} scenes" if is_part else plural(total, "scene")
