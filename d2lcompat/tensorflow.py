"""``from d2lcompat import tensorflow as d2l``: Dive into Deep Learning's classes in TensorFlow.

The modules ``torch.py``, ``jax.py`` and ``mxnet.py`` define the same names in the same order, so if
you know one you can read the others. Shared code is in ``_*.py``. Code that is specific to
TensorFlow is here: a step is traced once and runs as a graph.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from d2lcompat import _aliases, _checks, _data, _datamodule, _figures, _trainer
from d2lcompat._board import ProgressBoard
from d2lcompat._figures import plot, set_axes, set_figsize, show_images, use_svg_display
from d2lcompat._frameworks import not_installed
from d2lcompat._history import History
from d2lcompat._hparams import HyperParameters, add_to_class
from d2lcompat._timer import Timer
from d2lcompat._types import Data, Optimizer

try:
    import tensorflow as tf
except ModuleNotFoundError as error:
    raise not_installed("tensorflow", error) from None

__all__ = [
    "SGD", "Classifier", "DataModule", "FashionMNIST", "HyperParameters", "Module", "ProgressBoard",
    "ResNeXtBlock", "Timer", "Trainer", "add_to_class", "arange", "argmax", "astype", "concat",
    "cpu", "exp", "float32", "gpu", "int32", "log", "matmul", "nn_Module", "normal", "num_gpus",
    "numpy", "ones", "plot", "plt", "rand", "randint", "randn", "reduce_mean", "reduce_sum",
    "reshape", "seed_everything", "set_axes", "set_figsize", "show_images", "stack", "tensor", "to",
    "transpose", "try_gpu", "use_svg_display", "zeros", "zeros_like",
]  # fmt: skip

use_svg_display()

if TYPE_CHECKING:
    from matplotlib import pyplot as plt
else:
    __getattr__ = _figures.pyplot_when_asked(__name__)

nn_Module: TypeAlias = tf.keras.Model
Tensor: TypeAlias = tf.Tensor
Tensors: TypeAlias = Sequence[Tensor]


def seed_everything(seed: int) -> None:
    """Seed Python, NumPy, TensorFlow, Keras and the order of the training examples."""
    tf.keras.utils.set_random_seed(seed)  # Python's and NumPy's too
    _data.set_data_seed(seed)


def cpu() -> tf.device:
    """The CPU, as a context manager that places operations on it."""
    return tf.device("/CPU:0")


def gpu(i: int = 0) -> tf.device:
    """The GPU with index ``i``, as a context manager that places operations on it."""
    return tf.device(f"/GPU:{i}")


def num_gpus() -> int:
    """The number of GPUs that are not hidden from TensorFlow."""
    return len(tf.config.get_visible_devices("GPU"))


def try_gpu(i: int = 0) -> tf.device:
    """The GPU with index ``i`` if it exists, else the CPU."""
    return gpu(i) if num_gpus() >= i + 1 else cpu()


class Module(_trainer.ModuleMixin, HyperParameters, nn_Module):
    """The base class of models: a network, its loss, its steps and its optimiser.

    Inside ``forward``, ``self.training`` is True while the model is being trained. The trainer sets
    it; ``model(X, training=True)`` overrides it for one call. The default is False.

    Args:
        plot_train_per_epoch: the number of points that a training curve has per epoch.
        plot_valid_per_epoch: the number of points of a validation curve.
    """

    def __init__(self, plot_train_per_epoch: int = 2, plot_valid_per_epoch: int = 1) -> None:
        super().__init__()
        del self.loss  # Keras 3 sets it to None, which would hide the method
        self.save_hyperparameters()
        self.board = ProgressBoard()
        self.training = False

    def __call__(self, *args: Any, training: bool | None = None, **kwargs: Any) -> Tensor:
        """The network's output. ``training`` is passed to ``forward`` and every layer in it."""
        # Otherwise Keras would pass training=None, and dropout layers would be in evaluation mode.
        mode = self.training if training is None else training
        return super().__call__(*args, training=bool(mode), **kwargs)

    def call(self, X: Tensor, *args: Any, training: bool = False, **kwargs: Any) -> Tensor:
        """Call ``forward`` with ``self.training`` set to ``training``; Keras calls this method."""
        before, self.training = self.training, training
        try:
            return self.forward(X, *args, **kwargs)
        finally:
            self.training = before

    def __reduce__(self) -> tuple[Any, ...]:
        # Keras would copy only the arguments of ``__init__`` and lose all other attributes.
        keras, state = vars(tf.keras.Model()), {}
        for name, value in self.__getstate__().items():
            if name not in keras and not name.startswith("_self_"):  # a trackable's own
                kind = next((k for k in (list, dict, set) if isinstance(value, k)), None)
                state[name] = kind(value) if kind else value  # not Keras's, which can't be pickled
        return _blank, (type(self),), state

    def __setstate__(self, state: dict[str, Any]) -> None:
        for name, value in state.items():
            setattr(self, name, value)

    @property
    def variables(self) -> list[tf.Variable]:
        """All variables: those of layers, and plain ``tf.Variable`` attributes. Models from scratch
        have these, and Keras 3 ignores them."""
        own = [value for value in vars(self).values() if isinstance(value, tf.Variable)]
        return [*super().variables, *own]

    def training_step(self, batch: Tensors) -> Tensor:
        """Report and return the loss of a training batch."""
        loss = self.loss(self(*batch[:-1]), batch[-1])
        self.plot("loss", loss, train=True)
        return loss

    def validation_step(self, batch: Tensors) -> None:
        """Report the loss of a validation batch."""
        self.plot("loss", self.loss(self(*batch[:-1]), batch[-1]), train=False)

    def configure_optimizers(self) -> Optimizer:
        """The optimiser: stochastic gradient descent at the rate ``self.lr``."""
        return tf.keras.optimizers.SGD(self.lr)

    def apply_init(
        self, inputs: Tensors, init: Callable[[tf.keras.Layer], None] | None = None
    ) -> None:
        """Create the layers' parameters by a forward pass, then apply ``init`` to every layer."""
        self(*inputs, training=False)
        if init is not None:
            for layer in self.net.layers:
                init(layer)


