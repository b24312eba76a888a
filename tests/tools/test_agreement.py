"""What the recorder stores, the checker finds again: every way in which output reaches a notebook.

Each cell below is one way in which output, or the environment, comes into a notebook. All are
recorded by the recorder's engine and checked unchanged under one setting of the test runner after
the other; each setting is another way to give pytest, and so a careless checker's kernel, another
environment.
"""

import copy
import importlib.util
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import nbformat
import pytest
from toy_notebooks import UNSET, cell, run_pytest, save, verdicts

WAYS = {
    "streams": {
        "stdout and stderr in turn": """\
import sys
for i in range(3):
    print("out", i)
    print("err", i, file=sys.stderr)""",
        "without a line break": "print('no', end=' '); print('break', end='')",
        "stderr between displays": """\
from IPython.display import display
print("before"); display(1); print("between", file=sys.stderr); display(2); print("after")""",
        "carriage returns": "print('10 %\\r20 %\\r100 %')",
        "a progress bar": """\
from tqdm.auto import tqdm
for _ in tqdm(range(3), desc="steps", bar_format="{desc} {n_fmt}/{total_fmt}"):
    pass""",
        "a flush between": "print('a', flush=True); print('b'); sys.stdout.flush(); print('c')",
        # What a process writes by itself comes by way of a thread: its cell must still be running.
        "the stream of the process": """\
import os, time
print("to the process", file=sys.__stdout__, flush=True); time.sleep(0.5)""",
        "a file descriptor": """\
_ = os.write(1, b'one\\n'), os.write(2, b'two\\n'), time.sleep(0.5)""",
        "a shell": "!echo from a shell",
        "a shell's lines": "!!echo one; echo two",
        "a system call": "_ = os.system('echo from the system'), time.sleep(0.5)",
        "a child process": """\
import subprocess
_ = subprocess.run([sys.executable, "-c", "print('from a child', flush=True)"])
time.sleep(0.5)""",
        "a cell magic": "%%bash\necho from bash",
        "a script": "%%script python\nprint('from a script')",
        "a fork": """\
import multiprocessing
one = multiprocessing.get_context("fork").Process(target=print, args=("from a fork",))
one.start(); one.join()""",
        "captured": "%%capture held\nprint('nobody sees this')",
        "shown later": "held.show()",
        "redirected": """\
import contextlib, io
with contextlib.redirect_stdout(io.StringIO()) as kept:
    print("kept")
print(kept.getvalue().upper())""",
        "a thread": """\
import threading
one = threading.Thread(target=print, args=("from a thread",))
one.start(); one.join()""",
        "a late thread": """\
import time
go = threading.Event()
late = threading.Thread(target=lambda: (go.wait(), print("from a late thread")))
late.start()""",
        "its end": "go.set(); late.join(); print('joined')",
        "large": "print('\\n'.join(f'{i} {i / 7:.6f}' for i in range(20000)))",
        "a long line": "print('x' * 100_000)",
        "unicode": "print('Δ θ → ∞ 𝟙 é ﷺ 🎲 \\u200b|')",
        "control characters": "print('\\x1b[31mred\\x1b[0m \\t tab \\x07')",
        "logging": """\
import logging
logging.basicConfig(force=True)
logging.warning("a warning"); logging.info("nobody sees this")""",
        "a warning": "import warnings\nwarnings.warn('mind this')",
        "warnings shown once": """\
def old():
    warnings.warn("old", DeprecationWarning, stacklevel=2)
for _ in range(3):
    old()""",
        "a warning of a library": "np = __import__('numpy')\nnp.array([1.0]) / 0",
    },
    "displays": {
        "a value": "6 * 7",
        "quiet": "6 * 7;",
        "history": "_, __, Out[1], In[1], _i1",
        "display and a value": "display('shown')\n'returned'",
        "many displays": "for i in range(4): display(i)",
        "html": "from IPython.display import *\nHTML('<b>bold</b> 0.25')",
        "several kinds": "display({'text/html': '<i>x</i>', 'text/plain': 'x'}, raw=True)",
        "json": "JSON({'a': [1, 2.5, None, True]})",
        "latex": "Math(r'\\frac{1}{1-p}')",
        "markdown": "display(Markdown('# Heading'))",
        "svg": 'SVG(\'<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>\')',
        "javascript": "Javascript('1 + 1')",
        "a class of its own": """\
class Shown:
    def _repr_html_(self): return "<p>own</p>"
    def _repr_mimebundle_(self, **_): return {"text/x-own": "bundle"}
Shown()""",
        "all values of a cell": """\
from IPython.core.interactiveshell import InteractiveShell
InteractiveShell.ast_node_interactivity = "all"
1""",
        "both": "1\n2",
        "the last again": "InteractiveShell.ast_node_interactivity = 'last_expr'\n3",
        "a display hook": """\
import sys
hook, sys.displayhook = sys.displayhook, lambda value: print("hook", value)
sys.displayhook(5); sys.displayhook = hook""",
        "updated in its cell": "h = display(0.5, display_id='h')\nh.update(0.25)",
        "updated later": "late = display('not yet', display_id='late')",
        "twice": "one = display('first', display_id='two')\ndisplay('second', display_id='two')",
        "updates": "late.update('updated'); one.update('both')\nprint('done')",
        "cleared": "print('gone'); clear_output(); print('left')",
        "cleared with a wait": "print('gone'); clear_output(wait=True); print('left')",
        "cleared, and nothing comes": "print('stays'); clear_output(wait=True)",
        "a live plot": """\
for loss in (0.9, 0.5):
    clear_output(wait=True)
    display(loss)""",
        "cleared with a name": """\
display(1, display_id="c"); clear_output()
update_display(2, display_id="c"); print("only this")""",
        "a page": "%config InteractiveShell.colors = 'nocolor'\n?len",
        "a name of no display": "update_display(1, display_id='never shown')",
        "a figure": """\
%matplotlib inline
import matplotlib.pyplot as plt
plt.plot([1, 2, 3]);""",
        "two figures and text": """\
for text in ("one", "two"):
    print(text); plt.figure(); plt.plot([1]); plt.show()""",
        "an array": "import numpy as np\nnp.linspace(0, 1, 40)",
        "a wide array": "print(np.arange(200.0).reshape(4, 50))",
        "audio": "Audio(np.zeros(8), rate=8)",
        "a link": "FileLink('no such file')",
    },
    "control": {
        "async": "import asyncio\nawait asyncio.sleep(0.01)\nprint('awaited')",
        "tasks": """\
async def say(name, after):
    await asyncio.sleep(after)
    print(name)
_ = await asyncio.gather(say("second", 0.1), say("first", 0.01))""",
        "a task of an earlier cell": """\
task = asyncio.ensure_future(asyncio.sleep(0.01, "slept"))""",
        "its result": "await task",
        "async in a loop": """\
async def numbers():
    for i in range(2):
        yield i
async for i in numbers():
    print(i)""",
        ("raises", "raises-exception"): "print('before')\n1 / 0",
        ("raises by nbval's tag", "nbval-raises-exception"): "undefined_name",
        "raises by a comment": "# NBVAL_RAISES_EXCEPTION\nint('x')",
        ("a syntax error", "raises-exception"): "print('never'",
        ("asks", "raises-exception"): "input('name? ')",
        ("asks for a password", "raises-exception"): "__import__('getpass').getpass()",
        ("leaves", "raises-exception"): "import sys\nsys.exit(3)",
        ("interrupts itself", "raises-exception"): """\
import os, signal, time
os.kill(os.getpid(), signal.SIGINT)
time.sleep(5)""",
        ("a chain", "raises-exception"): """\
try:
    1 / 0
except ZeroDivisionError as error:
    raise ValueError("chained") from error""",
        (
            "a group",
            "raises-exception",
        ): "raise ExceptionGroup('two', [ValueError(1), KeyError(2)])",
        ("an unknown magic", "raises-exception"): "%nosuch\nprint('never')",
        "after all that": "print('still here')",
        ("skipped", "skip-execution", "reason=asks a server"): "raise RuntimeError('it ran')",
        "a number follows": "In[-1][:3], len(Out)",
        "nothing": "",
        "a comment": "# only this",
        "stops early": "from IPython import get_ipython\nget_ipython().history_manager is not None",
        "input from nowhere": "import subprocess\nsubprocess.run(['cat'], timeout=9).returncode",
        "pre-loaded": "%load_ext autoreload\n%autoreload 2\n%who_ls str",
        "a function defined before": "def f():\n    return g()\ndef g():\n    return 7\nf()",
        "the end": "import atexit\natexit.register(print, 'nobody hears this');",
    },
    "environment": {
        "names": """\
import os
volatile = ("JPY_", "GIT_PAGER", "D2LCOMPAT_")
sorted(name for name in os.environ if not name.startswith(volatile))""",
        "width": "import shutil\nshutil.get_terminal_size()",
        "values": """\
names = ('COLUMNS', 'CI', 'PYTHONWARNINGS', 'TERM', 'HOME', 'LANG', 'OMP_NUM_THREADS', 'ODD')
[os.environ.get(name) for name in names]""",
        "folder": "os.path.samefile(os.getcwd(), os.environ['PWD']), os.path.exists('here.txt')",
        "path": "import sys\nsys.path",
        "arguments": "[part for part in sys.argv if part.startswith('--')], len(sys.argv)",
        "flags": "sys.flags, sys.warnoptions, sys._xoptions, sys.dont_write_bytecode",
        "filters": "import warnings\n[(one[0], one[2].__name__) for one in warnings.filters]",
        "hash": "print({'one', 'two', 'three', 'four'}, hash('a'), sys.getrecursionlimit())",
        "streams": "[getattr(sys, name).isatty() for name in ('stdin', 'stdout', 'stderr')]",
        "encodings": "sys.stdout.encoding, sys.getfilesystemencoding(), sys.flags.utf8_mode",
        "signals": "import signal\n[str(signal.getsignal(one)) for one in signal.Signals]",
        "limits": "import resource\nresource.getrlimit(resource.RLIMIT_NOFILE)",
        "locale": "import locale\nlocale.setlocale(locale.LC_ALL), locale.getpreferredencoding()",
        "name": "__name__, '__file__' in globals(), 'pytest' in sys.modules",
        "threads": "import threading\nthreading.current_thread() is threading.main_thread()",
        "group": "os.getpgrp() == os.getpid()",
        "child's environment": """\
import subprocess
code = "import os; print([name for name in os.environ if 'PYTEST' in name])"
print(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout)""",
        "help": """\
import argparse
argparse.ArgumentParser('a', description='word ' * 40).print_help()""",
        "text": """\
import textwrap
print(textwrap.fill('word ' * 40, shutil.get_terminal_size().columns))""",
        "numbers": "np = __import__('numpy')\nnp.get_printoptions()['linewidth'], np.arange(60.0)",
        "backend": "import matplotlib\nmatplotlib.get_backend()",
        "umask": "mask = os.umask(0); os.umask(mask); oct(mask)",
        "debugging": "import asyncio\nasyncio.get_running_loop().get_debug(), __debug__",
    },
}
if importlib.util.find_spec("ipywidgets"):
    WAYS["widgets"] = {
        "a widget": "import ipywidgets\nipywidgets.IntSlider(3)",
        "an output widget": """\
out = ipywidgets.Output()
with out:
    print("inside")
print("outside")""",
        "its outputs": "out.outputs",
        "shown and used": """\
display(out)
out.append_stdout("more")
print("beside")""",
        "cleared": "out.clear_output()\nprint('cleared')",
        "interactive": "ipywidgets.interact(lambda x: print('x is', x), x=(0, 4));",
        "a bar": "from tqdm.notebook import tqdm\nfor _ in tqdm(range(2)): pass",
        "an observed change": """\
slider = ipywidgets.IntSlider()
slider.observe(lambda change: print("now", change.new), "value")
slider.value = 2""",
    }

