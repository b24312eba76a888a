"""The table of frameworks, for a learner who names one or lacks one."""

import platform
import sys
import tomllib
from importlib import resources
from pathlib import Path
from typing import Any

#: What ``frameworks.toml`` says of each, by id.
FRAMEWORKS: dict[str, dict[str, Any]] = tomllib.loads(
    resources.files("d2lcompat").joinpath("frameworks.toml").read_text(encoding="utf-8")
)

_ROOT = Path(__file__).parents[1]


def framework_id(name: str) -> str:
    """The id of the framework that somebody calls ``name``, perhaps by its package: ``torch``.

    A name that no framework has is returned unchanged.
    """
    others = (
        one for one, entry in FRAMEWORKS.items() if name in (entry["package"], entry["module"])
    )
    return name if name in FRAMEWORKS else next(others, name)


def not_installed(module: str, error: ModuleNotFoundError) -> ModuleNotFoundError:
    """The error of a framework module that can't import its framework: what to install, and how.

    Args:
        module: its name in this package.
        error: what the import raised.
    """
    entry = FRAMEWORKS[framework_id(module)]
    here = [sys.platform, platform.machine()]
    if here in entry.get("platforms", [here]):
        advice = f"Run: {install_command(entry['extra'])}"
    else:
        advice = f"It has no build for {' '.join(here)}."
    text = f"d2lcompat.{module} needs {entry['label']}: {error}. {advice}"
    return ModuleNotFoundError(text, name=error.name)


def install_command(extra: str) -> str:
    """What to run, here and now, to install an extra of this package.

    A clone of the repository pins the versions that its notebooks were made with. In a notebook,
    ``%pip`` installs where its kernel looks.
    """
    ipython = sys.modules.get("IPython")
    pip = "%pip" if ipython and ipython.get_ipython() else "pip"
    if not (_ROOT / "constraints.txt").is_file():
        return f'{pip} install "d2lcompat[{extra}]"'
    if Path.cwd() == _ROOT:
        return f'{pip} install -e ".[{extra}]" -c constraints.txt'
    return f'{pip} install -e "{_ROOT}[{extra}]" -c "{_ROOT / "constraints.txt"}"'
