"""The one table of frameworks: every name, label and package of a framework is written here only.

Nobody should wait for, or be stopped by, a framework they did not choose: this room knows
the frameworks by name and imports none of them.
"""

import importlib.util
import platform
import sys
from dataclasses import dataclass
from importlib import metadata


@dataclass(frozen=True)
class Framework:
    """A framework that a page of the book can be written in.

    Attributes:
        id: the name in sources, folders and links (``pytorch``).
        label: the name that readers see (``PyTorch``).
        page: its module in ``d2lcompat`` (``torch``).
        package: what is imported (``torch``).
        extra: the extra to install, as in ``pip install -e ".[torch]"``; None: always there.
        distributions: the packages whose versions an executed notebook records.
        platforms: ``(sys.platform, machine)`` pairs it has builds for; empty: everywhere.
    """

    id: str
    label: str
    page: str
    package: str
    extra: str | None
    distributions: tuple[str, ...]
    platforms: tuple[tuple[str, str], ...] = ()

    @property
    def supported(self) -> bool:
        """Whether there is a build of the framework for this platform."""
        return not self.platforms or (sys.platform, platform.machine()) in self.platforms

    @property
    def installed(self) -> bool:
        """Whether the framework can be found, without importing it."""
        return importlib.util.find_spec(self.package) is not None

    @property
    def install_hint(self) -> str:
        """The command that installs the framework."""
        return f'pip install -e ".[{self.extra}]"' if self.extra else "pip install -e ."

    def versions(self) -> dict[str, str]:
        """The installed versions of ``distributions``, those that are missing left out."""
        found = {}
        for name in self.distributions:
            try:
                found[name] = metadata.version(name)
            except metadata.PackageNotFoundError:
                continue
        return found


FRAMEWORKS: dict[str, Framework] = {
    framework.id: framework
    for framework in (
        Framework("pytorch", "PyTorch", "torch", "torch", "torch", ("torch", "numpy")),
        Framework(
            "tensorflow",
            "TensorFlow",
            "tensorflow",
            "tensorflow",
            "tensorflow",
            ("tensorflow", "tensorflow-cpu", "keras", "numpy"),
        ),
        Framework("jax", "JAX", "jax", "jax", "jax", ("jax", "flax", "optax", "numpy")),
        Framework(
            "mxnet",
            "MXNet",
            "mxnet",
            "mxnet",
            "mxnet",
            ("mxnet", "numpy"),
            (("linux", "x86_64"), ("darwin", "x86_64")),
        ),
        Framework("numpy", "NumPy", "numpy", "numpy", None, ("numpy",)),
    )
}


def get(name: str) -> Framework:
    """Look up a framework by id.

    Raises:
        ValueError: there is none of that name; the message lists those that there are.
    """
    try:
        return FRAMEWORKS[name]
    except KeyError:
        raise ValueError(
            f"Unknown framework {name!r}. Expected one of: {', '.join(FRAMEWORKS)}."
        ) from None