# Each is another way to start pytest: how it captures, how many processes, what it makes of
# warnings, whose kernel, and what the environment says.
SETTINGS = {
    "plain": (["--nbval-current-env"], {}),
    "no capture, the notebook's kernel": (["-s"], {"COLUMNS": "40"}),
    "two processes, warnings are errors": (
        ["-n", "2", "-W", "error", "--nbval-current-env"],
        {"CI": "true", "COLUMNS": "40", "LINES": "9", "PYTHONWARNINGS": "always"},
    ),
    "a CI service": (
        ["--capture=sys", "-p", "no:logging", "-p", "no:warnings", "--nbval-kernel-name=python3"],
        {"CI": "1", "GITHUB_ACTIONS": "true", "NO_COLOR": "1", "PYTHONUNBUFFERED": "1"}
        | {"PYTEST_ADDOPTS": "-v", "JUPYTER_COLUMNS": "40", "TERM": "dumb", "PYTHONDEVMODE": "1"}
        | {"MPLBACKEND": "Agg", "FORCE_COLOR": "1", "COLORTERM": "truecolor", "TQDM_NCOLS": "20"}
        | {"PYTHONHASHSEED": "5", "PYTHONDONTWRITEBYTECODE": "1"},
    ),
}

# What the runner itself sets, before it collects and before each test.
CONFTEST = """\
import os
ODD = {"ODD": "1", "HOME": "/", "LANG": "C", "OMP_NUM_THREADS": "7", "MPLBACKEND": "svg"}
os.environ.update(ODD)
os.environ.pop("PATH", None)
def pytest_runtest_setup(item):
    os.environ[item.name.replace(" ", "_")] = "odd"
"""
PLUGIN = (
    "-p",
    "tabbook.check.pytest_plugin",
    "--nbval",
    "-o",
    "max_ignored_cells=1",
    "--nbval-cell-timeout=20",
)

