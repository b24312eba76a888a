"""The table of frameworks: their names, and how to install them."""

import platform
import sys
import tomllib
from importlib import resources
from pathlib import Path
from typing import Any

#: The entries of ``frameworks.toml``, by id.
FRAMEWORKS: dict[str, dict[str, Any]] = tomllib.loads(
    resources.files("d2lcompat").joinpath("frameworks.toml").read_text(encoding="utf-8")
)

_ROOT = Path(__file__).parents[1]


def framework_id(name: str) -> str:
    """The id of a framework from its id, package or module, such as ``torch`` for PyTorch.

    An unknown name is returned unchanged.
    """
    others = (
        one for one, entry in FRAMEWORKS.items() if name in (entry["package"], entry["module"])
    )
    return name if name in FRAMEWORKS else next(others, name)


def not_installed(module: str, error: ModuleNotFoundError) -> ModuleNotFoundError:
    """The error of a framework module that cannot import its framework, with the install command.

    Args:
        module: the module's name in this package.
        error: the error of the import.
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
    """The command that installs an extra of this package in this environment.

    In a clone of the repository it pins the versions that produced the stored outputs. In a
    notebook it is ``%pip``, which installs into the environment of the kernel.
    """
    ipython = sys.modules.get("IPython")
    pip = "%pip" if ipython and ipython.get_ipython() else "pip"
    if not (_ROOT / "constraints.txt").is_file():
        return f'{pip} install "d2lcompat[{extra}]"'
    if Path.cwd() == _ROOT:
        return f'{pip} install -e ".[{extra}]" -c constraints.txt'
    return f'{pip} install -e "{_ROOT}[{extra}]" -c "{_ROOT / "constraints.txt"}"'
