"""What a report shows of one evaluation: key numbers, figure, tables.

Evidence in, blocks out; sentences about methods and limits live in `evaluate_text.py`.
"""

from superlens.core.evaluation import Estimate, Evaluation, Measure, MethodRow
from superlens.report import words
from superlens.report.blocks import Align, Block, Column, Figure, Group, KeyNumber, Table
from superlens.report.calibration_section import calibration_blocks
from superlens.report.checklist import Fulfilment
from superlens.report.evaluate_evidence import EvaluateEvidence
from superlens.report.evaluate_plots import difference_words, evaluation_plot, shown_measures
from superlens.report.restore_section import NextLabel

_WIDTH = 666.0
_MOST_METHODS = 4
"""Up to so many stand in the table; of more the first two and the models that fit."""
_SHORT_UNIT = 3
_KEY_MEASURES = ("psnr_affine", "ssim_affine", "frc_cutoff")
_GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "Fidelity, brightness fitted by a straight line",
        ("_affine", "nrmse", "mae", "pearson", "gmsd", "haarpsi", "vif"),
    ),
    ("Fidelity in the mode CARE", ("_care",)),
    ("Fidelity, brightness as it is: only for images in one unit", ("_raw",)),
    ("Detail", ("frc_cutoff",)),
    (
        "Agreement with the raw image",
        ("rsp", "nrse", "intensity_ratio", "intensity_p5", "intensity_p95"),
    ),
    ("Texture and sets of images", ("niqe", "niqe_natural", "_pd", "_fd", "_kd", "lpips")),
    ("Spread over samples", ("coverage_90", "ence", "ence_floor", "ause")),
)
"""Titles, and what the ids of their measures are or end with."""


def evaluate_key_numbers(evidence: EvaluateEvidence) -> tuple[KeyNumber, ...]:
    """Give how far the first model is ahead of bicubic, and on how much that rests."""
    found: list[KeyNumber] = []
    model = evidence.request.model.id
    for name in _KEY_MEASURES:
        measure, ahead = evidence.evaluation.measure(name), evidence.difference(model, name)
        if measure is None or ahead is None or ahead.estimate.value is None:
            continue
        text, _, interval = difference_words(ahead.estimate, measure).partition(" (")
        aside = f"over bicubic, {interval.rstrip(')')}" if interval else "over bicubic"
        # A long unit has no room beside the number.
        is_short = len(measure.unit) <= _SHORT_UNIT
        value = words.with_unit(text, measure.unit if is_short else "")
        title = measure.title if is_short else f"{measure.title}, {measure.unit}"
        found.append(KeyNumber(title, value, aside))
    first = evidence.evaluation.rows[0]
    found.append(KeyNumber("Judged on", words.plural(first.fields, "field"), _images(first)))
    return tuple(found)


def evaluate_subtitle(evidence: EvaluateEvidence) -> str:
    """Give what was judged in one sentence."""
    first = evidence.evaluation.rows[0]
    models = words.listed([model.id for model in evidence.models])
    fields = words.plural(first.fields, "field")
    return f"{models}, judged on {_images(first)} of {fields} with known truth."


def evaluate_figures(evidence: EvaluateEvidence, next_label: NextLabel) -> tuple[Block, ...]:
    """Give the figure and the table."""
    evaluation = evidence.evaluation
    if not shown_measures(evaluation):
        return (_table(evidence),)
    level = words.percent(evaluation.level)
    caption = (
        f"Means over {_images(evaluation.rows[0])} with {level} intervals over"
        " fields. Below each panel: the mean difference to bicubic interpolation, image by image,"
        " with its interval; it is far better known than the means, because fields differ from"
        " each other more than methods do."
    )
    if any(one.floor is not None for one in evaluation.features):
        caption += " Dashed: the floor, which is the distance between two halves of the truth."
    plot = evaluation_plot(evaluation, _WIDTH)
    return (Figure(next_label(), caption, (plot,), 1), _table(evidence))