# As `python -m tabbook execute` does it, started from a shell.
RECORD = """\
import sys
from pathlib import Path
import nbformat
from tabbook.cells import normalise_outputs
from tabbook.execution import Execution
for path in map(Path, sys.argv[1:]):
    notebook = nbformat.read(path, as_version=4)
    with Execution(notebook, path.parent, timeout=60) as execution:
        for place, cell in enumerate(notebook.cells):
            cell.outputs = normalise_outputs(execution.run(place))
    nbformat.write(notebook, path)
"""


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """What pytest said of the recorded notebooks under each setting, and of changed ones."""
    folder = tmp_path_factory.mktemp("agreement") / "recorded"
    for name, ways in WAYS.items():
        cells = [cell(source, tags=_tags(way)) for way, source in ways.items()]
        save(folder / f"{name}.ipynb", cells, kernelspec={"name": "python3", "display_name": "P"})
    (folder / "here.txt").touch()
    (folder / "conftest.py").write_text(CONFTEST)
    shell = {name: value for name, value in os.environ.items() if name not in UNSET}
    shell = {name: value for name, value in shell.items() if not name.startswith("PYTEST_")}
    command = [sys.executable, "-c", RECORD, *map(str, sorted(folder.glob("*.ipynb")))]
    subprocess.run(command, cwd=folder.parent, env=shell, check=True)
    changed = folder.with_name("changed")
    changed.mkdir()
    (changed / "conftest.py").write_text(CONFTEST)
    for path in folder.glob("*.ipynb"):
        notebook = nbformat.read(path, as_version=4)
        for one in notebook.cells:
            one.outputs = _changed(one)
        nbformat.write(notebook, changed / path.name)

    names = [*SETTINGS, "changed"]

    def run(name):
        arguments, variables = SETTINGS.get(name, (["--nbval-current-env"], {}))
        where = changed if name == "changed" else folder
        report = folder.with_name(f"{names.index(name)}.xml")
        arguments = [*arguments, f"--junitxml={report}"]
        return *run_pytest(where, *arguments, plugin=PLUGIN, **variables), verdicts(report)

    with ThreadPoolExecutor(2) as pool:
        return dict(zip(names, pool.map(run, names), strict=True))


