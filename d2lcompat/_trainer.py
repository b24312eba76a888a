"""The training loop and its bookkeeping, shared by all four framework modules.

Each framework module defines ``fit_epoch``, which computes gradients and applies them.
"""

import collections
import contextlib
import math
import sys
import warnings
from collections.abc import Iterator
from itertools import islice
from numbers import Integral
from typing import Any

import numpy as np
from tqdm import tqdm

from d2lcompat import _checks
from d2lcompat._board import ProgressBoard
from d2lcompat._history import History
from d2lcompat._hparams import HyperParameters
from d2lcompat._types import Data, Device, Loader, Model, Tensor, Tensors


def integer_labels(Y: Tensor) -> Tensor:
    """The labels ``Y``, if they have an integer type.

    Raises:
        TypeError: they have another type.
    """
    if "int" not in str(Y.dtype):
        raise TypeError(
            f"Classifier.loss expected integer labels; received {Y.dtype}. "
            "Convert them where the data are created: d2l.astype(y, d2l.int32)."
        )
    return Y


class ModuleMixin:
    """The parts of a model that are the same in every framework: loss, network and board."""

    trainer: "Trainer"
    board: ProgressBoard

    def __getstate__(self) -> dict[str, Any]:
        """The state of a copy or a pickle: everything except the trainer with its data, optimiser
        and compiled steps."""
        return {name: value for name, value in vars(self).items() if name != "trainer"}

    def loss(self, *args: Any, **kwargs: Any) -> Any:
        """The loss of predictions for targets. Models define it; ``Classifier`` has one."""
        raise NotImplementedError(
            f"{type(self).__name__} needs a loss: define a method loss "
            "or derive it from Classifier."
        )

    def forward(self, X: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        """The network's output for the inputs ``X``; by default, the output of ``self.net``."""
        if not hasattr(self, "net"):
            raise AttributeError(
                f"{type(self).__name__} needs a network: set self.net or define forward(self, X)."
            )
        return self.net(X, *args, **kwargs)

    def plot(self, key: str, value: Tensor, train: bool) -> None:
        """Report ``value``, the mean of ``key`` over the current batch, to the trainer.

        The board plots it, and the history stores it as ``train_<key>`` or ``val_<key>``.

        Raises:
            RuntimeError: the model is not being trained.
        """
        if getattr(self, "trainer", None) is None:
            raise RuntimeError(
                "plot() expected a model that is being trained; call trainer.fit(model, data)."
            )
        self.trainer.report(("train_" if train else "val_") + key, value)


class _Batches:
    """A loader that sets the trainer's number of examples in the current batch."""

    loader: Any  # a Loader; BatchLoader also has ``peek`` and ``arrays``
    as_arrays = False  # whether to take NumPy arrays from it instead of tensors

    def __init__(self, loader: Loader[Tensor], trainer: "Trainer") -> None:
        self.loader, self.trainer = loader, trainer

    def __len__(self) -> int:
        return len(self.loader)

    def __iter__(self) -> Iterator[Tensors]:
        for batch in self.loader.arrays() if self.as_arrays else self.loader:
            self.trainer.batch_examples = len(batch[-1])
            yield batch
            if self.trainer.progress is not None:
                self.trainer.progress.update()

    def peek(self) -> Tensors:
        """A batch that shows the shapes. With BatchLoader, it does not start an iteration."""
        peek = getattr(self.loader, "peek", None)
        return peek() if peek else next(iter(self.loader))


class _FirstSteps(_Batches):
    """Data with only the first ``steps`` training batches, and all validation batches."""

    def __init__(self, data: Data, steps: int, trainer: "Trainer") -> None:
        batches = _checks.loader(data.train_dataloader(), data, "train_dataloader")
        super().__init__(batches, trainer)
        self.steps = min(steps, len(self.loader))
        self.val_dataloader = data.val_dataloader

    def train_dataloader(self) -> Loader[Tensor]:
        return self

    def __len__(self) -> int:
        return self.steps

    def __iter__(self) -> Iterator[Tensors]:
        return islice(self.loader, self.steps)


class Trainer(HyperParameters):
    """Trains a model on data for ``max_epochs`` epochs.

    Args:
        max_epochs: the number of passes through the training data.
        num_gpus: 0 trains on the CPU, 1 on the first GPU. If there is no GPU, or for more than
            one, a warning says which device is used.
        gradient_clip_val: the largest norm of all gradients together; 0 means no clipping.

    Attributes:
        history: the results of ``fit``: a dict from names to lists of floats, one per epoch.
            ``train_loss`` is the mean over the epoch's steps, measured during training: with
            dropout on, while the parameters change. ``val_loss`` and ``val_acc`` are means over
            the validation examples after the epoch, with dropout off. All are weighted by sample.
            To compare training with validation loss, measure both with dropout off.
        model: the model that is trained.

    You may interrupt ``fit``. ``history`` then contains the finished epochs, the figure shows all
    points so far, and the model has the parameters after the last step. It can be used or trained
    again.

    A second ``fit`` of the same model, by this trainer or another, goes on from the parameters that
    the first one left, with a new optimiser and a new history. To start anew, make a new model.

    Raises:
        ValueError: ``max_epochs`` is not a positive integer, or ``gradient_clip_val`` is negative.
    """

    batch_examples: int  # in the current batch
    progress: Any = None  # a progress bar, during run_epochs

    # For compiled steps: a word in errors about values that are not computed yet; the solution.
    traced_value = line_by_line = ""

    # The methods of the framework's optimisers that a step calls.
    optimizer_methods: tuple[str, ...] = ()

    def __init__(self, max_epochs: int, num_gpus: int = 0, gradient_clip_val: float = 0) -> None:
        if not isinstance(max_epochs, Integral) or isinstance(max_epochs, bool) or max_epochs < 1:
            raise ValueError(
                f"Trainer expected max_epochs to be a positive integer; received {max_epochs!r}."
            )
        if gradient_clip_val < 0:
            raise ValueError(
                f"Trainer expected gradient_clip_val of at least 0; received {gradient_clip_val!r}."
            )
        self.save_hyperparameters()
        self.gpus: list[Device] = self.available_gpus()[:num_gpus]
        if num_gpus > min(1, len(self.gpus)):
            warnings.warn(
                f"Trainer was asked for {num_gpus} GPU(s) and found {len(self.gpus)}: "
                f"training on {'one' if self.gpus else 'the CPU'}.",
                stacklevel=2,
            )

    def available_gpus(self) -> list[Device]:
        """The available GPUs, as devices of the framework."""
        return []

    def prepare_data(self, data: Data) -> None:
        """Take the loaders from ``data`` and reset the history.

        Raises:
            ValueError: the training loader is empty.
        """
        train, val = data.train_dataloader(), data.val_dataloader()
        self.train_dataloader = _Batches(_checks.loader(train, data, "train_dataloader"), self)
        if val is not None:
            val = _Batches(_checks.loader(val, data, "val_dataloader"), self)
        self.val_dataloader = val
        self.num_train_batches = len(self.train_dataloader)
        if not self.num_train_batches:
            raise ValueError(
                f"Trainer.fit() expected training data; the training loader of "
                f"{type(data).__name__} is empty. Check the data that it was created from."
            )
        self.num_val_batches = len(self.val_dataloader) if self.val_dataloader is not None else 0
        # Not in run_epochs, because a redefined `fit`, as in d2l, does not call it.
        self.history = History()
        self.epoch = self.train_batch_idx = self.val_batch_idx = 0
        self._means: dict[str, list[tuple[Tensor, int]]] = {}
        self._warned = False

    def prepare_model(self, model: Model) -> None:
        """Prepare the model: clear its board."""
        model.trainer = self
        model.board.clear()
        model.board.xlim = [0, self.max_epochs]
        self.model = model

    def prepare_batch(self, batch: Tensors) -> Tensors:
        """The batch that a step receives; the framework modules move it to the model's device."""
        return batch

    def first_batch(self) -> Tensors:
        """A batch that shows the shapes, as a step receives it."""
        batch = self.prepare_batch(self.train_dataloader.peek())
        _checks.inputs(batch[:-1])
        return batch

    def fit(self, model: Model, data: Data) -> History:
        """Train ``model`` on ``data``; return the history, which is also ``self.history``."""
        _checks.arguments(model, data)
        self.prepare_data(data)
        self.prepare_model(model)
        self.optim = _checks.optimizer(model, self.optimizer_methods)
        return self.run_epochs()

    def fit_epoch(self) -> None:
        """Go once through the training data, then through the validation data."""
        raise NotImplementedError(
            "Trainer.fit_epoch() expected the trainer of a framework module: "
            "from d2lcompat import torch as d2l; d2l.Trainer(...)."
        )

    def end_training(self) -> None:
        """Switch the model to evaluation mode, also after an error or interrupt."""

    def run_epochs(self) -> History:
        """Call ``fit_epoch`` for every epoch; update progress bar, history and figure."""
        steps = self.max_epochs * (self.num_train_batches + self.num_val_batches)
        # disable=None: show the bar only in a terminal; in a notebook the figure shows progress.
        with tqdm(total=steps, unit="batch", disable=None, leave=False) as self.progress:
            try:
                for epoch in range(self.max_epochs):
                    self.epoch = epoch
                    self._means = {}
                    self.fit_epoch()
                    self._end_epoch()
            except Exception as error:
                if self.traced_value and self.traced_value in str(error):
                    error.add_note(
                        "Trainer.fit() compiles the steps: code in them cannot read values. "
                        f"To run them line by line: {self.line_by_line}"
                    )
                raise
            finally:
                self.end_training()
                self.model.board.show()
        return self.history

    def fingerprint(self, model: Model, data: Data, steps: int = 20) -> None:
        """Train for ``steps`` steps only, and print their losses and one evaluation after them.

        Rounding differences are still small after these steps: another machine prints the same
        numbers to five digits, while a change of the model, the data or the training changes them.
        After ten epochs, neither is true.
        """
        _checks.arguments(model, data)
        trainer = type(self)(1, self.num_gpus, self.gradient_clip_val)
        before = model.plot_train_per_epoch, model.board.display
        model.plot_train_per_epoch, model.board.display = steps, False
        try:
            history = trainer.fit(model, _FirstSteps(data, steps, trainer))
        finally:
            model.plot_train_per_epoch, model.board.display = before
        losses = [f"{point.y:.6f}" for point in model.board.data["train_loss"]]
        print(f"losses of the first {len(losses)} steps:")
        for row in range(0, len(losses), 5):
            print(" ", *losses[row : row + 5])
        values = {name: values[-1] for name, values in history.items() if name != "train_loss"}
        print("after them:", *(f"{name} {value:.6f}" for name, value in values.items()))

    def report(self, label: str, value: Tensor) -> None:
        """Store ``value``, a mean over the current batch, as ``label`` (see ``Module.plot``)."""
        if self._traced is not None:
            self._traced[label] = value
            return
        model, train = self.model, label.startswith("train_")
        model.board.xlabel = model.board.xlabel or "epoch"
        if train:
            x = self.train_batch_idx / self.num_train_batches
            n = self.num_train_batches / model.plot_train_per_epoch
        else:
            x = self.epoch + 1
            n = self.num_val_batches / model.plot_valid_per_epoch
        self._means.setdefault(label, []).append((value, self.batch_examples))
        model.board.draw(x, value, label, math.ceil(n), self.batch_examples)

    _traced: dict[str, Tensor] | None = None

    @contextlib.contextmanager
    def traced(self) -> Iterator[dict[str, Tensor]]:
        """A context that collects reported values in a dict. A compiled step returns this dict, and
        ``report_all`` reports the values once they are known."""
        self._traced = collections.OrderedDict()  # JAX preserves the order of this type only
        try:
            yield self._traced
        finally:
            self._traced = None

    def report_all(self, values: dict[str, Tensor]) -> None:
        """Report the values that a compiled step returned."""
        for label, value in values.items():
            self.report(label, value)

    def _end_epoch(self) -> None:
        self.model.board.flush()
        averages = {}
        for label, values in self._means.items():
            means, weights = zip(*values, strict=True)
            floats = [float(mean) for mean in means]
            averages[label] = float(np.average(floats, weights=weights))
        # Only now, because waiting for values may be interrupted: all curves have equal length.
        for label, average in averages.items():
            self.history.setdefault(label, []).append(average)
        self._warn_of_no_number(averages)
        self.progress.set_postfix_str(self.history.last())

    def _warn_of_no_number(self, averages: dict[str, float]) -> None:
        """Warn once per run that a value is nan or infinite."""
        lost = [
            f"{label} is {value}" for label, value in averages.items() if not np.isfinite(value)
        ]
        if not lost or self._warned:
            return
        self._warned = True
        # Attribute the warning to the line that called fit: notebooks show it once per line.
        level, frame = 1, sys._getframe()
        while frame.f_back and frame.f_globals["__name__"].startswith("d2lcompat."):
            level, frame = level + 1, frame.f_back
        warnings.warn(
            f"{', '.join(lost)} in epoch {self.epoch + 1} of {self.max_epochs}. "
            "Training continues. Look for nan in the data, or try a lower lr or a "
            "gradient_clip_val.",
            stacklevel=level,
        )
