"""What a report shows of one restoration: key numbers and figures.

Evidence in, blocks out; sentences about methods and limits live in their own modules.
"""

import re
from collections.abc import Callable
from itertools import count

import numpy as np

from superlens.core.cards import ModelCard
from superlens.report import words
from superlens.report.blocks import (
    Align,
    Block,
    ColourBar,
    Column,
    Figure,
    Frame,
    Group,
    KeyNumber,
    Panel,
    Plot,
    Table,
)
from superlens.report.calibration_section import calibration_blocks
from superlens.report.checklist import Fulfilment
from superlens.report.evidence import ChannelView, RestoreEvidence
from superlens.report.figures import colour_picture, shared_limits, upper_limit
from superlens.report.palette import Role, stops
from superlens.report.plots import Profile, histogram, profile_plot
from superlens.report.scales import ScaleBar, scale_bar

NextLabel = Callable[[], str]
"""Gives `Figure 1`, `Figure 2`, ... over the whole report."""

_PLOT_WIDTH = 218.0
_RESIDUAL_LIMIT = 5.0
_RAW_PX = "raw px"


def figure_labels() -> NextLabel:
    """Give a source of figure labels for one report."""
    numbers = count(1)
    return lambda: f"Figure {next(numbers)}"


def restore_key_numbers(evidence: RestoreEvidence) -> tuple[KeyNumber, ...]:
    """Give the four numbers that say what a restoration did and how it stands to the raw data."""
    return (
        _scale_number(evidence),
        _noted_number(evidence, "Consistency with raw, χ²", "consistency_chi2", "1 is expected"),
        _over_three(evidence),
        _spread_number(evidence),
    )


def restore_figures(evidence: RestoreEvidence, next_label: NextLabel) -> tuple[Block, ...]:
    """Give the figures of a restoration: enlarged region, then overview and consistency."""
    figures: list[Block] = []
    for view in evidence.channels:
        figures.append(_region_figure(evidence, view, next_label()))
        if view.residual is not None or not _is_whole(view):
            figures.append(_overview_figure(evidence, view, next_label()))
    return tuple(figures)


