"""From a request to the runner that does it: for the engine and the command line alike."""

from importlib import import_module
from typing import Any

from superlens.core.jobs import JobKind, JobRequest
from superlens.core.records import ResultRecord
from superlens.engine.context import JobContext

RUNNERS: dict[JobKind, str] = {
    JobKind.RESTORE: "superlens.engine.runners.restore",
    JobKind.TRAIN: "superlens.engine.runners.train",
    JobKind.EVALUATE: "superlens.engine.runners.evaluate",
    JobKind.MEASURE: "superlens.engine.runners.measure",
    JobKind.REPORT: "superlens.engine.runners.report",
    JobKind.THUMBNAIL: "superlens.engine.runners.thumbnail",
    JobKind.IMPORT_MODEL: "superlens.engine.runners.import_model",
    JobKind.PAIR_CHECK: "superlens.engine.runners.pair_check",
    JobKind.EXPORT: "superlens.engine.runners.export",
}
"""Module of each kind of job; imported when the first such job runs."""


def execute(job_id: str, request: JobRequest, context: JobContext) -> ResultRecord:
    """Do a job here and now.

    Args:
        job_id: id of the job; written into its result.
        request: what to do, complete.
        context: where events go; its control stops the job.

    Returns:
        What the job left behind.

    Raises:
        SuperlensError: the job failed or was cancelled; nothing half-written stays.
    """
    context.check()
    runner: Any = import_module(RUNNERS[request.kind])
    result: ResultRecord = runner.run(job_id, request, context)
    context.accept("")
    return result
