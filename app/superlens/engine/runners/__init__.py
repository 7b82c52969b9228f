"""One module per kind of job: each has `run(job_id, request, context) -> ResultRecord`."""