def _tags(way):
    return way[1:] if isinstance(way, tuple) else ()


def _changed(one):
    """A cell's outputs with a change that shows, but no output where the cell is never run."""
    outputs = copy.deepcopy(one.outputs)
    if "skip-execution" in one.metadata.tags:
        return outputs
    for output in outputs[:1]:
        if output.output_type == "stream":
            output.text = f"changed {output.text}"
        elif output.output_type == "error":
            output.evalue += "!"
        else:
            output.data["text/plain"] = "changed"
    return outputs or [nbformat.v4.new_output("stream", name="stdout", text="changed")]


@pytest.mark.parametrize("setting", SETTINGS)
def test_what_was_recorded_is_found_again(runs, setting):
    status, output, found = runs[setting]
    assert status == 0, output
    assert len(found) == sum(map(len, WAYS.values()))
    assert (
        "ignored: recorded/control, cell 17: raise RuntimeError('it ran') (asks a server)" in output
    )
    assert not [
        line for line in output.splitlines() if "event loop" in line or "never awaited" in line
    ]


@pytest.mark.parametrize("name", WAYS)
def test_a_change_is_found_whatever_the_way(runs, name):
    _, output, found = runs["changed"]
    ways = list(WAYS[name])
    _, last = found[f"{name} Cell {len(ways) - 1}"]
    for number, way in enumerate(ways):
        outcome, _ = found[f"{name} Cell {number}"]
        if "skip-execution" in _tags(way):
            assert outcome == "skipped"
        else:  # where a later cell could still have updated a display, the last one tells
            told = f"in cell {number}: " in "".join(last.itertext())
            assert outcome == "failure" or told, f"{way}\n{output}"
