"""Compare the training time of this package with that of a plain loop and of d2l 1.0.3.

    make bench                              # everything: half an hour on two idle cores
    make bench BENCH="--framework jax --repeats 1 --no-growth"

Every training run has its own notebook kernel and plots as it does for a learner. The programs take
turns, so that other work on the machine slows all of them down, and ratios are computed within a
turn. The measurements are stored in ``results.json``; ``report.py`` generates RESULTS.md from them.
"""

import argparse
import datetime
import gzip
import json
import os
import platform
import re
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

import nbformat
import report
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from jupyter_core.utils import run_sync
from nbclient import NotebookClient
from tqdm import tqdm

from d2lcompat import _data
from d2lcompat._data.files import FILES
from tabbook.config import book_of

HERE = Path(__file__).parent
BOOK = book_of(HERE)
RESULTS = HERE / "results.json"
OF_D2L = HERE.parent / ".venv-d2l/bin/python"
CONTENDERS = {
    "pytorch": ["ours", "bare", "d2l"],
    "tensorflow": ["ours", "bare"],
    "jax": ["ours", "bare", "d2l"],
    "mxnet": ["ours", "bare"],
}
OWN_IMPORTS = {
    "pytorch": "import torch",
    "tensorflow": "import tensorflow",
    "jax": "import jax, optax, flax.linen, flax.training.train_state",
    "mxnet": "import numpy; numpy.bool = numpy.bool_; import mxnet",
}
SHARES = (0.25, 0.5, 1, 4)
BATCH_SIZES = (64, 256, 1024, 4096)


def environment(framework: str, work: Path) -> dict[str, str]:
    """The environment of a kernel: that in which notebooks are executed, and plotting. It has one
    thread, because several can stall for seconds on a machine that does other work."""
    given = {
        "PYTHONPATH": os.pathsep.join([str(HERE), str(HERE.parent)]),
        "KERAS_HOME": str(work / "keras"),  # where d2l's JAX module looks for the data
        "D2LCOMPAT_LIVE_PLOTS": "1",
    }
    return dict(os.environ) | BOOK.kernel_environment(framework) | given


def provide_data(work: Path) -> None:
    """Put the data where d2l looks for them: torchvision's folder and that of Keras."""
    arrays = _data.fashion_mnist()
    (work / "data/FashionMNIST/raw").mkdir(parents=True)
    (work / "keras/datasets/fashion-mnist").mkdir(parents=True)
    (work / "here").mkdir()  # d2l's PyTorch module looks in ../data
    for key, file in FILES.items():
        array = getattr(arrays, key).astype("uint8")
        header = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)
        raw = header + array.tobytes()
        (work / "data/FashionMNIST/raw" / file.name.removesuffix(".gz")).write_bytes(raw)
        packed = work / "keras/datasets/fashion-mnist" / file.name
        packed.write_bytes(gzip.compress(raw, compresslevel=1))


def train(work: Path, framework: str, contender: str, **settings) -> dict:
    """The result of ``measure.measure`` for one training run in a new kernel.

    Raises:
        nbclient.exceptions.CellExecutionError: the training failed; the message has its traceback.
    """
    arguments = ", ".join(
        [repr(framework), repr(contender), *(f"{k}={v!r}" for k, v in settings.items())]
    )
    cell = nbformat.v4.new_code_cell(f"import measure\nmeasure.measure({arguments})")
    manager = AsyncKernelManager()
    python = str(OF_D2L) if contender == "d2l" else sys.executable
    manager._kernel_spec = KernelSpec(
        argv=[python, "-m", "ipykernel_launcher", "-f", "{connection_file}", "--log-level=ERROR"],
        language="python",
    )
    client = NotebookClient(
        nbformat.v4.new_notebook(cells=[cell]),
        km=manager,
        timeout=3600,
        resources={"metadata": {"path": str(work / "here")}},
    )
    try:
        client.execute(env=environment(framework, work))
    finally:
        run_sync(manager.shutdown_kernel)(now=True)
    printed = "".join(out["text"] for out in cell.outputs if out.get("name") == "stdout")
    return json.loads(printed.splitlines()[-1])


