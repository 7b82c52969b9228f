"""Judges models on pairs with known truth, beside the input itself and bicubic interpolation.

What is measured is listed in `evaluation_catalogue` and `evaluation_features`; here is the course
of the job. A pair that cannot be judged is left out with the reason, the others go on.
"""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from superlens.core.cards import Calibration, ModelCard
from superlens.core.errors import InvalidInput
from superlens.core.evaluation import Estimate, Evaluation, FeatureSet, Measure, PictureRow
from superlens.core.jobs import EvaluateRequest, PairFile
from superlens.core.method import Array
from superlens.core.records import Number, ResultRecord
from superlens.engine.context import JobContext
from superlens.engine.evaluation_catalogue import (
    SPREAD_MEASURES,
    measures_for,
    multi_scale_note,
)
from superlens.engine.evaluation_features import (
    TRUTH,
    FeatureStore,
    FeatureTool,
    PairTool,
    feature_set,
    load_tools,
    matched,
    remember,
    set_estimates,
    set_measures,
)
from superlens.engine.evaluation_measures import Judged, fit_sharpness, judge
from superlens.engine.evaluation_pictures import (
    Answer,
    answers,
    field_of,
    identified,
    open_models,
    read_judged_pair,
)
from superlens.engine.evaluation_table import differences, method_rows, write_evaluation
from superlens.engine.niqe_parameters import natural_niqe_model
from superlens.engine.restoration import ONE_SAMPLE, allowed_samples
from superlens.engine.restorer import Restorer
from superlens.engine.run_record import Beginning, finished_run
from superlens.engine.sample_statistics import INTERVAL_LEVEL
from superlens.engine.spread_calibration import SpreadCalibration, require_calibrating_sense
from superlens.engine.versions import software_versions
from superlens.io.atomic import replace_file
from superlens.io.codec import write_json
from superlens.io.runs import Note, RunFolder, create_run
from superlens.quality.bootstrap import DRAWS, LEVEL
from superlens.quality.niqe import NiqeModel
from superlens.report.evaluate_plots import evaluation_drawing

_PHASE = "Judging"
_HEADLINE = "psnr_affine"
_FIGURE_PX = 2118
"""Width of the figure: about 300 dpi on a page."""


@dataclass(slots=True)
class _Bench:
    """What judges: loaded once, filled picture by picture."""

    restorers: tuple[Restorer, ...]
    set_tools: tuple[FeatureTool, ...]
    pair_tools: tuple[PairTool, ...]
    niqe_model: NiqeModel | None
    natural_niqe: NiqeModel | None
    stores: dict[str, FeatureStore] = field(default_factory=dict[str, FeatureStore])
    rows: list[PictureRow] = field(default_factory=list[PictureRow])
    sides: list[int] = field(default_factory=list[int])
    calibration: SpreadCalibration | None = None

    @property
    def scale(self) -> int:
        return self.restorers[0].card.scale


def run(job_id: str, request: EvaluateRequest, context: JobContext) -> ResultRecord:
    """Judge one or several models.

    Args:
        job_id: id of the job.
        request: the models and the pairs, with absolute paths.
        context: the surroundings of the job.

    Returns:
        The run folder: `rows.json` (see `core.evaluation`), `rows.csv`, `summary.csv`,
        `figure.svg`, `figure.png`, `log.txt`.

    Raises:
        InvalidInput: there are no pairs, none of them can be judged, or the models differ in scale.
        JobCancelled: the user asked to stop.
    """
    if not request.pairs:
        raise InvalidInput("There are no pairs to judge the model on", "Give two folders of images")
    require_calibrating_sense(request)
    began = Beginning()
    with create_run(Path(request.out)) as folder, ExitStack() as stack:
        context.keep_log(folder.log)
        restorers = open_models(request, context, stack)
        names, device = ", ".join(one.card.id for one in restorers), restorers[0].device
        count = len(request.pairs)
        context.accept(f"Judge {names} on {count} pair{'s' if count > 1 else ''} on {device.text}")
        if any(one.has_posterior and request.samples < 2 for one in restorers):
            context.warn(ONE_SAMPLE)
        calibrating = SpreadCalibration(request.seed) if request.calibration_data else None
        evaluation = _evaluated(request, restorers, context, calibrating)
        request = replace(request, pairs=identified(request.pairs, context.check))
        _write(folder, evaluation)
        calibration = None
        if calibrating is not None:
            samples = allowed_samples(restorers[0].spec, request.samples)
            calibration = calibrating.result(request, samples)
            _write_calibration(folder, restorers[0].card, calibration)
        result = ResultRecord(
            job_id=job_id,
            kind=request.kind.value,
            folder=str(folder.out),
            files=folder.files,
            numbers=(*_numbers(evaluation), *_calibration_numbers(calibration)),
            warnings=context.warnings,
            device=device.text,
        )
        folder.publish(finished_run(request, result, began, _notes(request, evaluation)))
    return result


