"""Which items of a publication checklist a report really fulfils.

Source: Schmied C. et al., Community-developed checklists for publishing images and image analyses,
Nature Methods 21, 170-181, 2024, doi 10.1038/s41592-023-01987-9; minimal and recommended levels.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from superlens.report.blocks import CheckItem, Checklist, CheckState


@dataclass(frozen=True, slots=True)
class Fulfilment:
    """What the checklist asks about one run."""

    has_pictures: bool
    is_pixel_size_known: bool
    are_channels_named: bool | None
    """None where the pictures name something else, such as wells."""
    has_shared_contrast: bool
    """Whether pictures are compared, with the same contrast."""
    has_window: bool
    """Whether a region is shown enlarged, with its place marked."""
    is_input_identified: bool
    """Whether the SHA-256 of every raw file is recorded."""
    warnings: int


def make_checklist(runs: Sequence[Fulfilment]) -> Checklist:
    """Give the checklist of a report over some runs; an item counts only if all runs fulfil it."""
    pictured = [run for run in runs if run.has_pictures]
    items: list[CheckItem] = []
    if pictured:
        items += _picture_items(pictured)
    items.append(_done("Software, versions, model, parameters and seed stated"))
    items.append(_done("All settings attached: every run can be repeated"))
    items.append(
        _choice(
            all(run.is_input_identified for run in runs),
            "Raw files identified by SHA-256",
            "Raw files without a recorded SHA-256",
        )
    )
    warnings = sum(run.warnings for run in runs)
    if warnings:
        text = "1 warning was given" if warnings == 1 else f"{warnings} warnings were given"
        items.append(CheckItem(CheckState.WARN, f"{text}, printed below"))
    items.append(CheckItem(CheckState.OPEN, "To do: deposit raw data and run folders publicly"))
    return Checklist("Checklist, minimal and recommended items", tuple(items))


def _picture_items(runs: list[Fulfilment]) -> list[CheckItem]:
    is_scaled = all(run.is_pixel_size_known for run in runs)
    is_named = all(run.are_channels_named is not False for run in runs)
    scaled = "Scale bar and names on every picture" if is_named else "Scale bar on every picture"
    items = [_choice(is_scaled, scaled, "Scale bars in pixels: the pixel size is not known")]
    if not is_named:
        text = "A channel has no name in its file: say what is stained"
        items.append(CheckItem(CheckState.WARN, text))
    if any(run.has_shared_contrast for run in runs):
        items.append(_done("Same contrast in compared pictures, limits stated"))
    items.append(_done("Colours safe for colour-blind readers, with their scale"))
    if any(run.has_window for run in runs):
        items.append(_done("Place of the enlarged region marked"))
    return items


def _done(text: str) -> CheckItem:
    return CheckItem(CheckState.DONE, text)


def _choice(is_done: bool, done: str, lacking: str) -> CheckItem:
    return _done(done) if is_done else CheckItem(CheckState.WARN, lacking)
