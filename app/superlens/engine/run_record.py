"""What every runner writes about its own run, in one form: `job.json`."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from superlens.core.jobs import JobRequest
from superlens.core.records import ResultRecord
from superlens.engine.versions import software_versions
from superlens.io.codec import encode
from superlens.io.runs import Note, RunDocument


@dataclass(frozen=True, slots=True)
class Beginning:
    """The moment a run began; make one first thing."""

    at: str = field(default_factory=lambda: _now())
    """ISO 8601, UTC."""
    _clock_s: float = field(default_factory=time.monotonic)

    @property
    def seconds_ago(self) -> float:
        """How long ago it was, by a clock that never jumps."""
        return time.monotonic() - self._clock_s


def finished_run(
    request: JobRequest, result: ResultRecord, began: Beginning, notes: Mapping[str, Note]
) -> RunDocument:
    """Give the document of a run that ends now.

    Args:
        request: what was done, with everything that was found out about its inputs.
        result: what it left behind.
        began: when it began; the duration is added to the notes as `seconds`.
        notes: plain facts that a report prints.
    """
    return RunDocument(
        request_json=encode(request).decode(),
        kind=request.kind,
        job_id=result.job_id,
        versions=software_versions(),
        device=result.device,
        started=began.at,
        ended=_now(),
        result=result,
        notes={**notes, "seconds": began.seconds_ago},
    )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
