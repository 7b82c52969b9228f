"""Whatever a foreign reader raises, told in one plain sentence."""

import logging
import struct
from collections.abc import Generator
from contextlib import contextmanager

from superlens.core.errors import SuperlensError, UnreadableFile

_ADVICE = "Copy it again from the microscope, or open and save it with the program that made it"


@contextmanager
def reader_failures(name: str) -> Generator[None, None, None]:
    """Translate every exception of a file library into `UnreadableFile`.

    Args:
        name: the file, as the user knows it.
    """
    try:
        yield
    except SuperlensError:
        raise
    except MemoryError as error:
        raise UnreadableFile(
            f"{name} asks for more memory than there is",
            "It is damaged, or too large for this computer",
        ) from error
    # Decoders of damaged files raise anything: struct.error, KeyError, RuntimeError, ...
    except Exception as error:
        raise UnreadableFile(
            f"{name} is damaged: {_reason(error)}", _ADVICE, f"{type(error).__name__}: {error}"
        ) from error


def quiet_library_log(logger_name: str) -> None:
    """Keep the complaints of a file library for developers: they become DEBUG.

    What matters to the user is found by our own checks and said in our own words.
    """
    logger = logging.getLogger(logger_name)
    if _as_debug not in logger.filters:
        logger.addFilter(_as_debug)


def _as_debug(record: logging.LogRecord) -> bool:
    record.levelno, record.levelname = logging.DEBUG, "DEBUG"
    return True


def _reason(error: Exception) -> str:
    match error:
        case EOFError() | struct.error():
            return "it ends too early"
        case OSError() if error.strerror:
            return f"the system says {error.strerror.lower()}"
        case NotImplementedError() | ImportError():
            return "its pixels are stored in a way that is not supported"
        case _:
            return "its pixels or its header cannot be decoded"