def import_seconds(framework: str, work: Path) -> dict[str, float]:
    """The time that a new interpreter takes to import the framework, and our module of it."""
    page = f"import d2lcompat.{BOOK.frameworks[framework].module}"
    seconds = {}
    for name, statement in (("framework", OWN_IMPORTS[framework]), ("page", page)):
        code = f"import time; t = time.perf_counter(); {statement}; print(time.perf_counter() - t)"
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", code],
            env=environment(framework, work), capture_output=True, text=True, check=True,
        )  # fmt: skip
        seconds[name] = float(done.stdout.split()[-1])
    return seconds


def machine() -> dict:
    """The machine and the versions that were used."""
    listed = Path("/proc/cpuinfo")  # Linux names the processor there only
    names = re.findall(r"model name\s*: (.+)", listed.read_text()) if listed.exists() else []
    versions = {}
    for name, framework in BOOK.frameworks.items():
        found = BOOK.versions(name)
        versions |= {name: found[name] for name in framework.distributions if name in found}
    return {
        "cpu": names[0] if names else platform.processor(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "versions": versions,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--framework", action="append", type=BOOK.framework_id, choices=CONTENDERS)
    parser.add_argument("--repeats", type=int, default=5, help="number of turns")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--no-d2l", action="store_true", help="skip d2l 1.0.3")
    parser.add_argument("--no-growth", action="store_true", help="skip other data and batch sizes")
    options = parser.parse_args()
    frameworks = options.framework or list(CONTENDERS)
    plan = [
        (framework, contender)
        for framework in frameworks
        for contender in CONTENDERS[framework]
        if contender != "d2l" or not options.no_d2l
    ]
    if not options.no_d2l and not OF_D2L.exists():
        sys.exit(
            "d2l needs an environment of its own: make .venv-d2l/installed. "
            "Or leave it out: --no-d2l."
        )
    kept = json.loads(RESULTS.read_text()) if RESULTS.exists() else {"runs": []}
    run: dict = {"date": f"{datetime.datetime.now():%Y-%m-%d %H:%M}", "machine": machine()}
    run["epochs"] = options.epochs
    run["imports"] = {framework: [] for framework in frameworks}
    run["trainings"] = {framework: {} for framework in frameworks}
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        provide_data(work)
        turns = [(turn, *pair) for turn in range(options.repeats) for pair in plan]
        for _, framework, contender in (bar := tqdm(turns, unit="training")):
            bar.set_description(f"{framework}, {contender}")
            result = train(work, framework, contender, epochs=options.epochs)
            run["trainings"][framework].setdefault(contender, []).append(result)
            if contender == "ours":
                run["imports"][framework].append(import_seconds(framework, work))
        if not options.no_growth:
            kept["growth"] = growth(work, frameworks)
    kept["runs"] = report.recent([*kept["runs"], run])
    RESULTS.write_text(json.dumps(kept, indent=1) + "\n")
    report.write(RESULTS)
    print(report.targets([run]))


def growth(work: Path, frameworks: list[str]) -> list[dict]:
    """Seconds of a steady epoch, by number of images and batch size, for ``ours`` and ``bare``."""
    sizes = [(share, 256) for share in SHARES]
    sizes += [(1, size) for size in BATCH_SIZES if size != 256]
    rows = []
    for share, batch_size in (bar := tqdm(sizes, unit="size")):
        for framework in frameworks:
            row = {"framework": framework, "share": share, "batch_size": batch_size}
            for contender in ("ours", "bare"):
                bar.set_description(f"{framework}, {contender}, {share} x the data by {batch_size}")
                result = train(
                    work, framework, contender, epochs=3, batch_size=batch_size, share=share
                )
                row[contender] = report.steady(result)
            rows.append(row)
    return rows


if __name__ == "__main__":
    main()
