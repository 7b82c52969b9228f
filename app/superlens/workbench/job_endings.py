"""What is left of a job when it ends, when its engine dies, and when its project is opened again.

Qt-free: plain functions on records and run folders.
"""

import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from superlens.core.errors import EngineLost, SuperlensError, describe_error
from superlens.core.jobs import JobRecord, JobRequest, JobState, TrainRequest
from superlens.core.messages import Cancelled, Ending, Failed, Finished
from superlens.core.records import ResultRecord
from superlens.io.runs import read_run
from superlens.workbench.requests import partial_of, run_folder_of


def utc_now() -> str:
    """Give the time as records hold it: ISO 8601, UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def ended_record(record: JobRecord, ending: Ending) -> JobRecord:
    """Give the record of a job that ended as its engine says."""
    match ending:
        case Finished():
            result = full_result(record.request, ending.result)
            return replace(record, state=JobState.DONE, result=result, ended=utc_now())
        case Cancelled():
            return cancelled_record(record)
        case Failed():
            return replace(record, state=JobState.FAILED, error=ending.error, ended=utc_now())


def cancelled_record(record: JobRecord) -> JobRecord:
    """Give the record of a job that the user stopped."""
    return replace(record, state=JobState.CANCELLED, ended=utc_now())


def lost_record(record: JobRecord, reason: str, is_forced: bool) -> JobRecord:
    """Give the record of a job whose engine ended in the middle of it, maybe to stop the job."""
    if is_forced:
        return cancelled_record(record)
    error = EngineLost(
        f"The engine ended while it worked on this: {reason}",
        "Retry it; if it happens again, close other programs that need much memory",
    )
    return failed_record(record, error)


def failed_record(record: JobRecord, error: SuperlensError) -> JobRecord:
    """Give the record of a job that failed on the side of the window."""
    info = describe_error(error)
    return replace(record, state=JobState.FAILED, error=info, ended=utc_now())


def revived_record(record: JobRecord) -> JobRecord:
    """Give the record of a job as a new session finds it: what had not ended waits again.

    A run that was published just before the program died counts as done.
    """
    if record.state.is_ended:
        return record
    result = _published_result(record)
    if result is not None:
        return replace(record, state=JobState.DONE, result=result, ended=utc_now())
    request = resumed_request(record.request)
    return replace(
        record, request=request, state=JobState.WAITING, phase="", done=0, total=0, started=""
    )


def resumed_request(request: JobRequest) -> JobRequest:
    """Give the request that goes on where a dead job stopped: training has checkpoints."""
    if isinstance(request, TrainRequest):
        return replace(request, resume=partial_of(Path(request.out)).is_dir())
    return request


def clear_partial(request: JobRequest) -> None:
    """Remove the half-written run folder of a dead job; that of a training stays, to be resumed."""
    folder = run_folder_of(request)
    if folder is not None and not isinstance(request, TrainRequest):
        shutil.rmtree(partial_of(folder), ignore_errors=True)


def full_result(request: JobRequest, result: ResultRecord) -> ResultRecord:
    """Give a result with all that its run folder says: a message holds at most 4 KiB of it."""
    if run_folder_of(request) is None:
        return result
    try:
        return read_run(Path(result.folder)).result
    except SuperlensError:
        return result


def _published_result(record: JobRecord) -> ResultRecord | None:
    folder = run_folder_of(record.request)
    if folder is None:
        return None
    try:
        run = read_run(folder)
    except SuperlensError:
        return None
    return run.result if run.job_id == record.id else None