def evaluate_details(evidence: EvaluateEvidence) -> tuple[Block, ...]:
    """Give what each measure means, and what stands behind distances and calibration."""
    evaluation = evidence.evaluation
    columns = (Column("Measure", 150, Align.LEFT), Column("What it says", 500, Align.LEFT))
    rows = tuple((one.title, one.meaning) for one in _once_per_meaning(evaluation))
    blocks: list[Block] = [Table("What was measured", columns, (Group("", rows),))]
    if evaluation.features:
        blocks.append(_feature_table(evaluation))
    blocks += calibration_blocks(evidence.request.model.id, evidence.calibration)
    return tuple(blocks)


def evaluate_fulfilment(evidence: EvaluateEvidence) -> Fulfilment:
    """Give what the checklist asks about an evaluation."""
    pairs = evidence.request.pairs
    return Fulfilment(
        has_pictures=False,
        is_pixel_size_known=False,
        are_channels_named=None,
        has_shared_contrast=False,
        has_window=False,
        is_input_identified=all(pair.low_sha256 and pair.high_sha256 for pair in pairs),
        warnings=len(evidence.run.result.warnings),
    )


def _table(evidence: EvaluateEvidence) -> Table:
    evaluation = evidence.evaluation
    shown = evaluation.rows[:_MOST_METHODS]
    model = evidence.request.model.id
    columns = (
        Column("Measure", 128, Align.LEFT),
        *(
            Column(words.shortened(row.method, 18), 82, is_strong=row.method == model)
            for row in shown
        ),
        Column(f"{words.shortened(model, 18)} over bicubic", 150),
    )
    groups = tuple(
        Group(title, rows)
        for title, endings in _GROUPS
        if (rows := _group_rows(evidence, shown, endings))
    )
    level = words.percent(evaluation.level)
    note = (
        "Mean ± standard error with fields as the independent units. The last column holds the mean"
        f" difference image by image and its {level} interval over fields drawn with"
        " replacement."
    )
    if len(evaluation.rows) > len(shown):
        note += " Further models stand in summary.csv of the run."
    return Table("How close to the truth", columns, groups, note)


def _group_rows(
    evidence: EvaluateEvidence, shown: tuple[MethodRow, ...], endings: tuple[str, ...]
) -> tuple[tuple[str, ...], ...]:
    found: list[tuple[str, ...]] = []
    for measure in evidence.evaluation.measures:
        if not any(_belongs(measure, ending) for ending in endings):
            continue
        cells = [_cell(row.measures.get(measure.id), measure) for row in shown]
        ahead = evidence.difference(evidence.request.model.id, measure.id)
        is_told = ahead is not None and ahead.estimate.value is not None
        over = difference_words(ahead.estimate, measure) if ahead is not None and is_told else "–"
        found.append((words.with_unit(measure.title, measure.unit), *cells, over))
    return tuple(found)


def _belongs(measure: Measure, ending: str) -> bool:
    return measure.id == ending or (ending.startswith("_") and measure.id.endswith(ending))


def _cell(estimate: Estimate | None, measure: Measure) -> str:
    if estimate is None or estimate.value is None:
        return "–"
    value = words.fixed(estimate.value, measure.decimals)
    if estimate.sem is None:
        return value
    return f"{value} ± {words.fixed(estimate.sem, measure.decimals)}"


def _once_per_meaning(evaluation: Evaluation) -> tuple[Measure, ...]:
    """Give the measures without those that differ from another in the mode of brightness alone."""
    return tuple(one for one in evaluation.measures if not one.id.endswith(("_raw", "_care")))


def _feature_table(evaluation: Evaluation) -> Table:
    columns = (
        Column("Measures", 120, Align.LEFT),
        Column("Network", 80, Align.LEFT),
        Column("SHA-256", 70, Align.LEFT),
        Column("Patches", 60),
        Column("Of", 70),
        Column("Features", 55),
        Column("Floor", 60),
    )
    rows = tuple(
        (
            ", ".join(one.labels),
            one.id,
            words.short_hash(one.sha256),
            f"{words.count(one.patches)} of {one.input_px} px",
            words.plural(one.fields, "field"),
            str(one.dimensions),
            "–" if one.floor is None else words.number(one.floor),
        )
        for one in evaluation.features
    )
    remarks = [f"{one.labels[0]}: {one.remark}." for one in evaluation.features if one.remark]
    return Table("Distances between sets of images", columns, (Group("", rows),), " ".join(remarks))


def _images(row: MethodRow) -> str:
    return words.plural(row.n, "image")
