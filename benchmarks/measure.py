"""Time one training run inside its kernel; ``run.py`` starts a kernel for each run.

The program is ``bare`` (the plain loop in ``in_<framework>.py``), ``ours`` or ``d2l`` (the same
model in the classes of this package or of the package d2l).
"""

import importlib
import json
import resource
import sys
import time
import types
import warnings

from tabbook.config import book_of

FRAMEWORKS = book_of(__file__).frameworks


def fashion_mnist(share: float):
    """Training and validation arrays, with a share of the training data or several copies."""
    import numpy as np

    from d2lcompat import _data

    arrays = _data.fashion_mnist()
    train = arrays.train_images, arrays.train_labels
    rows = np.arange(round(share * len(train[1]))) % len(train[1])
    train = tuple(array[rows] for array in train)  # writable, as PyTorch wants it
    return train, (arrays.val_images, arrays.val_labels)


def published_d2l(framework: str):
    """The package d2l 1.0.3, which was written for older versions of its requirements."""
    if framework == "pytorch":
        # torchvision is built for GPUs and would register operators that this build lacks. d2l's
        # Fashion-MNIST uses only its Python code.
        name = "torchvision._meta_registrations"
        sys.modules[name] = types.ModuleType(name)
    if framework == "jax":
        import jax

        jax.random.PRNGKeyArray = jax.Array  # its name until JAX 0.4
    return importlib.import_module(f"d2l.{FRAMEWORKS[framework].module}")


def measure(
    framework: str, contender: str, epochs: int = 10, batch_size: int = 256, share: float = 1
) -> None:
    """Train once and print a line of JSON.

    It has the seconds of every epoch, of the whole fit, of drawing (ours), and from
    ``FashionMNIST()`` to its first batch (ours), the peak of resident memory in MB, and the last
    loss and accuracy.

    Args:
        share: of the training data; above 1 they are repeated. d2l has them all, always.
    """
    warnings.simplefilter("ignore")
    model_of = importlib.import_module(f"in_{framework}")
    ticks: list[float] = []
    result: dict = {}

    def tick():
        ticks.append(time.perf_counter())

    if contender == "bare":
        train, val = fashion_mnist(share)
        begin = time.perf_counter()
        values = model_of.bare(train, val, epochs, batch_size, tick)
    else:
        d2l = (
            importlib.import_module(f"d2lcompat.{FRAMEWORKS[framework].module}")
            if contender == "ours"
            else published_d2l(framework)
        )

        class Trainer(d2l.Trainer):
            def fit_epoch(self):
                tick()
                super().fit_epoch()

        begin = time.perf_counter()
        data = d2l.FashionMNIST(batch_size=batch_size)
        if contender == "ours":
            next(iter(data.train_dataloader()))
            result["first batch"] = time.perf_counter() - begin
            result["drawing"] = 0.0
            time_drawing(d2l.ProgressBoard, result)
            if share != 1:
                data._arrays[True] = fashion_mnist(share)[0]
        model = model_of.model(d2l)
        trainer = Trainer(max_epochs=epochs)
        begin = time.perf_counter()
        trainer.fit(model, data)
        values = last_values(model, getattr(trainer, "history", None))
    end = time.perf_counter()
    result["epochs"] = [b - a for a, b in zip(ticks, [*ticks[1:], end], strict=True)]
    result["fit"] = end - begin
    result["memory"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    result["values"] = [float(value) for value in values]
    print(json.dumps(result))


def last_values(model, history) -> list[float]:
    """Training loss, validation loss and accuracy after the last epoch."""
    names = ("train_loss", "val_loss", "val_acc")
    if history:
        return [history[name][-1] for name in names]
    return [model.board.data[name][-1].y for name in names]


def time_drawing(board: type, result: dict) -> None:
    """Add the seconds that a board takes to draw to ``result["drawing"]``."""
    display = board._display

    def timed(self, *args, **options):
        begin = time.perf_counter()
        display(self, *args, **options)
        result["drawing"] += time.perf_counter() - begin

    board._display = timed
