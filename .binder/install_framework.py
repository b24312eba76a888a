"""Install a notebook's framework when its first cell runs.

An image for Binder is made before anybody opens a notebook: it would have to hold all four
frameworks, 4 GB. IPython runs this file when a kernel starts, since ``postBuild`` puts it there.
Not sooner than with the first cell, so that the reader sees what is going on.
"""

import importlib
import subprocess
import sys
from pathlib import Path

from IPython import get_ipython

import tabbook
from tabbook.config import book_of

ROOT = Path(tabbook.__file__).parents[1]


def install_framework(info=None):
    """Install the framework that the notebook's folder is named for, if it isn't there."""
    get_ipython().events.unregister("pre_run_cell", install_framework)
    framework = book_of(ROOT).frameworks.get(Path.cwd().name)
    if framework is None or framework.installed:
        return
    print(f"Installing {framework.label} first. This takes a minute or two, once.", flush=True)
    wanted = ["-e", f"{ROOT}[{framework.extra}]", "-c", str(ROOT / "constraints.txt")]
    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", *wanted], check=True)
    importlib.invalidate_caches()


get_ipython().events.register("pre_run_cell", install_framework)
