"""Matplotlib is loaded when something is drawn, and a figure is then what it would have been."""

import subprocess
import sys

import pytest
from matplotlib import pyplot

from d2lcompat._figures import SERIES

SHOWN = """
import sys
from IPython.core.interactiveshell import InteractiveShell

shell = InteractiveShell.instance()
from d2lcompat import numpy as d2l

assert "matplotlib" not in sys.modules
{draw}
shown = shell.display_formatter.format(figure)[0]
assert shown["image/svg+xml"] == shell.display_formatter.format(figure)[0]["image/svg+xml"]
print(*sorted(shown))
"""


@pytest.mark.parametrize(
    "draw",
    [
        "figure = d2l.plt.figure()",
        "from matplotlib import pyplot; figure = pyplot.figure()",
        "from matplotlib.figure import Figure; figure = Figure()",
        "d2l.plot([1, 2]); figure = d2l.plt.gcf()",
    ],
    ids=["d2l.plt", "pyplot", "Figure", "plot"],
)
def test_the_first_figure_carries_its_data(draw):
    """However it was made; and its picture is the same when it is shown again."""
    code = SHOWN.format(draw=f"{draw}; figure.gca().plot([1, 2])")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert {SERIES, "image/svg+xml", "image/png"} <= set(done.stdout.split())


def test_plt_is_pyplot(backend):
    assert backend.d2l.plt is pyplot
    with pytest.raises(AttributeError, match=rf"module '{backend.d2l.__name__}' has no .* 'plot_'"):
        _ = backend.d2l.plot_
