"""Functions that run in a fork of this process."""

import json
import os
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

# Long enough for a whole notebook on a busy machine.
PATIENCE = 900.0


def forked(
    function: Callable[[], dict | list | None], log: Path | None = None, patience: float = PATIENCE
) -> Any:
    """What the function returns in a fork of this process; None if it came to no end.

    Args:
        log: the file into which goes what it prints; None: it is printed.
        patience: seconds until it is ended.
    """
    descriptor, answer = tempfile.mkstemp(suffix=".json")
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        try:
            os.setsid()  # so that what it starts can be ended with it
            if log:
                output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
                os.dup2(output, 1)
                os.dup2(output, 2)
            os.write(descriptor, json.dumps(function()).encode())
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            os._exit(0)
    os.close(descriptor)
    end = time.monotonic() + patience
    while os.waitpid(pid, os.WNOHANG) == (0, 0):
        time.sleep(0.02)
        if time.monotonic() > end:
            os.killpg(pid, 9)
    text = Path(answer).read_text()
    os.unlink(answer)
    return json.loads(text) if text else None
