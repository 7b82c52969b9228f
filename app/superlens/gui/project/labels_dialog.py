"""Roles, wells, tags and notes of the selected images, edited at once."""

from collections.abc import Sequence
from dataclasses import replace

from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLineEdit,
    QPlainTextEdit,
    QVBoxLayout,
    QWidget,
)

from superlens.core.plate import well_name
from superlens.core.records import ImageRecord, ImageRole
from superlens.gui.widgets.buttons import button
from superlens.gui.widgets.choice import Choice
from superlens.gui.widgets.labels import ElidedLabel, label, paint_surface, wrapped
from superlens.gui.words import ROLE_NAMES, plural

_SEVERAL = "Several"


class LabelsDialog(QDialog):
    """What people say of images; what is left alone stays as it is, image by image."""

    def __init__(
        self,
        images: Sequence[ImageRecord],
        title: str,
        parent: QWidget,
        *,
        is_blinded: bool = False,
    ) -> None:
        """Make the dialog.

        Args:
            images: the selected ones, at least one.
            title: how one image is called; not used for several.
            parent: the window.
            is_blinded: whether names are hidden: then only the note is shown and can be changed.
        """
        super().__init__(parent)
        self._images = tuple(images)
        self.setWindowTitle("Role, tags and note")
        self.setModal(True)
        self.setFixedWidth(440)
        paint_surface(self, "surface")
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 20, 24, 20)
        column.setSpacing(4)
        several = len(images) > 1
        head = plural(len(images), "image") if several else title
        column.addWidget(ElidedLabel(head, "block"))
        column.addSpacing(8)
        said = QWidget()
        told = QVBoxLayout(said)
        told.setContentsMargins(0, 0, 0, 8)
        told.setSpacing(4)
        told.addLayout(self._role_and_well())
        told.addSpacing(8)
        self._common_tags = _common_tags(self._images)
        self.tags = QLineEdit(", ".join(self._common_tags))
        self.tags.setPlaceholderText("None in common" if several else "None")
        self._add_field(told, "Tags, separated by commas", self.tags)
        said.setHidden(is_blinded)
        column.addWidget(said)
        if is_blinded:
            words = "Role, well and tags are hidden while names are blinded."
            column.addWidget(wrapped(words, "caption"))
            column.addSpacing(8)
        self._add_note(column)
        self._wrong = wrapped("", "bad")
        self._wrong.hide()
        column.addWidget(self._wrong)
        column.addSpacing(12)
        column.addLayout(self._buttons())

    def edited(self) -> tuple[ImageRecord, ...]:
        """Give the images that are changed by what was entered."""
        pairs = ((image, self._edited(image)) for image in self._images)
        return tuple(after for before, after in pairs if after != before)

    def accept(self) -> None:
        """Close, unless the well is none."""
        text = self.well.text().strip()
        if text and well_name(text) is None:
            self._wrong.setText(f"{text!r} is no well. Write a letter and a number, such as A01.")
            self._wrong.show()
            return
        super().accept()

    def _role_and_well(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(12)
        roles = {image.role for image in self._images}
        self.role = Choice()
        if len(roles) > 1:
            self.role.addItem(_SEVERAL, None)
        for role, name in ROLE_NAMES.items():
            self.role.addItem(name, role)
        self.role.setCurrentIndex(0 if len(roles) > 1 else self.role.findData(roles.pop()))
        wells = {well for image in self._images for well in image.all_wells or ("",)}
        self.well = QLineEdit(wells.pop() if len(wells) == 1 else "")
        self.well.setPlaceholderText("None" if not wells else _SEVERAL)
        for words, field, share in (("Role", self.role, 3), ("Well", self.well, 2)):
            part = QVBoxLayout()
            part.setSpacing(4)
            self._add_field(part, words, field)
            row.addLayout(part, share)
        return row

    def _add_note(self, column: QVBoxLayout) -> None:
        notes = {image.note for image in self._images}
        self.note = QPlainTextEdit(notes.pop() if len(notes) == 1 else "")
        if notes:
            self.note.setPlaceholderText("Several notes; what you write replaces them")
        self.note.setProperty("kind", "field")
        self.note.setFixedHeight(96)
        self.note.setTabChangesFocus(True)
        self._add_field(column, "Note", self.note)
        self._note_before = self.note.toPlainText()

    def _add_field(self, column: QVBoxLayout, words: str, field: QWidget) -> None:
        field.setAccessibleName(words)
        column.addWidget(label(words, "label"))
        column.addWidget(field)

    def _buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addStretch(1)
        cancel = button("Cancel")
        cancel.clicked.connect(self.reject)
        save = button("Save", "primary")
        save.setDefault(True)
        save.clicked.connect(self.accept)
        row.addWidget(cancel)
        row.addWidget(save)
        return row

    def _edited(self, image: ImageRecord) -> ImageRecord:
        role = self.role.currentData()
        well = well_name(self.well.text())
        if self.well.isModified() and well != image.well:
            plate = image.plate if well else ""
            image = replace(image, well=well, wells=(), plate=plate, field="")
        if self.note.toPlainText() != self._note_before:
            image = replace(image, note=self.note.toPlainText().strip())
        return replace(
            image,
            role=image.role if role is None else ImageRole(role),
            tags=_changed_tags(image.tags, self._common_tags, _tags_of(self.tags.text())),
        )


def _tags_of(text: str) -> tuple[str, ...]:
    parts = (" ".join(part.split()) for part in text.split(","))
    return tuple(dict.fromkeys(part for part in parts if part))


def _common_tags(images: Sequence[ImageRecord]) -> tuple[str, ...]:
    return tuple(tag for tag in images[0].tags if all(tag in image.tags for image in images))


def _changed_tags(
    tags: tuple[str, ...], before: tuple[str, ...], after: tuple[str, ...]
) -> tuple[str, ...]:
    """Give tags without those that were taken away from all, and with those that all were given."""
    kept = [tag for tag in tags if tag in after or tag not in before]
    return tuple(dict.fromkeys((*kept, *after)))
