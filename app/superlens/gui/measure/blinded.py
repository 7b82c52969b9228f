"""A measurement as a blinded project shows it: codes for wells and treatments, in their order.

No Qt. Plate positions, doses and controls are left out: they would say which well is which.
"""

from dataclasses import replace

from superlens.core.assay import WellRole
from superlens.core.blinding import with_code
from superlens.gui.measure.results import MeasuredRun
from superlens.workbench.project_names import ProjectNames


def as_shown(run: MeasuredRun, names: ProjectNames) -> MeasuredRun:
    """Give a measurement with the names that may be shown; itself while names are shown."""
    if not names.is_blinded:
        return run
    wells = (
        replace(
            well,
            well=names.label(well.well),
            compound=names.label(well.compound),
            dose=None,
            dose_unit="",
            role=WellRole.EMPTY if well.role is WellRole.EMPTY else WellRole.DOSE,
        )
        for well in run.wells
    )
    result = run.document.result
    numbers = tuple(with_code(number, names.label) for number in result.numbers)
    return replace(
        run,
        document=replace(run.document, result=replace(result, numbers=numbers)),
        wells=tuple(sorted(wells, key=lambda well: well.well)),
        cells={names.label(well): values for well, values in run.cells.items()},
        hidden_wells={names.label(well.well): well.well for well in run.wells},
    )
