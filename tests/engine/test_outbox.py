import logging
import pickle

import pytest

from superlens.core.errors import ErrorInfo
from superlens.core.messages import Accepted, Failed, Finished, LogLevel, LogLine
from superlens.core.records import Number, ResultFile, ResultRecord
from superlens.engine.outbox import MAX_BYTES, LogForwarder, Outbox, fitted


def size(event):
    return len(pickle.dumps(event))


def test_small_event_passes_unchanged():
    event = Accepted("job", "a plan")

    assert fitted(event) is event


@pytest.mark.parametrize("letter", ["a", "µ", "漢", "😀"])
def test_long_text_is_cut_whatever_its_letters(letter):
    event = fitted(LogLine(LogLevel.INFO, "l", letter * 10_000))

    assert size(event) <= MAX_BYTES
    assert event.text.startswith(letter * 20)
    assert event.text.endswith("…")


def test_result_with_many_samples_and_warnings_keeps_what_matters():
    result = ResultRecord(
        "job",
        "restore",
        "/a/very/long/" + "folder/" * 30,
        tuple(ResultFile("sample", f"samples/{index:03d}.ome.tif") for index in range(500)),
        tuple(Number(f"number {index}", 1.5, 1.0, 2.0, "µm") for index in range(12)),
        tuple(f"warning {index}: " + "something " * 30 for index in range(100)),
        "CPU",
    )

    event = fitted(Finished("job", result))

    assert size(event) <= MAX_BYTES
    assert event.result.folder == result.folder
    assert event.result.files[0] == result.files[0]
    assert event.result.warnings[-1].startswith("and ")
    assert event.result.warnings[-1].endswith(" more")


def test_traceback_is_cut_and_code_is_kept():
    event = fitted(Failed("job", ErrorInfo("unexpected", "x" * 5000, "y" * 5000, "z" * 50_000)))

    assert size(event) <= MAX_BYTES
    assert event.error.code == "unexpected"


def test_outbox_sends_what_fits():
    sent = []

    Outbox(sent.append).post(LogLine(LogLevel.INFO, "l", "x" * 9000))

    assert size(sent[0]) <= MAX_BYTES


def test_talkative_logger_cannot_flood_and_says_what_it_left_out(monkeypatch):
    now = [0.0]
    monkeypatch.setattr("superlens.engine.outbox.time.monotonic", lambda: now[0])
    sent = []
    forwarder = LogForwarder(sent.append)
    record = logging.LogRecord("lib", logging.WARNING, "f", 1, "line %d", (7,), None)

    for _ in range(1000):
        forwarder.handle(record)
    burst = len(sent)
    now[0] = 1.0
    forwarder.handle(record)

    assert burst == 100
    assert sent[0] == LogLine(LogLevel.WARNING, "lib", "line 7")
    assert "900 lines left out" in sent[-1].text


@pytest.mark.parametrize(
    ("number", "level"), [(20, LogLevel.INFO), (30, LogLevel.WARNING), (50, LogLevel.ERROR)]
)
def test_levels_are_translated(number, level):
    sent = []

    LogForwarder(sent.append).handle(logging.LogRecord("l", number, "f", 1, "t", (), None))

    assert sent[0].level is level