def restore_subtitle(evidence: RestoreEvidence) -> str:
    """Give what was restored in one sentence."""
    pixel = evidence.pixel_um
    size = f"{words.length_um(pixel)} per pixel" if pixel else "pixel size unknown"
    height, width = (side // evidence.scale for side in evidence.channels[0].size)
    model = evidence.card.title if evidence.card is not None else evidence.request.model.id
    return (
        f"{evidence.input_name}, {width} × {height} px, {size},"
        f" restored {evidence.scale}× by {model}."
    )


def restore_details(evidence: RestoreEvidence) -> tuple[Block, ...]:
    """Give how the model was judged, and how honest its spread is, where its card is here."""
    if evidence.card is None:
        return ()
    judged = (_judgements(evidence.card),) if evidence.card.judgements else ()
    return (*judged, *calibration_blocks(evidence.card.id, evidence.card.calibration))


def restore_fulfilment(evidence: RestoreEvidence) -> Fulfilment:
    """Give what the checklist asks about a restoration."""
    return Fulfilment(
        has_pictures=bool(evidence.channels),
        is_pixel_size_known=evidence.pixel_um is not None,
        are_channels_named=all(_is_telling(view.name) for view in evidence.channels),
        has_shared_contrast=any(view.raw is not None for view in evidence.channels),
        has_window=any(not _is_whole(view) for view in evidence.channels),
        is_input_identified=evidence.input_sha256 is not None,
        warnings=len(evidence.run.result.warnings),
    )


def spread_words(evidence: RestoreEvidence) -> str:
    """Give what the spread of a run is, in the words of the method."""
    label = str(evidence.note("spread_label") or "spread over samples")
    return label[:1].lower() + label[1:]


def _judgements(card: ModelCard) -> Table:
    rivals = tuple(dict.fromkeys(name for row in card.judgements for name in row.rivals))
    columns = (
        Column("Data", 200, Align.LEFT),
        Column("Measure", 90, Align.LEFT),
        Column(card.id, 70, is_strong=True),
        *(Column(name, 70) for name in rivals),
    )
    rows = tuple(
        (
            row.data,
            row.measure,
            words.number(row.value),
            *(words.number(row.rivals[name]) if name in row.rivals else "–" for name in rivals),
        )
        for row in card.judgements
    )
    return Table(f"How the model {card.id} was judged", columns, (Group("", rows),))


def _scale_number(evidence: RestoreEvidence) -> KeyNumber:
    if evidence.pixel_um is None or evidence.sr_pixel_um is None:
        aside = "pixel size unknown"
    else:
        fine = words.length_um(evidence.sr_pixel_um)
        aside = f"to {fine} per pixel"
    return KeyNumber("Super-resolution", f"{evidence.scale}×", aside)


def _noted_number(evidence: RestoreEvidence, label: str, note: str, aside: str) -> KeyNumber:
    value = evidence.note(note)
    if not isinstance(value, int | float):
        return KeyNumber(label, "–", "not checked")
    return KeyNumber(
        label, words.number(float(value), 3 if value >= 10 else 2 + (value >= 1)), aside
    )


def _over_three(evidence: RestoreEvidence) -> KeyNumber:
    label = "Raw pixels beyond 3 σ"
    value = evidence.note("consistency_over_3")
    if not isinstance(value, int | float):
        return KeyNumber(label, "–", "not checked")
    return KeyNumber(label, words.percent(float(value)), "0.27 % expected")


def _spread_number(evidence: RestoreEvidence) -> KeyNumber:
    spreads = [(v.spread, v.mean) for v in evidence.channels if v.spread is not None]
    if not spreads:
        return KeyNumber("Spread", "none", "a single answer")
    spread, mean = spreads[0]
    share = spread.rms / mean.sd if mean.sd > 0 else float("nan")
    return KeyNumber("Spread, root mean square", words.percent(share), "of the image’s contrast")


def _region_figure(evidence: RestoreEvidence, view: ChannelView, label: str) -> Figure:
    shown = [view.mean.window] + ([view.raw.window] if view.raw is not None else [])
    limits = shared_limits(*shown)
    line = _profile_row(view) if _is_whole(view) and view.raw is not None else None
    frame = None if line is None else Frame(0, (line + 0.5) / view.window.height, 1, 0)
    bar = _scale_bar(evidence, view.window.width)
    panels = [_mean_panel(evidence, view, limits, bar, frame)]
    if view.raw is not None:
        picture = colour_picture(view.raw.window, limits)
        panels.insert(0, Panel("Low-res", picture, _alt(evidence, view, "raw"), bar, Role.LOW))
    if view.spread is not None:
        panels.append(_spread_panel(evidence, view, bar))
    return Figure(
        label, _region_caption(evidence, view, limits), tuple(panels), max(len(panels), 2)
    )


def _mean_panel(
    evidence: RestoreEvidence,
    view: ChannelView,
    limits: tuple[float, float],
    bar: ScaleBar,
    frame: Frame | None,
) -> Panel:
    picture = colour_picture(view.mean.window, limits)
    alt = _alt(evidence, view, "computationally super-resolved")
    return Panel("Super-res", picture, alt, bar, Role.SUPER, frame=frame)


def _spread_panel(evidence: RestoreEvidence, view: ChannelView, bar: ScaleBar) -> Panel:
    assert view.spread is not None
    top = upper_limit(view.spread.window)
    picture = colour_picture(view.spread.window, (0.0, top), "magma")
    colours = ColourBar(stops("magma"), "0", f"{words.number(top)} counts")
    alt = f"{_alt(evidence, view, 'spread')}: {spread_words(evidence)}"
    return Panel("Spread", picture, alt, bar, Role.SPREAD, colours)


def _region_caption(
    evidence: RestoreEvidence, view: ChannelView, limits: tuple[float, float]
) -> str:
    low, high = (words.number(limit) for limit in limits)
    what = "The whole field" if _is_whole(view) else "The region with the most structure"
    where = ", ".join(part for part in (_channel_words(evidence, view), view.plane) if part)
    parts = [
        f"{what}{f' ({where})' if where else ''}, {_extent(evidence, view)}, computationally"
        f" super-resolved {evidence.scale}× by {evidence.request.model.id}."
    ]
    if view.raw is not None:
        parts.append(f"The same contrast limits in both images ({low} – {high} counts).")
        parts.append("Pixels are shown as they are, not smoothed.")
    else:
        parts.append(f"Contrast limits {low} – {high} counts; {evidence.raw_problem}.")
    if view.spread is not None:
        parts.append(
            f"Spread: standard deviation, {spread_words(evidence)}"
            f" ({evidence.samples_used} answers), dark where they agree."
        )
    else:
        parts.append("This run gave a single answer, so there is no spread to show.")
    return " ".join(parts)


def _overview_figure(evidence: RestoreEvidence, view: ChannelView, label: str) -> Figure:
    cells: list[Panel | Plot] = []
    caption: list[str] = []
    if not _is_whole(view):
        cells.append(_overview_panel(evidence, view))
        caption.append(
            "The whole field, computationally super-resolved; the frame is the region shown above."
        )
    if view.residual is not None:
        cells += [_residual_panel(evidence, view), _residual_plot(view)]
        caption.append(
            "Residual: the raw image minus the super-resolved one (blurred and binned back to the"
            " raw pixels), in units of the expected noise σ; red where the raw image is brighter."
            " Structure in it is what the two images do not agree on."
        )
    if _is_whole(view) and view.raw is not None:
        cells.append(_profile_cell(evidence, view))
        caption.append(
            "Profile along the yellow line"
            + ("; the band is ± one standard deviation." if view.spread is not None else ".")
        )
    return Figure(label, " ".join(caption), tuple(cells), 3)


def _overview_panel(evidence: RestoreEvidence, view: ChannelView) -> Panel:
    height, width = view.mean.covered
    window = view.window
    frame = Frame(window.x / width, window.y / height, window.width / width, window.height / height)
    picture = colour_picture(view.mean.overview, shared_limits(view.mean.overview))
    alt = f"{_alt(evidence, view, 'computationally super-resolved')}, whole field"
    return Panel("Super-res", picture, alt, _scale_bar(evidence, width), Role.SUPER, frame=frame)


def _residual_panel(evidence: RestoreEvidence, view: ChannelView) -> Panel:
    assert view.residual is not None
    limits = (-_RESIDUAL_LIMIT, _RESIDUAL_LIMIT)
    picture = colour_picture(view.residual.overview, limits, "diverging")
    bar = _scale_bar(evidence, view.residual.covered[1] * evidence.scale)
    ends = ColourBar(stops("diverging"), "\u22125 σ", "5 σ")
    alt = f"{_alt(evidence, view, 'residual')} in units of the expected noise"
    return Panel("Residual", picture, alt, bar, None, ends)


def _residual_plot(view: ChannelView) -> Plot:
    assert view.residual is not None
    return histogram(
        view.residual.window,
        _plot_size(view),
        "Residuals" if _is_whole(view) else "Residuals of the region",
    )


def _plot_size(view: ChannelView) -> tuple[float, float]:
    """Give the size of a plot that stands beside pictures of the whole field."""
    height, width = view.size
    return _PLOT_WIDTH, min(max(_PLOT_WIDTH * height / width, 150.0), 330.0)


def _profile_row(view: ChannelView) -> int:
    """Give the row of the window, away from its edges, whose values vary most."""
    edge = view.window.height // 10
    inner = view.mean.window[edge : view.window.height - edge]
    return edge + int(np.argmax(inner.var(axis=1)))


def _profile_cell(evidence: RestoreEvidence, view: ChannelView) -> Plot:
    assert view.raw is not None
    row = _profile_row(view)
    pixel = evidence.sr_pixel_um
    width = view.window.width
    length = words.length_um(width * pixel) if pixel else f"{width // evidence.scale} {_RAW_PX}"
    profile = Profile(
        raw=view.raw.window[row // evidence.scale],
        mean=view.mean.window[row],
        spread=None if view.spread is None else view.spread.window[row],
        length=length,
    )
    return profile_plot(profile, _plot_size(view), "Profile, counts")


def _scale_bar(evidence: RestoreEvidence, width_px: int) -> ScaleBar:
    """Give the scale bar of a picture that is so many super-resolved pixels wide."""
    return scale_bar(width_px / evidence.scale, evidence.pixel_um, _RAW_PX)


def _extent(evidence: RestoreEvidence, view: ChannelView) -> str:
    width, height = view.window.width, view.window.height
    pixel = evidence.sr_pixel_um
    pixels = f"{width} × {height} super-resolved pixels"
    if pixel is None:
        return pixels
    return f"{words.length_um(width * pixel)} × {words.length_um(height * pixel)} ({pixels})"


def _is_whole(view: ChannelView) -> bool:
    height, width = view.size
    return view.window.width * view.window.height > 0.9 * width * height


def _is_telling(channel: str) -> bool:
    """Whether a channel's name says more than its number."""
    return re.fullmatch(r"(channel|ch|c)?[\s:_#-]*[\d:]*", channel, re.IGNORECASE) is None


def _channel_words(evidence: RestoreEvidence, view: ChannelView) -> str:
    return f"channel {view.name}" if view.name and evidence.channels_total > 1 else ""


def _alt(evidence: RestoreEvidence, view: ChannelView, what: str) -> str:
    name = f", {view.name}" if view.name else ""
    return f"{evidence.input_name}{name}, {what}"
