"""``from d2lcompat import jax as d2l``: Dive into Deep Learning's classes in JAX with Flax (linen).

The modules ``torch.py``, ``tensorflow.py`` and ``mxnet.py`` define the same names in the same
order, so if you know one you can read the others. Shared code is in ``_*.py``. Code that is
specific to JAX is here: parameters and keys are arguments instead of state, and a complete step is
compiled.
"""

import contextlib
import random
from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import TYPE_CHECKING, Any, TypeAlias, cast

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
    import jax
    import optax
    from flax import linen as nn
    from flax.training import train_state
    from jax import numpy as jnp
except ModuleNotFoundError as error:
    raise not_installed("jax", error) from None

__all__ = [
    "SGD", "Classifier", "DataModule", "FashionMNIST", "HyperParameters", "Module", "ProgressBoard",
    "ResNeXtBlock", "Timer", "TrainState", "Trainer", "add_to_class", "arange", "argmax", "astype",
    "concat", "cpu", "exp", "float32", "get_key", "get_seed", "gpu", "int32", "log", "matmul",
    "nn_Module", "normal", "num_gpus", "numpy", "ones", "plot", "plt", "rand", "randint", "randn",
    "reduce_mean", "reduce_sum", "reshape", "seed_everything", "set_axes", "set_figsize",
    "show_images", "stack", "tensor", "to", "transpose", "try_gpu", "use_svg_display", "zeros",
    "zeros_like",
]  # fmt: skip

use_svg_display()

if TYPE_CHECKING:
    from matplotlib import pyplot as plt
else:
    __getattr__ = _figures.pyplot_when_asked(__name__)

nn_Module: TypeAlias = nn.Module
Tensor: TypeAlias = jax.Array
Tensors: TypeAlias = Sequence[Tensor]
Params: TypeAlias = Mapping[str, Any]  # and gradients, and all variables

_seeds = random.Random()


def get_seed() -> int:
    """A new seed, from a generator that ``seed_everything`` seeds."""
    return _seeds.randint(0, 2**31 - 1)


def get_key() -> jax.Array:
    """A new random key, created from a new seed."""
    return jax.random.PRNGKey(get_seed())


def seed_everything(seed: int) -> None:
    """Seed Python, NumPy, the keys of ``get_key`` and the order of the training examples."""
    random.seed(seed)
    np.random.seed(seed)
    _seeds.seed(seed)
    _data.set_data_seed(seed)


def cpu() -> jax.Device:
    """The CPU."""
    return jax.local_devices(backend="cpu")[0]


def gpu(i: int = 0) -> jax.Device:
    """The GPU with index ``i`` of this process: CUDA or ROCm, else a TPU or an Apple GPU.

    Raises:
        RuntimeError: there is no GPU.
        IndexError: there are fewer than ``i + 1``.
    """
    return (_gpus() or jax.local_devices(backend="gpu"))[i]


def num_gpus() -> int:
    """The number of GPUs."""
    return len(_gpus())


def try_gpu(i: int = 0) -> jax.Device:
    """The GPU with index ``i`` if it exists, else the CPU."""
    return gpu(i) if num_gpus() >= i + 1 else cpu()


def _gpus() -> list[jax.Device]:
    for platform in ("gpu", "tpu", "METAL"):
        with contextlib.suppress(RuntimeError):  # this platform is not available
            return jax.local_devices(backend=platform)
    return []


