"""What the run folder of an evaluation shows: its table, its models, its files. No drawing."""

from dataclasses import dataclass
from pathlib import Path

from superlens.core.cards import Calibration, ModelCard
from superlens.core.errors import InvalidInput
from superlens.core.evaluation import (
    BICUBIC_ROW,
    INPUT_ROW,
    Difference,
    Evaluation,
    MethodRow,
)
from superlens.core.jobs import EvaluateRequest
from superlens.core.records import ModelRef
from superlens.io.runs import RunDocument, request_of


@dataclass(frozen=True, slots=True)
class EvaluateEvidence:
    """Everything a report says about one evaluation."""

    folder: Path
    run: RunDocument
    request: EvaluateRequest
    evaluation: Evaluation
    cards: tuple[ModelCard, ...]
    """Of those of its models that are installed here with the very same weights."""
    calibration: Calibration | None = None
    """Of the first model's spread, where the run made one."""

    @property
    def models(self) -> tuple[ModelRef, ...]:
        """Every model that was judged."""
        return (self.request.model, *self.request.further)

    @property
    def model_rows(self) -> tuple[MethodRow, ...]:
        """The rows of the models, without the rivals."""
        return tuple(
            row for row in self.evaluation.rows if row.method not in (INPUT_ROW, BICUBIC_ROW)
        )

    def difference(self, method: str, measure: str) -> Difference | None:
        """Give what a model is ahead of bicubic interpolation."""
        return next(
            (
                one
                for one in self.evaluation.differences
                if (one.method, one.measure) == (method, measure)
            ),
            None,
        )


def read_evaluation(folder: Path, run: RunDocument) -> EvaluateEvidence:
    """Read the run folder of an evaluation.

    Raises:
        InvalidInput: the folder holds no evaluation, or lacks its table.
    """
    from superlens.io.codec import read_json
    from superlens.io.model_library import installed_models

    request = request_of(run)
    if not isinstance(request, EvaluateRequest):
        raise InvalidInput(f"{folder} does not hold an evaluation", "Choose another run folder")
    relative = run.result.path_of("rows_json")
    if relative is None or not (folder / relative).is_file():
        raise InvalidInput(f"The run {folder} lacks its table", "Judge the model again")
    evaluation = read_json(Evaluation, folder / relative)
    used = {model.sha256 for model in (request.model, *request.further)}
    cards = tuple(one.card for one in installed_models() if one.card.sha256 in used)
    made = run.result.path_of("calibration")
    calibration = None if made is None else read_json(Calibration, folder / made)
    return EvaluateEvidence(folder, run, request, evaluation, cards, calibration)