def _evaluated(
    request: EvaluateRequest,
    restorers: tuple[Restorer, ...],
    context: JobContext,
    calibrating: SpreadCalibration | None,
) -> Evaluation:
    pairs, left_out = _readable(request.pairs, restorers[0].card.scale, context)
    sides = [side for _, side in pairs]
    truths = [lambda pair=pair: _truth(pair, restorers[0].card.scale) for pair, _ in pairs]
    context.progress("Learning the texture of the truths", 0, 1)
    model = fit_sharpness(truths, min(sides))
    tools = load_tools(restorers[0].device.id)
    bench = _Bench(restorers, *tools, model, natural_niqe_model())
    bench.calibration = calibrating
    _say_what_is_missing(bench, context)
    for number, (pair, _) in enumerate(pairs):
        context.check()
        context.progress(_PHASE, number, len(pairs))
        try:
            _judge_pair(pair, bench, request.samples, context)
        except InvalidInput as error:
            left_out.append(_left_out(pair, error, context))
    context.progress(_PHASE, len(pairs), len(pairs))
    if not bench.rows:
        raise InvalidInput("None of the pairs could be judged", left_out[0])
    return _evaluation(request, bench, left_out)


def _readable(
    pairs: Sequence[PairFile], scale: int, context: JobContext
) -> tuple[list[tuple[PairFile, int]], list[str]]:
    """Give the pairs that can be judged with the shorter side of their truths, and the others."""
    found: list[tuple[PairFile, int]] = []
    left_out: list[str] = []
    for number, pair in enumerate(pairs):
        context.check()
        context.progress("Reading pairs", number, len(pairs))
        try:
            found.append((pair, min(_truth(pair, scale).shape)))
        except InvalidInput as error:
            left_out.append(_left_out(pair, error, context))
    if not found:
        raise InvalidInput("None of the pairs can be judged", left_out[0])
    return found, left_out


def _truth(pair: PairFile, scale: int) -> Array:
    return read_judged_pair(pair, scale)[1]


def _left_out(pair: PairFile, error: InvalidInput, context: JobContext) -> str:
    text = f"Left out {Path(pair.low).name}: {error.sentence}"
    context.warn(text)
    return text


def _say_what_is_missing(bench: _Bench, context: JobContext) -> None:
    if not bench.set_tools:
        context.log("No feature network is installed: FD and KD are left out")
    if bench.niqe_model is None:
        context.log("The truths are too small or too plain for NIQE-fit, which is left out")


def _judge_pair(pair: PairFile, bench: _Bench, samples: int, context: JobContext) -> None:
    low, truth = read_judged_pair(pair, bench.scale)
    made = list(answers(low, bench.scale, bench.restorers, samples, context))
    found: dict[str, dict[str, float | None]] = {}
    for answer in made:
        context.check()
        judged = Judged(answer.picture, low, truth, bench.scale, answer.spread)
        if bench.calibration is not None and answer.method == bench.restorers[0].card.id:
            bench.calibration.add(field_of(pair), judged, bench.restorers[0].spread_factor)
        found[answer.method] = judge(judged, bench.niqe_model, bench.natural_niqe)
    _add_features(pair, made, truth, (bench, found))
    bench.sides.append(min(truth.shape))
    picture = Path(pair.low).name
    bench.rows += [
        PictureRow(method, field_of(pair), picture, values) for method, values in found.items()
    ]


def _add_features(
    pair: PairFile,
    made: Sequence[Answer],
    truth: Array,
    into: tuple[_Bench, dict[str, dict[str, float | None]]],
) -> None:
    """Take what rests on feature networks, in the same brightness for all."""
    bench, found = into
    if not bench.set_tools and not bench.pair_tools:
        return
    same = {answer.method: matched(answer.picture, truth)[0] for answer in made}
    same[TRUTH] = matched(truth, truth)[1]
    for tool in bench.set_tools:
        store = bench.stores.setdefault(tool.key, FeatureStore())
        for method, apart in remember(store, tool, same, field_of(pair)).items():
            found[method][f"{tool.key}_pd"] = apart
    for tool in bench.pair_tools:
        for answer in made:
            distance = tool.compare(same[answer.method], same[TRUTH])
            found[answer.method][tool.measure.id] = distance