class Module(_trainer.ModuleMixin, HyperParameters, nn_Module):
    """The base class of models: a network, its loss, its steps and its optimiser.

    The class is a dataclass: hyper-parameters are fields, not arguments of ``__init__``.

    Attributes:
        plot_train_per_epoch: the number of points that a training curve has per epoch.
        plot_valid_per_epoch: the number of points of a validation curve.
    """

    _learned = cast("Params | None", None)  # variables after training; unannotated: no field
    plot_train_per_epoch: int = field(default=2, init=False)
    plot_valid_per_epoch: int = field(default=1, init=False)
    board: ProgressBoard = field(default_factory=ProgressBoard, init=False)

    def __call__(self, X: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        """The network's output. You may define this method, as usual in Flax, or ``forward``."""
        return self.forward(X, *args, **kwargs)

    def training_step(
        self, params: Params, batch: Tensors, state: "TrainState"
    ) -> tuple[Any, Params]:
        """Report the loss of a training batch; return it and its gradients for ``params``."""
        value, grads = jax.value_and_grad(self.loss)(params, batch[:-1], batch[-1], state)
        self.plot("loss", value, train=True)
        return value, grads

    def validation_step(self, params: Params, batch: Tensors, state: "TrainState") -> None:
        """Report the loss of a validation batch."""
        self.plot("loss", self.loss(params, batch[:-1], batch[-1], state), train=False)

    def configure_optimizers(self) -> Optimizer:
        """The optimiser: stochastic gradient descent at the rate ``self.lr``."""
        return optax.sgd(self.lr)

    def apply_init(self, dummy_input: Tensors, key: Tensor | dict[str, Tensor]) -> Params:
        """The model's initial variables, for inputs of the shapes of ``dummy_input``.

        Args:
            dummy_input: a tuple of inputs.
            key: a key, or a dict of keys such as ``{"params": ..., "dropout": ...}``.
        """
        return self.init(key, *dummy_input)


class DataModule(_datamodule.DataModule[Tensor]):
    __doc__ = _datamodule.DataModule.__doc__

    to_tensors = staticmethod(lambda arrays: tuple(map(jax.device_put, arrays)))
    to_numpy = staticmethod(np.asarray)


class TrainState(train_state.TrainState):
    """Everything that training changes: parameters, the optimiser's state, batch statistics and the
    key from which a step draws its masks."""

    batch_stats: Any
    dropout_rng: jax.Array


class Trainer(_trainer.Trainer):
    __doc__ = _trainer.Trainer.__doc__

    optimizer_methods = ("init", "update")
    traced_value = "trace"
    line_by_line = "with jax.disable_jit(): trainer.fit(model, data)"

    def available_gpus(self) -> list[jax.Device]:
        """The available GPUs, as devices."""
        return [gpu(i) for i in range(num_gpus())]

    def prepare_data(self, data: Data) -> None:
        """Take the loaders from ``data``; the steps will be compiled again."""
        super().prepare_data(data)
        self.compiled_train_step = jax.jit(self.train_step)
        self.compiled_val_step = jax.jit(self.val_step)
        # A compiled step accepts NumPy arrays. To convert them to JAX arrays first would take
        # longer than all other Python code of a step.
        for batches in filter(None, (self.train_dataloader, self.val_dataloader)):
            ours = getattr(batches.loader, "convert", None) is DataModule.to_tensors
            compiled = not jax.config.jax_disable_jit  # type: ignore[attr-defined]
            batches.as_arrays = ours and compiled

    def prepare_batch(self, batch: Tensors) -> Tensors:
        """The batch that a step receives: on the model's device."""
        return [to(a, self.gpus[0]) for a in batch] if self.gpus else batch

    def fit(self, model: Module, data: Data, key: Tensor | None = None) -> History:
        """Train ``model`` on ``data`` and return its history, kept as ``self.history`` too.

        ``key`` is the root of all randomness of the run; None draws one with ``get_key``. The
        trained parameters are in ``self.state.params``, and the model keeps them for the next
        ``fit``, which goes on from there.
        """
        _checks.arguments(model, data)
        with jax.default_device(self.gpus[0] if self.gpus else cpu()):
            self.prepare_data(data)
            self.prepare_model(model)
            self.optim = _checks.optimizer(model, self.optimizer_methods)
            params_key, dropout_key = jax.random.split(get_key() if key is None else key)
            batch = self.first_batch()
            keys = {"params": params_key, "dropout": dropout_key}
            variables = model._learned or model.apply_init(batch[:-1], key=keys)
            scores, _ = jax.eval_shape(model.init_with_output, keys, *batch[:-1])
            _checks.outputs(model, scores, batch[-1], DataModule.to_numpy)
            self.state = TrainState.create(
                apply_fn=model.apply,
                params=variables["params"],
                batch_stats=variables.get("batch_stats", {}),
                dropout_rng=dropout_key,
                tx=self.optim,
            )
            return self.run_epochs()

    def train_step(self, state, batch):
        """One step: the state after it, and what it reported. ``fit`` compiles it."""
        # A fresh key for every step: with the same one, all steps would share a mask.
        next_key, step_key = jax.random.split(state.dropout_rng)
        with self.traced() as reported:
            value, grads = self.model.training_step(
                state.params, batch, state.replace(dropout_rng=step_key)
            )
        if self.gradient_clip_val > 0:
            grads = self.clip_gradients(self.gradient_clip_val, grads)
        _, updates = value if isinstance(value, tuple) else (value, {})
        state = state.apply_gradients(
            grads=grads,
            dropout_rng=next_key,
            batch_stats=updates.get("batch_stats", state.batch_stats),
        )
        return state, reported

    def val_step(self, state: TrainState, batch: Tensors) -> dict[str, Tensor]:
        """The values that a validation batch reports. ``fit`` compiles this method."""
        with self.traced() as reported:
            self.model.validation_step(state.params, batch, state)
        return reported

    def end_training(self) -> None:
        """Switch the model to evaluation mode and let it keep what it has learned, also after an
        error or interrupt."""
        self.model.training = False
        self.model._learned = {"params": self.state.params, "batch_stats": self.state.batch_stats}

    def fit_epoch(self):
        """Go once through the training data, then through the validation data."""
        self.model.training = True
        for batch in self.train_dataloader:
            self.state, reported = self.compiled_train_step(self.state, self.prepare_batch(batch))
            self.report_all(reported)
            self.train_batch_idx += 1
        self.model.training = False
        if self.val_dataloader is None:
            return
        for batch in self.val_dataloader:
            self.report_all(self.compiled_val_step(self.state, self.prepare_batch(batch)))
            self.val_batch_idx += 1

    def clip_gradients(self, grad_clip_val: float, grads: Params) -> Params:
        """Scale all gradients so that their common norm is at most ``grad_clip_val``."""
        clip = optax.clip_by_global_norm(grad_clip_val)
        return clip.update(grads, clip.init(grads))[0]


class SGD(HyperParameters):
    """Minibatch stochastic gradient descent from scratch, as an Optax transformation."""

    def __init__(self, lr: float) -> None:
        self.save_hyperparameters()

    def init(self, params: Params) -> optax.EmptyState:
        """The optimiser's state, which is empty."""
        return optax.EmptyState()

    def update(self, updates: Params, state: Any, params: Any = None) -> tuple[Params, Any]:
        """Return the updates to add to the parameters, computed from the gradients."""
        return jax.tree_util.tree_map(lambda grad: -self.lr * grad, updates), state


class Classifier(Module):
    """The base class of classification models."""

    def training_step(
        self, params: Params, batch: Tensors, state: TrainState
    ) -> tuple[Any, Params]:
        """Report the loss of a training batch; return ``((loss, updates), gradients)``."""
        gradient_of = jax.value_and_grad(self.loss, has_aux=True)
        value, grads = gradient_of(params, batch[:-1], batch[-1], state)
        self.plot("loss", value[0], train=True)
        return value, grads

    def validation_step(self, params: Params, batch: Tensors, state: TrainState) -> None:
        """Report the loss and accuracy of a validation batch."""
        loss, _ = self.loss(params, batch[:-1], batch[-1], state)
        self.plot("loss", loss, train=False)
        self.plot("acc", self.accuracy(params, batch[:-1], batch[-1], state), train=False)

    def accuracy(
        self, params: Params, X: Tensors, Y: Tensor, state: TrainState, averaged: bool = True
    ) -> Tensor:
        """The share of examples whose largest score is at the label ``Y``.

        Args:
            params: the model's parameters.
            X: a tuple of inputs.
            Y: labels of shape (...), integers.
            state: the trainer's ``TrainState``, for its ``apply_fn`` and batch statistics.
            averaged: if False, return a float 0 or 1 for each example.
        """
        Y_hat = state.apply_fn({"params": params, "batch_stats": state.batch_stats}, *X)
        Y_hat = reshape(Y_hat, (-1, Y_hat.shape[-1]))
        preds = astype(argmax(Y_hat, axis=1), Y.dtype)
        compare = astype(preds == reshape(Y, -1), float32)
        return reduce_mean(compare) if averaged else compare

    def loss(
        self, params: Params, X: Tensors, Y: Tensor, state: TrainState, averaged: bool = True
    ) -> tuple[Tensor, Params]:
        """``(cross-entropy, updates)`` of the logits for the labels ``Y``, in nats.

        ``updates`` holds changed batch statistics, if the model has some. ``averaged=False``
        returns the loss of each example; arguments are those of ``accuracy``.
        """
        Y_hat, updates = state.apply_fn(
            {"params": params, "batch_stats": state.batch_stats},
            *X,
            mutable=["batch_stats"],
            rngs={"dropout": state.dropout_rng},
        )
        Y_hat = reshape(Y_hat, (-1, Y_hat.shape[-1]))
        Y = reshape(_trainer.integer_labels(Y), (-1,))
        losses = optax.softmax_cross_entropy_with_integer_labels(Y_hat, Y)
        return (reduce_mean(losses) if averaged else losses), updates

    def layer_summary(self, X_shape: Sequence[int], key: Tensor | None = None) -> None:
        """Print the shape of every layer's output for an input of shape ``X_shape``."""
        X = zeros(X_shape)
        key = get_key() if key is None else key
        keys = {"params": key, "dropout": key}
        bound = self.clone().bind(self.init(keys, X), rngs=keys, mutable=["batch_stats"])
        bound(X)
        for layer in bound.net.layers:
            X = layer(X)
            print(layer.__class__.__name__, "output shape:\t", X.shape)


class ResNeXtBlock(nn_Module):
    """The ResNeXt block (Xie et al., 2017, Fig. 3c): a bottleneck with a grouped convolution, added
    to its input.

    Args:
        num_channels: the channels of the output. The input has as many, unless ``use_1x1conv``.
        groups: the channels in each group of the 3 × 3 convolution, as in d2l; it is not the number
            of groups.
        bot_mul: the bottleneck has ``num_channels * bot_mul`` channels, rounded.
        use_1x1conv: whether a 1 × 1 convolution changes the input before the addition.
        strides: the stride of the 3 × 3 convolution; more than 1 needs ``use_1x1conv``.
        training: whether to normalise by batch; otherwise the running statistics are used.
    """

    num_channels: int
    groups: int
    bot_mul: float
    use_1x1conv: bool = False
    strides: tuple[int, int] = (1, 1)
    training: bool = True

    @nn.compact
    def __call__(self, X: Tensor) -> Tensor:
        bot = round(self.num_channels * self.bot_mul)
        grouped = nn.Conv(bot, (3, 3), self.strides, feature_group_count=bot // self.groups)
        Y = nn.relu(nn.BatchNorm(not self.training)(nn.Conv(bot, (1, 1))(X)))
        Y = nn.relu(nn.BatchNorm(not self.training)(grouped(Y)))
        Y = nn.BatchNorm(not self.training)(nn.Conv(self.num_channels, (1, 1))(Y))
        if self.use_1x1conv:
            X = nn.Conv(self.num_channels, (1, 1), self.strides)(X)
            X = nn.BatchNorm(not self.training)(X)
        return nn.relu(Y + X)


class FashionMNIST(_datamodule.FashionMNIST[Tensor], DataModule):
    __doc__ = _datamodule.FashionMNIST.__doc__

    channel_axis = -1


# d2l's names for functions that have other names in the framework.
method = _aliases.methods_of(Tensor)
float32, int32 = jnp.float32, jnp.int32
arange, ones, zeros, zeros_like = jnp.arange, jnp.ones, jnp.zeros, jnp.zeros_like
concat, exp, log, matmul, stack = jnp.concatenate, jnp.exp, jnp.log, jnp.matmul, jnp.stack
normal, rand, randint, randn = (
    jax.random.normal, jax.random.uniform, jax.random.randint, jax.random.normal,
)  # fmt: skip
tensor = jnp.array
argmax, reduce_mean, reduce_sum = method("argmax"), method("mean"), method("sum")
astype, reshape, to, transpose = method("astype"), method("reshape"), jax.device_put, jnp.transpose
numpy = np.asarray
