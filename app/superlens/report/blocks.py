"""What a report is made of: frozen records that say what to show, never how to paint it.

Both outputs walk the same blocks, so whatever stands in one stands in the other.
"""

from dataclasses import dataclass
from enum import StrEnum

from superlens.report.palette import Marker, Role
from superlens.report.scales import ScaleBar


@dataclass(frozen=True, slots=True)
class KeyNumber:
    """One number of the strip below the title."""

    label: str
    value: str
    aside: str
    """Its interval in brackets, or what it is compared with."""


@dataclass(frozen=True, slots=True)
class KeyNumbers:
    """The strip of key numbers, four across."""

    numbers: tuple[KeyNumber, ...]


@dataclass(frozen=True, slots=True)
class Raster:
    """Pixels as they are embedded."""

    png: bytes
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class ColourBar:
    """What the colours of a picture mean: ends in words, colours between."""

    colours: tuple[str, ...]
    low: str
    high: str


@dataclass(frozen=True, slots=True)
class Frame:
    """A part of a picture that another cell shows, in fractions of its sides; a line if 0 high."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Panel:
    """A picture with what is written on it."""

    title: str
    raster: Raster
    alt: str
    scale_bar: ScaleBar | None
    """None where one picture shows several magnifications."""
    role: Role | None = None
    colour_bar: ColourBar | None = None
    frame: Frame | None = None


@dataclass(frozen=True, slots=True)
class Plot:
    """A drawn plot, in px at 96 dpi."""

    svg: str
    width: float
    height: float
    alt: str


@dataclass(frozen=True, slots=True)
class LegendEntry:
    """One series of a plot."""

    text: str
    colour: str
    marker: Marker


@dataclass(frozen=True, slots=True)
class Figure:
    """Pictures or plots side by side, with one caption."""

    label: str
    """Such as `Figure 1`."""
    caption: str
    cells: tuple[Panel | Plot, ...]
    slots: int = 3
    """Into how many equal columns the width is cut; the cells fill them from the left."""
    title: str = ""
    legend: tuple[LegendEntry, ...] = ()


@dataclass(frozen=True, slots=True)
class IntervalBar:
    """A value and its interval on the common axis of a table column, in fractions of its length."""

    value: float
    lo: float | None
    hi: float | None
    role: Role | None = None


Cell = str | IntervalBar


class Align(StrEnum):
    """How a column of a table stands."""

    LEFT = "left"
    RIGHT = "right"


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table."""

    head: str
    weight: float
    """Its width as a share of the sum of all weights."""
    align: Align = Align.RIGHT
    is_strong: bool = False
    """Whether it holds the values that the eye should find first."""


@dataclass(frozen=True, slots=True)
class Group:
    """Rows of a table under one sub-heading."""

    title: str
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of numbers; long ones run over pages with their head repeated."""

    title: str
    columns: tuple[Column, ...]
    groups: tuple[Group, ...]
    note: str = ""
    across: int = 1
    """Into how many newspaper columns the rows are broken."""


@dataclass(frozen=True, slots=True)
class Text:
    """A heading and running text."""

    title: str
    paragraphs: tuple[str, ...]


class CheckState(StrEnum):
    """How an item of the checklist stands."""

    DONE = "done"
    WARN = "warn"
    OPEN = "open"
    """Left to the reader: the report cannot do it."""


@dataclass(frozen=True, slots=True)
class CheckItem:
    """One item of the checklist."""

    state: CheckState
    text: str


@dataclass(frozen=True, slots=True)
class Checklist:
    """What of a publication checklist is really fulfilled."""

    title: str
    items: tuple[CheckItem, ...]


@dataclass(frozen=True, slots=True)
class Facts:
    """Short labelled values side by side."""

    items: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Particulars:
    """Labelled values below each other."""

    title: str
    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Callout:
    """What nobody should miss."""

    title: str
    sentences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Signatures:
    """Lines to sign on, at the foot of a page."""

    labels: tuple[str, ...] = ("Prepared by, date", "Reviewed by, date")


@dataclass(frozen=True, slots=True)
class Rule:
    """A thin line over the whole width."""


SimpleBlock = (
    KeyNumbers
    | Figure
    | Table
    | Text
    | Checklist
    | Facts
    | Particulars
    | Callout
    | Signatures
    | Rule
)


@dataclass(frozen=True, slots=True)
class Columns:
    """Two columns side by side; kept together on one page."""

    left: tuple[SimpleBlock, ...]
    right: tuple[SimpleBlock, ...]


Block = SimpleBlock | Columns


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that travels inside the report."""

    name: str
    media_type: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Document:
    """A whole report, ready to be written in any form."""

    title: str
    subtitle: str
    number: str
    """Made from the runs alone: two reports over the same runs bear the same number."""
    created: str
    software: str
    blocks: tuple[Block, ...]
    attachments: tuple[Attachment, ...]
