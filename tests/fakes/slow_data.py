"""Training data that take their time, fail, or take their process with them."""

import os
import threading
import time

import numpy as np

from superlens.core.errors import InvalidInput
from superlens.core.method import Batch


class Slow:
    """Batches that say their step, each taking some time; picklable."""

    scale = 2

    def __init__(self, batch_s=0.0, fails_at=-1, exits_in_child_at=-1):
        self.batch_s = batch_s
        self.fails_at = fails_at
        self.exits_in_child_at = exits_in_child_at
        self.home = os.getpid()
        self.threads = set()
        self.validations = 0

    def batch(self, step, size):
        if step == self.exits_in_child_at and os.getpid() != self.home:
            os._exit(9)
        if step == self.fails_at:
            raise InvalidInput(f"step {step} cannot be read", "Look at it")
        self.threads.add(threading.current_thread().name)
        time.sleep(self.batch_s)
        low = np.full((size, 1, 4, 4), step, np.float32)
        return Batch(low, np.full((size, 1, 8, 8), step, np.float32))

    def validation(self):
        self.validations += 1
        self.threads.add(threading.current_thread().name)
        return (self.batch(1000, 1),)