def _evaluation(request: EvaluateRequest, bench: _Bench, left_out: Sequence[str]) -> Evaluation:
    single = list(measures_for(min(bench.sides), bench.niqe_model, bench.natural_niqe))
    if any("coverage_90" in row.measures for row in bench.rows):
        single += SPREAD_MEASURES
    single += [tool.measure for tool in bench.pair_tools]
    sets: dict[str, dict[str, Estimate]] = {}
    measures: list[Measure] = list(single)
    features: list[FeatureSet] = []
    for tool in bench.set_tools:
        store = bench.stores[tool.key]
        if not store.fields:
            continue
        measures += set_measures(tool)
        features.append(feature_set(tool, store, request.seed))
        for method, estimates in set_estimates(tool, store, request.seed).items():
            sets.setdefault(method, {}).update(estimates)
    by_picture = [one for one in measures if any(one.id in row.measures for row in bench.rows)]
    models = {one.card.id: one.card.sha256 for one in bench.restorers}
    return Evaluation(
        tuple(measures),
        method_rows(bench.rows, by_picture, sets, models, request.seed),
        differences(bench.rows, by_picture, request.seed),
        tuple(bench.rows),
        tuple(features),
        LEVEL,
        _settings(request, bench),
        dict(software_versions().libraries),
        tuple(left_out),
    )


def _settings(request: EvaluateRequest, bench: _Bench) -> dict[str, str]:
    used = bench.niqe_model
    return {
        "data range": "maximum minus minimum of each truth; 1 in the mode CARE",
        "normalisation modes": "raw, affine (least squares per picture), CARE (truth's percentiles"
        " 0.1 and 99.9, then least squares)",
        "border left out": "0 px",
        "SSIM window": "Gaussian 11 x 11, sigma 1.5, valid area",
        "MS-SSIM": multi_scale_note(bench.sides),
        "NIQE-fit blocks": f"{used.block} px" if used is not None else "left out",
        "FRC": "threshold 0.5 against the truth",
        "rounding": "none",
        "samples": str(request.samples),
        "intervals": f"{LEVEL:.0%} over fields drawn with replacement, {DRAWS} draws, seed"
        f" {request.seed}; of Fréchet distances by leaving out one field after the other",
    }


def _write(folder: RunFolder, evaluation: Evaluation) -> None:
    from superlens.report.pdf import paint_png

    write_evaluation(folder, evaluation)
    svg = evaluation_drawing(evaluation).svg()
    with replace_file(folder.file("figure_svg", "figure.svg")) as part:
        part.write_text(svg, encoding="utf-8")
    with replace_file(folder.file("figure_png", "figure.png")) as part:
        part.write_bytes(paint_png(svg, _FIGURE_PX))


def _write_calibration(folder: RunFolder, card: ModelCard, calibration: Calibration) -> None:
    """Write the calibration, and the card of the model with it."""
    write_json(folder.file("calibration", "calibration.json"), calibration)
    calibrated = replace(card, calibration=calibration)
    write_json(folder.file("model_card", "model_card.json"), calibrated)


def _calibration_numbers(calibration: Calibration | None) -> tuple[Number, ...]:
    if calibration is None:
        return ()
    at = calibration.levels.index(INTERVAL_LEVEL)
    return (
        Number("Correction factor of the spread", calibration.factor),
        Number(
            "Coverage of 90 % intervals before", 100 * calibration.coverage_before[at], unit="%"
        ),
        Number("Coverage of 90 % intervals after", 100 * calibration.coverage_after[at], unit="%"),
        Number("ENCE after", calibration.ence),
        Number("AUSE", calibration.ause),
    )


def _numbers(evaluation: Evaluation) -> tuple[Number, ...]:
    found: list[Number] = []
    for row in evaluation.rows:
        estimate = row.measures[_HEADLINE]
        value = np.nan if estimate.value is None else estimate.value
        name = f"{row.method} {_HEADLINE}"
        found.append(Number(name, float(value), estimate.lo, estimate.hi, "dB"))
    return tuple(found)


def _notes(request: EvaluateRequest, evaluation: Evaluation) -> dict[str, Note]:
    return {
        "model_id": request.model.id,
        "model_sha256": request.model.sha256,
        "models": ", ".join(model.id for model in (request.model, *request.further)),
        "seed": request.seed,
        "pairs": len(request.pairs),
        "pairs_left_out": len(evaluation.left_out),
        "fields": max(row.fields for row in evaluation.rows),
        "fit": "straight line per image",
    }