def _blank(Class: type[Module]) -> Module:
    """A model of the class, without a call of its ``__init__``."""
    model = Class.__new__(Class)
    Module.__init__(model)
    return model


class DataModule(_datamodule.DataModule[Tensor]):
    __doc__ = _datamodule.DataModule.__doc__

    to_tensors = staticmethod(lambda arrays: tuple(map(tf.convert_to_tensor, arrays)))
    to_numpy = staticmethod(np.asarray)


class Trainer(_trainer.Trainer):
    __doc__ = _trainer.Trainer.__doc__

    optimizer_methods = ("apply_gradients",)
    traced_value = "ymbolic"
    line_by_line = "tf.config.run_functions_eagerly(True)"

    def available_gpus(self) -> list[tf.device]:
        """The available GPUs, as devices."""
        return [gpu(i) for i in range(num_gpus())]

    def prepare_data(self, data: Data) -> None:
        """Take the loaders from ``data``; the steps will be traced again."""
        super().prepare_data(data)
        # Partials, because TensorFlow counts traces by function and warns if there are many. It
        # would mistake the training of several models for repeated traces of one model.
        self.traced_train_step = tf.function(partial(self.train_step))
        self.traced_val_step = tf.function(partial(self.val_step))

    def run_epochs(self) -> History:
        """Create the variables, then run all epochs."""
        with self.gpus[0] if self.gpus else cpu():
            batch = self.first_batch()
            scores = self.model(*batch[:-1], training=False)
            _checks.outputs(self.model, scores, batch[-1], DataModule.to_numpy)
            if hasattr(self.optim, "build"):
                self.optim.build(self.model.trainable_variables)
            return super().run_epochs()

    def train_step(self, batch):
        """One step, and what it reported. ``fit`` traces it for each shape of batch."""
        with self.traced() as reported:
            with tf.GradientTape() as tape:
                loss = self.model.training_step(batch)
            variables = self.model.trainable_variables
            grads = tape.gradient(loss, variables)
            if self.gradient_clip_val > 0:
                grads = self.clip_gradients(self.gradient_clip_val, grads)
            self.optim.apply_gradients(zip(grads, variables, strict=True))
        return reported

    def val_step(self, batch: Tensors) -> dict[str, Tensor]:
        """The values that a validation batch reports. ``fit`` runs this method as a graph."""
        with self.traced() as reported:
            self.model.validation_step(batch)
        return reported

    def end_training(self) -> None:
        """Switch the model to evaluation mode, also after an error or interrupt."""
        self.model.training = False

    def fit_epoch(self):
        """Go once through the training data, then through the validation data."""
        self.model.training = True
        for batch in self.train_dataloader:
            self.report_all(self.traced_train_step(self.prepare_batch(batch)))
            self.train_batch_idx += 1
        self.model.training = False
        if self.val_dataloader is None:
            return
        for batch in self.val_dataloader:
            self.report_all(self.traced_val_step(self.prepare_batch(batch)))
            self.val_batch_idx += 1

    def clip_gradients(self, grad_clip_val: float, grads: Tensors) -> list[Tensor]:
        """Scale all gradients so that their common norm is at most ``grad_clip_val``."""
        return tf.clip_by_global_norm(grads, grad_clip_val)[0]


class SGD(HyperParameters):
    """Minibatch stochastic gradient descent from scratch."""

    def __init__(self, lr: float) -> None:
        self.save_hyperparameters()

    def apply_gradients(self, grads_and_vars: Iterable[tuple[Tensor, tf.Variable]]) -> None:
        """Subtract from every variable its gradient, multiplied by ``lr``."""
        for grad, param in grads_and_vars:
            param.assign_sub(self.lr * grad)


