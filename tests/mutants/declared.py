"""All declared faults: ``faults.py`` holds those of the package, of stored notebooks and of the
first two pages; each page after them has a ``faults_<page>.py`` of its own."""

import importlib
from pathlib import Path

from faults import FAULTS, FRAMEWORKS, MISSES, Fault

for path in sorted(Path(__file__).parent.glob("faults_*.py")):
    importlib.import_module(path.stem)

PAGES = tuple(dict.fromkeys(page for fault in FAULTS for page in fault.pages))

__all__ = ["FAULTS", "FRAMEWORKS", "MISSES", "PAGES", "Fault"]
