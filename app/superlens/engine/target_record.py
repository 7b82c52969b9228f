"""What a training did to the gradients of its targets, kept as a table and as a figure."""

from superlens.engine.training_record import TrainingFolder
from superlens.io.atomic import replace_file
from superlens.io.tables import write_table
from superlens.prepare.target_statistics import TargetReport
from superlens.report.gradient_plot import GradientCounts, gradient_drawing

TABLE, FIGURE = "targets.csv", "targets.svg"
COLUMNS = (
    *("name", "low", "factor", "mean", "factor_after"),
    *("distance_before", "distance_after", "clipped_share"),
)
"""Fields of a `TargetRecord`."""


def write_targets(folder: TrainingFolder, targets: TargetReport) -> None:
    """Write `targets.csv`, a row for each target, and `targets.svg`, all of them together."""
    rows = [tuple(getattr(record, name) for name in COLUMNS) for record in targets.records]
    write_table(folder.file("targets", TABLE), COLUMNS, rows)
    counts = GradientCounts(targets.counts_before, targets.counts_after)
    drawing = gradient_drawing(counts, f"Gradients of {len(targets.records)} targets")
    with replace_file(folder.file("targets", FIGURE)) as part:
        part.write_text(drawing.svg(), encoding="utf-8")
