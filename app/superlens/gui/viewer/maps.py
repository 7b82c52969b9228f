"""How the maps of the third pane look and what is said of them: names, units, colours, limits."""

from dataclasses import dataclass

from superlens.core.method import Claim
from superlens.gui.viewer.comparison import MapKind, RestoredRun
from superlens.gui.viewer.contrast import (
    RESIDUAL_LIMIT,
    Limits,
    automatic_limits,
    spread_limits,
)
from superlens.gui.viewer.geometry import count_text
from superlens.gui.viewer.levels import PlaneLevels
from superlens.gui.viewer.overlays import ColourBar

MAP_NAMES = {
    MapKind.SPREAD: "Spread (SD)",
    MapKind.WIDTH: "90 % width",
    MapKind.RESIDUAL: "Residual",
    MapKind.PERSISTENCE: "Persistence",
    MapKind.SCHEDULE: "Schedule (qualitative)",
}
"""What is offered to be shown."""


@dataclass(frozen=True, slots=True)
class MapTitle:
    """What stands over a map."""

    name: str
    caption: str = ""


@dataclass(frozen=True, slots=True)
class MapLook:
    """The colours of a map."""

    limits: Limits
    bar: ColourBar
    """With the unit at its end."""


def map_title(kind: MapKind, run: RestoredRun) -> MapTitle:
    """Give what a map is, in the words of the run where it has some."""
    match kind:
        case MapKind.SPREAD:
            return MapTitle(run.spread_label)
        case MapKind.WIDTH:
            return MapTitle("90 % width", run.label("interval_label"))
        case MapKind.RESIDUAL:
            return MapTitle("Residual", "raw − result, in σ of noise")
        case MapKind.PERSISTENCE:
            return MapTitle("Persistence", f"share of {run.samples} samples")
        case MapKind.SCHEDULE:
            return MapTitle("Schedule, qualitative", run.label("schedule_label"))


def map_look(kind: MapKind, plane: PlaneLevels) -> MapLook:
    """Give limits, colours and ends of the colour bar for a map; zero is black but in a residual.

    The schedule has no unit, so that its bar has words at the ends instead of numbers.
    """
    match kind:
        case MapKind.SPREAD:
            limits = spread_limits(plane)
            return MapLook(limits, ColourBar("Magma", "0", f"±{_counts(limits.high)}"))
        case MapKind.WIDTH:
            limits = spread_limits(plane)
            return MapLook(limits, ColourBar("Magma", "0", _counts(limits.high)))
        case MapKind.RESIDUAL:
            end = f"{RESIDUAL_LIMIT:.0f} σ"
            limits = Limits(-RESIDUAL_LIMIT, RESIDUAL_LIMIT)
            return MapLook(limits, ColourBar("Difference", f"−{end}", f"+{end}"))
        case MapKind.PERSISTENCE:
            return MapLook(Limits(0.0, 1.0), ColourBar("Magma", "0 %", "100 %"))
        case MapKind.SCHEDULE:
            return MapLook(automatic_limits(plane), ColourBar("Magma", "easier", "harder"))


def map_value(kind: MapKind, value: float | None) -> str:
    """Give a value of a map with its unit; nothing for a hint, whose numbers mean nothing."""
    if value is None:
        return ""
    match kind:
        case MapKind.SPREAD:
            return f"± {count_text(value)} (SD)"
        case MapKind.WIDTH:
            return f"90 % width {count_text(value)}"
        case MapKind.RESIDUAL:
            return f"residual {value:+.1f} σ".replace("-", "−")
        case MapKind.PERSISTENCE:
            return f"in {100 * value:.0f} % of the samples"
        case MapKind.SCHEDULE:
            return ""


def missing_maps(run: RestoredRun) -> str:
    """Say why a run without any map has none."""
    if run.document.notes.get("claim") == Claim.POSTERIOR:
        return "No spread: this is one sample of many possible ones."
    return "No spread: this run is a single answer."


def _counts(value: float) -> str:
    return f"{count_text(value)} counts"