class Classifier(Module):
    """The base class of classification models."""

    def validation_step(self, batch: Tensors) -> None:
        """Report the loss and accuracy of a validation batch."""
        Y_hat = self(*batch[:-1])
        self.plot("loss", self.loss(Y_hat, batch[-1]), train=False)
        self.plot("acc", self.accuracy(Y_hat, batch[-1]), train=False)

    def accuracy(self, Y_hat: Tensor, Y: Tensor, averaged: bool = True) -> Tensor:
        """The share of rows of ``Y_hat`` whose largest entry is at the label ``Y``.

        Args:
            Y_hat: scores of shape (..., classes).
            Y: labels of shape (...), integers.
            averaged: if False, return a float 0 or 1 for each example.
        """
        Y_hat = reshape(Y_hat, (-1, Y_hat.shape[-1]))
        preds = astype(argmax(Y_hat, axis=1), Y.dtype)
        compare = astype(preds == reshape(Y, (-1,)), float32)
        return reduce_mean(compare) if averaged else compare

    def loss(self, Y_hat: Tensor, Y: Tensor, averaged: bool = True) -> Tensor:
        """The cross-entropy of the logits ``Y_hat`` for the labels ``Y``, in nats.

        With ``averaged=False``, return the loss of each example; shapes are those of ``accuracy``.
        """
        Y_hat = reshape(Y_hat, (-1, Y_hat.shape[-1]))
        Y = astype(reshape(_trainer.integer_labels(Y), (-1,)), int32)
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(Y, Y_hat)
        return reduce_mean(losses) if averaged else losses

    def layer_summary(self, X_shape: Sequence[int]) -> None:
        """Print the shape of every layer's output for an input of shape ``X_shape``."""
        X = normal(X_shape)
        for layer in self.net.layers:
            X = layer(X)
            print(layer.__class__.__name__, "output shape:\t", X.shape)


class ResNeXtBlock(tf.keras.Model):
    """The ResNeXt block (Xie et al., 2017, Fig. 3c): a bottleneck with a grouped convolution, added
    to its input.

    Args:
        num_channels: the channels of the output. The input has as many, unless ``use_1x1conv``.
        groups: the channels in each group of the 3 × 3 convolution, as in d2l; it is not the number
            of groups.
        bot_mul: the bottleneck has ``num_channels * bot_mul`` channels, rounded.
        use_1x1conv: whether a 1 × 1 convolution changes the input before the addition.
        strides: the stride of the 3 × 3 convolution; more than 1 needs ``use_1x1conv``.
    """

    def __init__(
        self,
        num_channels: int,
        groups: int,
        bot_mul: float,
        use_1x1conv: bool = False,
        strides: int = 1,
    ) -> None:
        super().__init__()
        bot = round(num_channels * bot_mul)
        layers, normalized = tf.keras.layers, tf.keras.layers.BatchNormalization
        grouped = layers.Conv2D(bot, 3, strides=strides, padding="same", groups=bot // groups)
        self.branch = tf.keras.Sequential([
            layers.Conv2D(bot, 1), normalized(), layers.ReLU(),
            grouped, normalized(), layers.ReLU(),
            layers.Conv2D(num_channels, 1), normalized(),
        ])  # fmt: skip
        self.shortcut = layers.Identity()
        if use_1x1conv:
            projection = layers.Conv2D(num_channels, 1, strides=strides)
            self.shortcut = tf.keras.Sequential([projection, normalized()])

    def call(self, X: Tensor) -> Tensor:
        """The images ``X``, of ``num_channels`` channels and divided in size by ``strides``."""
        return tf.nn.relu(self.branch(X) + self.shortcut(X))


class FashionMNIST(_datamodule.FashionMNIST[Tensor], DataModule):
    __doc__ = _datamodule.FashionMNIST.__doc__

    channel_axis = -1


# d2l's names for functions that have other names in the framework.
float32, int32 = tf.float32, tf.int32
arange, ones, zeros, zeros_like = tf.range, tf.ones, tf.zeros, tf.zeros_like
concat, exp, log, matmul, stack = tf.concat, tf.exp, tf.math.log, tf.matmul, tf.stack
normal, rand = tf.random.normal, tf.random.uniform
tensor = tf.constant
argmax, reduce_mean, reduce_sum = tf.argmax, tf.reduce_mean, tf.reduce_sum
astype, reshape, transpose = tf.cast, tf.reshape, tf.transpose
numpy = _aliases.methods_of(np.ndarray)("numpy")


def randn(*shape: int) -> Tensor:
    """Samples of the standard normal distribution, of the given shape."""
    return tf.random.normal(shape)


def randint(low: int, high: int, size: Sequence[int]) -> Tensor:
    """Random integers in ``[low, high)``, of shape ``size``."""
    return tf.random.uniform(size, low, high, dtype=tf.int32)


def to(x: Tensor, device: tf.device) -> Tensor:
    """A copy of ``x`` on the device, a context manager such as ``cpu()``."""
    with device:
        return tf.identity(x)
