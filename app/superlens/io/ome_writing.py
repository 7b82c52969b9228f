"""OME-XML for one image: what `image_writer` puts into the description of its files.

Schema 2016-06, whose order of elements is kept: http://www.openmicroscopy.org/Schemas/OME/2016-06
"""

import math
import uuid
from datetime import datetime
from xml.etree import ElementTree

from superlens import __version__
from superlens.core.records import ChannelInfo
from superlens.io.image_metadata import Acquisition, ImageMetadata, trusted_sizes_um

PROVENANCE_NAMESPACE = "superlens.provenance"
"""Of the annotation that says what made the pixels."""

_NAMESPACE = "http://www.openmicroscopy.org/Schemas/OME/2016-06"
_NOTE_NAMESPACE = "superlens.note"
_OME_TYPES = {"float32": "float", "float64": "double"}
_FORBIDDEN = dict.fromkeys([*range(9), 11, 12, *range(14, 32), 0xFFFE, 0xFFFF])
"""Characters that XML 1.0 cannot hold."""

Element = ElementTree.Element


def ome_xml(
    shape: tuple[int, ...], dtype: str, metadata: ImageMetadata, has_tiff_data: bool = True
) -> str:
    """Give an OME-XML document for a file whose pages are ordered T, C, Z, slowest first.

    Args:
        shape: (T, C, Z, Y, X).
        dtype: NumPy name of the type of the pixels.
        metadata: everything else; what is unknown is left out.
        has_tiff_data: whether the pixels lie in the pages of the same file, not beside it.
    """
    root = Element(
        "OME",
        {
            "xmlns": _NAMESPACE,
            "xmlns:xsi": "http://www.w3.org/2001/XMLSchema-instance",
            "xsi:schemaLocation": f"{_NAMESPACE} {_NAMESPACE}/ome.xsd",
            "Creator": f"Superlens {__version__}",
            "UUID": f"urn:uuid:{uuid.uuid4()}",
        },
    )
    if metadata.acquisition.has_objective:
        _add_instrument(root, metadata.acquisition)
    image = _child(root, "Image", {"ID": "Image:0", "Name": _clean(metadata.name)})
    _add_surroundings(image, metadata)
    pixels = _add_pixels(image, shape, dtype, metadata)
    if has_tiff_data:
        _child(pixels, "TiffData", {"IFD": "0", "PlaneCount": str(math.prod(shape[:3]))})
    else:
        _child(pixels, "MetadataOnly")
    _add_annotations(root, image, metadata)
    return '<?xml version="1.0" encoding="UTF-8"?>' + ElementTree.tostring(root, "unicode")


def _add_instrument(root: Element, acquisition: Acquisition) -> None:
    attributes = {"ID": "Objective:0:0"}
    if acquisition.objective:
        attributes["Model"] = _clean(acquisition.objective)
    for key, value in (
        ("NominalMagnification", acquisition.magnification),
        ("LensNA", acquisition.numerical_aperture),
    ):
        if value is not None:
            attributes[key] = repr(float(value))
    _child(_child(root, "Instrument", {"ID": "Instrument:0"}), "Objective", attributes)


def _add_surroundings(image: Element, metadata: ImageMetadata) -> None:
    """Add what stands before the pixels of an image."""
    acquired = _moment(metadata.acquisition.acquired_at)
    if acquired is not None:
        _child(image, "AcquisitionDate").text = acquired
    _child(image, "Description").text = _clean(metadata.description)
    if metadata.acquisition.has_objective:
        _child(image, "InstrumentRef", {"ID": "Instrument:0"})
        _child(image, "ObjectiveSettings", {"ID": "Objective:0:0"})


def _moment(text: str | None) -> str | None:
    """Give a moment as the schema writes it, or None where it cannot be read."""
    try:
        return datetime.fromisoformat(text or "").isoformat()
    except ValueError:
        return None


def _add_pixels(
    image: Element, shape: tuple[int, ...], dtype: str, metadata: ImageMetadata
) -> Element:
    t, c, z, y, x = shape
    attributes = {
        "ID": "Pixels:0",
        "DimensionOrder": "XYZCT",
        "Type": _OME_TYPES.get(dtype, dtype),
        "SizeX": str(x),
        "SizeY": str(y),
        "SizeZ": str(z),
        "SizeC": str(c),
        "SizeT": str(t),
        **_physical_sizes(metadata),
    }
    pixels = _child(image, "Pixels", attributes)
    for index, channel in enumerate(metadata.channels):
        _child(pixels, "Channel", _channel_attributes(index, channel))
    return pixels


def _physical_sizes(metadata: ImageMetadata) -> dict[str, str]:
    attributes: dict[str, str] = {}
    z, y, x = trusted_sizes_um(metadata.pixel_sizes)
    for axis, size in (("Z", z), ("X", x), ("Y", y)):
        if size is not None:
            attributes[f"PhysicalSize{axis}"] = repr(float(size))
            attributes[f"PhysicalSize{axis}Unit"] = "µm"
    if metadata.acquisition.time_interval_s is not None:
        attributes["TimeIncrement"] = repr(float(metadata.acquisition.time_interval_s))
        attributes["TimeIncrementUnit"] = "s"
    return attributes


def _channel_attributes(index: int, channel: ChannelInfo) -> dict[str, str]:
    attributes = {
        "ID": f"Channel:0:{index}",
        "Name": _clean(channel.name),
        "SamplesPerPixel": "1",
    }
    for key, value in (("Excitation", channel.excitation_nm), ("Emission", channel.emission_nm)):
        if value is not None:
            attributes[f"{key}Wavelength"] = repr(float(value))
            attributes[f"{key}WavelengthUnit"] = "nm"
    if channel.colour is not None:
        attributes["Color"] = str(_signed_colour(channel.colour))
    return attributes


def _signed_colour(colour: str) -> int:
    """Give `#RRGGBB` as the schema has it: red, green, blue and opacity in one signed number."""
    return int.from_bytes(bytes.fromhex(f"{colour.lstrip('#')}FF"), "big", signed=True)


def _add_annotations(root: Element, image: Element, metadata: ImageMetadata) -> None:
    """Add the note and the provenance, and the references to them."""
    if not (metadata.note or metadata.provenance):
        return
    annotations = _child(root, "StructuredAnnotations")
    if metadata.note:
        note = _annotation(image, annotations, "CommentAnnotation", _NOTE_NAMESPACE)
        _child(note, "Value").text = _clean(metadata.note)
    if metadata.provenance:
        facts = _annotation(image, annotations, "MapAnnotation", PROVENANCE_NAMESPACE)
        value = _child(facts, "Value")
        for key, text in metadata.provenance:
            _child(value, "M", {"K": _clean(key)}).text = _clean(text)


def _annotation(image: Element, annotations: Element, kind: str, namespace: str) -> Element:
    identifier = f"Annotation:{len(annotations)}"
    _child(image, "AnnotationRef", {"ID": identifier})
    return _child(annotations, kind, {"ID": identifier, "Namespace": namespace})


def _child(parent: Element, name: str, attributes: dict[str, str] | None = None) -> Element:
    return ElementTree.SubElement(parent, name, attributes or {})


def _clean(text: str) -> str:
    return text.translate(_FORBIDDEN)
