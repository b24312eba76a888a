"""The faults that the regression check of the notebooks has to find, as data.

Each is a small patch that a tired author could have made, declared once and applied in every
framework where it makes sense. A fault stays on this list whether it is found or not.

There are five kinds:

- ``package``: text in ``d2lcompat/`` is replaced, in a copy that the kernel imports;
- ``cell``: code on the page is replaced, in its source and in the notebook alike, so that the
  two agree and only running the code can tell;
- ``stored``: the notebook is edited and its source is not;
- ``file``: the notebook's file is damaged;
- ``environment``: what the kernel finds around it.
"""

# ruff: noqa: E501  (patches are easier to compare with the code in one line)

import gzip
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pooch

FRAMEWORKS = ("pytorch", "tensorflow", "jax", "mxnet")
BACKENDS = {"pytorch": "torch.py", "tensorflow": "tensorflow.py", "jax": "jax.py"}
BACKENDS["mxnet"] = "mxnet.py"

Edit = tuple[str, str]


@dataclass(frozen=True)
class Fault:
    """One declared fault.

    Attributes:
        name: says what is wrong.
        kind: one of the five above.
        pages: the pages whose notebooks are checked, in this order, until one check fails.
        edits: framework -> ``(file or "", old, new)``: text replaced in the package's file, or in
            every code cell of the page that has it. A framework that is left out is one in which
            the fault makes no sense.
        act: for the other kinds: what to do to the notebook (as JSON), its path, or the folder of
            the mutant, from which it returns environment variables for the kernel.
        variant: edits of the page that come first and are executed to get the stored outputs, for
            faults that do not show with the page's own numbers.
        whole: the fault shows only in cells that the trimmed notebooks lack.
        timeout: seconds that a cell may take.
        told: what the report has to say where that is enough, and no failure is asked for.
    """

    name: str
    kind: str
    pages: tuple[str, ...]
    edits: Mapping[str, Sequence[tuple[str, str, str]]] = field(default_factory=dict)
    act: Callable | None = None
    variant: Sequence[Edit] = ()
    whole: bool = False
    timeout: int = 900
    told: str = ""

    @property
    def frameworks(self) -> tuple[str, ...]:
        """Where it makes sense."""
        return tuple(f for f in FRAMEWORKS if f in self.edits) if self.edits else FRAMEWORKS


FAULTS: list[Fault] = []

TRAINING = ("dropout", "preliminaries")  # the notebook without long training is the cheaper one
FIGURES = ("preliminaries",)


def shared(name: str, file: str, *edits: Edit, pages: tuple[str, ...] = TRAINING) -> None:
    """Declare a fault in a file that all frameworks share."""
    patch = [(file, old, new) for old, new in edits]
    FAULTS.append(Fault(name, "package", pages, dict.fromkeys(FRAMEWORKS, patch)))


def backend(name: str, pages: tuple[str, ...] = TRAINING, **edits: Edit | list[Edit]) -> None:
    """Declare a fault in the backend pages: framework -> edit or edits."""
    patches = {
        framework: [(BACKENDS[framework], *edit) for edit in _listed(patch)]
        for framework, patch in edits.items()
    }
    FAULTS.append(Fault(name, "package", pages, patches))


def cell(name: str, page: str, *everywhere: Edit, variant=(), whole=False, timeout=900, **edits):
    """Declare a fault in a page's code: the same edits everywhere, or framework -> edits."""
    patches = {f: everywhere for f in FRAMEWORKS} if everywhere else edits
    listed = {f: [("", *edit) for edit in _listed(patch)] for f, patch in patches.items()}
    FAULTS.append(
        Fault(name, "cell", (page,), listed, variant=variant, whole=whole, timeout=timeout)
    )


def _listed(edits) -> list[Edit]:
    return [edits] if isinstance(edits[0], str) else list(edits)


def stored(name: str, kind: str = "stored", told: str = ""):
    """Declare what the decorated function does to a stored notebook (or its file)."""

    def declare(act: Callable) -> Callable:
        FAULTS.append(Fault(name, kind, ("preliminaries",), act=act, told=told))
        return act

    return declare


# --- data -----------------------------------------------------------------------------------------

PERMUTED = "order = order[rng.permutation(self.num_examples)]"
shared("batches shuffled, not examples", "_data/loader.py", (
    PERMUTED,
    "order = np.concatenate([order[i * self.batch_size : (i + 1) * self.batch_size]"
    " for i in rng.permutation(len(self))])",
))  # fmt: skip
shared("training data not shuffled", "_data/loader.py", (PERMUTED, "pass"))
shared("examples drawn with replacement", "_data/loader.py", (
    PERMUTED, "order = order[rng.integers(0, self.num_examples, self.num_examples)]",
))  # fmt: skip
shared(
    "every epoch in the same order", "_data/loader.py",
    ("(self._seed, self._iterations)", "(self._seed, 0)"), pages=FIGURES,
)  # fmt: skip
shared(
    "seed of the order ignored",
    "_data/loader.py",
    ("data_seed() if seed is None", "1 if seed is None"),
)
shared("validation data shuffled", "_data/loader.py", ("        if self._train:", "        if True:"),
       pages=FIGURES)  # fmt: skip
STARTS = "starts = range(0, self.num_examples, self.batch_size)"
shared("last, smaller batch dropped", "_data/loader.py", (
    STARTS, "starts = range(0, self.num_examples - self.batch_size + 1, self.batch_size)",
))  # fmt: skip
shared("first batch of an epoch skipped", "_data/loader.py", (
    STARTS, "starts = range(self.batch_size, self.num_examples, self.batch_size)",
))  # fmt: skip
shared("a batch one example short", "_data/loader.py", (
    "order[start : start + self.batch_size]", "order[start : start + self.batch_size - 1]",
))  # fmt: skip
shared("number of batches rounded down", "_data/loader.py", (
    "-(-self.num_examples // self.batch_size)", "self.num_examples // self.batch_size",
))  # fmt: skip
shared("peeking moves the order on", "_data/loader.py", (
    "return self._batch(np.arange(min(self.batch_size, self.num_examples)))", "return next(iter(self))",
))  # fmt: skip
SCALED = "np.divide(images, np.float32(255), dtype=np.float32)"
shared("normalisation forgotten", "_data/images.py", (SCALED, "images.astype(np.float32)"))
shared("pixels divided by 256", "_data/images.py", (SCALED, SCALED.replace("255", "256")))
shared("pixels centred", "_data/images.py", (SCALED, f"{SCALED} - np.float32(0.286)"))
LABELS = "labels.astype(self.label_dtype)"
shared(
    "labels off by one", "_datamodule.py", (LABELS, "((labels + 1) % 10).astype(self.label_dtype)")
)
shared("one label in a hundred wrong", "_datamodule.py", (
    LABELS, "np.where(np.arange(len(labels)) % 100, labels, 9 - labels).astype(self.label_dtype)",
))  # fmt: skip
shared(
    "labels of another type", "_datamodule.py", (LABELS, 'labels.astype("uint8")'), pages=FIGURES
)
EXPANDED = "np.expand_dims(pixels, self.channel_axis)"
shared("features in half precision", "_datamodule.py", (EXPANDED, f"{EXPANDED}.astype('float16')"),
       pages=FIGURES)  # fmt: skip
shared("images transposed", "_datamodule.py", (EXPANDED, EXPANDED.replace(
    "pixels", "np.ascontiguousarray(pixels.transpose(0, 2, 1))"
)))  # fmt: skip
shared("images of another size", "_datamodule.py", (
    "resize: tuple[int, int] = (28, 28)", "resize: tuple[int, int] = (27, 27)",
))  # fmt: skip
shared("training and validation data swapped", "_datamodule.py", (
    "self._arrays[train]", "self._arrays[not train]",
))  # fmt: skip
shared("validated on the training data", "_datamodule.py", (
    "self._arrays[train]", "self._arrays[True]",
))  # fmt: skip
shared("ten validation images also trained on", "_datamodule.py", (
    'self._first("num_train", arrays.train_images, arrays.train_labels)',
    "(np.concatenate([arrays.train_images, arrays.val_images[:10]]),\n"
    "                   np.concatenate([arrays.train_labels, arrays.val_labels[:10]]))",
))  # fmt: skip
shared("names of two classes swapped", "_data/images.py", (
    '    "dress",\n    "coat",', '    "coat",\n    "dress",',
), pages=FIGURES)  # fmt: skip
shared(
    "a typo in the name of a class",
    "_data/images.py",
    ('"ankle boot"', '"ancle boot"'),
    pages=FIGURES,
)
backend("channels on the other side", FIGURES,
        pytorch=("channel_axis = 1", "channel_axis = -1"),
        tensorflow=("channel_axis = -1", "channel_axis = 1"),
        jax=("channel_axis = -1", "channel_axis = 1"),
        mxnet=("channel_axis = 1", "channel_axis = -1"))  # fmt: skip

# --- optimiser and loop ---------------------------------------------------------------------------

RATE = {
    "pytorch": "torch.optim.SGD(self.parameters(), lr=self.lr)",
    "tensorflow": "tf.keras.optimizers.SGD(self.lr)",
    "jax": "optax.sgd(self.lr)",
    "mxnet": '{"learning_rate": self.lr}',
}


def rate(name: str, new: Callable[[str], str] | None = None, **edits: str) -> None:
    """Declare a fault in the optimiser."""
    pairs = {f: (old, edits[f] if f in edits else new(old)) for f, old in RATE.items()}
    backend(name, **pairs)


rate("learning rate × 1.01", lambda old: old.replace("self.lr", "self.lr * 1.01"))
rate("learning rate × 1.1", lambda old: old.replace("self.lr", "self.lr * 1.1"))
rate(
    "momentum added",
    lambda old: old.replace("self.lr)", "self.lr, momentum=0.9)"),
    mxnet='{"learning_rate": self.lr, "momentum": 0.9}',
)
rate(
    "weight decay added",
    lambda old: old.replace("self.lr)", "self.lr, weight_decay=1e-3)"),
    jax="optax.chain(optax.add_decayed_weights(1e-3), optax.sgd(self.lr))",
    mxnet='{"learning_rate": self.lr, "wd": 1e-3}',
)
rate(
    "Adam instead of gradient descent",
    pytorch="torch.optim.Adam(self.parameters(), lr=self.lr)",
    tensorflow="tf.keras.optimizers.Adam(self.lr)",
    jax="optax.adam(self.lr)",
    mxnet='{"learning_rate": self.lr}) if False else gluon.Trainer(params, "adam",'
    ' {"learning_rate": self.lr}',
)
shared(
    "gradients clipped",
    "_trainer.py",
    ("gradient_clip_val: float = 0", "gradient_clip_val: float = 0.5"),
)
APPLY = "self.optim.apply_gradients(zip(grads, variables, strict=True))"
backend(
    "two steps a batch",
    pytorch=("self.optim.step()", "self.optim.step(); self.optim.step()"),
    tensorflow=(APPLY, f"{APPLY}; {APPLY}"),
    jax=(
        "            grads=grads,",
        "            grads=jax.tree_util.tree_map(lambda g: 2 * g, grads),",
    ),
    # The same gradient twice: where frameworks refuse to, one of twice the size.
    mxnet=("self.optim.step(1)", "self.optim.step(0.5)"),
)
backend("gradients of earlier batches not forgotten",
        pytorch=("            self.optim.zero_grad()\n", ""))  # fmt: skip
backend(
    "loss summed, not averaged",
    pytorch=('reduction="mean" if', 'reduction="sum" if'),
    tensorflow=("reduce_mean(losses) if", "reduce_sum(losses) if"),
    jax=("reduce_mean(losses) if", "reduce_sum(losses) if"),
    mxnet=("reduce_mean(losses) if", "reduce_sum(losses) if"),
)
backend(
    "softmax twice",
    pytorch=("F.cross_entropy(Y_hat,", "F.cross_entropy(Y_hat.softmax(1),"),
    tensorflow=("logits(Y, Y_hat)", "logits(Y, tf.nn.softmax(Y_hat))"),
    jax=("labels(Y_hat, Y)", "labels(jax.nn.softmax(Y_hat), Y)"),
    mxnet=("Loss()(Y_hat, Y)", "Loss()(npx.softmax(Y_hat), Y)"),
)
backend(
    "dropout left on at evaluation, by the trainer",
    pytorch=("self.model.eval()\n        if", "self.model.train()\n        if"),
    tensorflow=("self.model.training = False\n        if", "self.model.training = True\n        if"),
    jax=("self.model.training = False\n        if", "self.model.training = True\n        if"),
    mxnet=("            self.model.validation_step(self.prepare_batch(batch))",
           "            with autograd.train_mode():\n"
           "                self.model.validation_step(self.prepare_batch(batch))"),
)  # fmt: skip
backend(
    "no dropout, by the trainer",
    pytorch=("self.model.train()\n", "self.model.eval()\n"),
    tensorflow=("self.model.training = True\n", "self.model.training = False\n"),
    jax=("self.model.training = True\n", "self.model.training = False\n"),
    mxnet=("with autograd.record():", "with autograd.record(train_mode=False):"),
)
backend("one mask for all steps, by the trainer",
        jax=("dropout_rng=next_key", "dropout_rng=state.dropout_rng"))  # fmt: skip
SEED = {
    "pytorch": ("torch.manual_seed(seed)", "torch.manual_seed(seed + 1)"),
    "tensorflow": ("set_random_seed(seed)", "set_random_seed(seed + 1)"),
    "jax": ("_seeds.seed(seed)", "_seeds.seed(seed + 1)"),
    "mxnet": ("mxnet.random.seed(seed)", "mxnet.random.seed(seed + 1)"),
}
backend("seed changed", **SEED)
backend("never seeded", **{f: (old, old.replace("(seed)", "(__import__('time').time_ns() % 2**31)"))
                           for f, (old, _) in SEED.items()})  # fmt: skip
backend("seed of the data changed", **{f: ("_data.set_data_seed(seed)", "_data.set_data_seed(seed + 1)")
                                       for f in FRAMEWORKS})  # fmt: skip
EVALUATED = {
    "pytorch": (
        "        self.model.train()\n        for",
        "        self.model.eval()\n",
        "        for batch in self.val_dataloader:\n            with torch.no_grad():\n"
        "                self.model.validation_step(self.prepare_batch(batch))\n"
        "            self.val_batch_idx += 1\n",
    ),
    "tensorflow": (
        "        self.model.training = True\n        for",
        "        self.model.training = False\n",
        "        for batch in self.val_dataloader:\n"
        "            self.report_all(self.traced_val_step(self.prepare_batch(batch)))\n"
        "            self.val_batch_idx += 1\n",
    ),
    "jax": (
        "        self.model.training = True\n        for",
        "        self.model.training = False\n",
        "        for batch in self.val_dataloader:\n"
        "            self.report_all(self.compiled_val_step(self.state, self.prepare_batch(batch)))\n"
        "            self.val_batch_idx += 1\n",
    ),
    "mxnet": (
        "        for batch in self.train_dataloader:\n            with autograd",
        "",
        "        for batch in self.val_dataloader:\n"
        "            self.model.validation_step(self.prepare_batch(batch))\n"
        "            self.val_batch_idx += 1\n",
    ),
}
backend("evaluated before the epoch instead of after it", **{
    f: [(loop, "        pass\n"), (head, switch + loop + head)]
    for f, (head, switch, loop) in EVALUATED.items()
})  # fmt: skip
shared("an epoch too many", "_trainer.py", (
    "in range(self.max_epochs):", "in range(self.max_epochs + 1):",
))  # fmt: skip
AVERAGE = "float(np.average(floats, weights=weights))"
shared("accuracy as the mean of batch means", "_trainer.py", (AVERAGE, "float(np.mean(floats))"))
shared("the last batch taken for the mean", "_trainer.py", (AVERAGE, "floats[-1]"))
shared("nan in the history", "_trainer.py", (AVERAGE, 'float("nan")'))
shared("history shifted by an epoch", "_trainer.py", (
    "        return self.history\n\n    def fingerprint",
    "        for values in self.history.values():\n            values[1:] = values[:-1]\n"
    "        return self.history\n\n    def fingerprint",
), pages=FIGURES)  # fmt: skip
shared("history in the reverse order", "_trainer.py", (
    "setdefault(label, []).append(", "setdefault(label, []).insert(0, ",
), pages=FIGURES)  # fmt: skip
backend("the smallest score counted as the guess", **dict.fromkeys(FRAMEWORKS, (
    "preds = astype(argmax(Y_hat, axis=1)", "preds = astype(argmax(-Y_hat, axis=1)",
)))  # fmt: skip
shared("a new warning", "_trainer.py", (
    "        self.save_hyperparameters()\n        self.gpus",
    "        self.save_hyperparameters()\n        warnings.warn('deprecated', stacklevel=2)\n"
    "        self.gpus",
))  # fmt: skip

# --- figures --------------------------------------------------------------------------------------


def figure(name: str, *edits: Edit, file: str = "_board.py") -> None:
    """Declare a fault in what is drawn."""
    shared(name, file, *edits, pages=FIGURES)


figure("plot of the wrong series", (
    'model.board.draw(x, value, label,', 'model.board.draw(x, value, label.replace("acc", "loss"),',
), file="_trainer.py")  # fmt: skip
figure("a blank plot", (
    ".set_data([p.x for p in points], [p.y for p in points])", ".set_data([], [])",
))  # fmt: skip
figure(
    "a curve missing", ("enumerate(self.data.items())", "enumerate(list(self.data.items())[:-1])")
)
figure("log axis", ("axes.set_yscale(self.yscale)", 'axes.set_yscale("log")'))
figure(
    "legend swapped",
    ("            axes.legend()", "            axes.legend(list(self.data)[::-1])"),
)
figure("legend missing", ("            axes.legend()", "            pass"))
figure("axis label missing", ('axes.set_xlabel(self.xlabel or "")', 'axes.set_xlabel("")'))
figure(
    "axis label wrong", ('board.xlabel or "epoch"', 'board.xlabel or "step"'), file="_trainer.py"
)
figure("abscissae swapped with ordinates", (
    ".set_data([p.x for p in points], [p.y for p in points])",
    ".set_data([p.y for p in points], [p.x for p in points])",
))  # fmt: skip
figure("validation drawn an epoch too early", ("x = self.epoch + 1", "x = self.epoch"),
       file="_trainer.py")  # fmt: skip
figure("half of the axis cut off", (
    "xlim = [0, self.max_epochs]", "xlim = [0, self.max_epochs / 2]",
), file="_trainer.py")  # fmt: skip
figure("all curves in one colour and style", (
    "linestyle=self.ls[index % len(self.ls)]", "linestyle=self.ls[0]",
), ("color=self.colors[index % len(self.colors)]", "color=self.colors[0]"))  # fmt: skip
figure("drawn validation loss as the mean of batch means", (
    "float(np.average(ys, weights=weights))", "float(np.mean(ys))",
))  # fmt: skip
figure("a figure shown twice", (
    "            display(figure)\n", "            display(figure)\n            display(figure)\n",
))  # fmt: skip
figure("no figure shown", ("            display(figure)\n", "            pass\n"))
backend("half as many points on the training curve", FIGURES, **{
    f: ("plot_train_per_epoch: int = 2", "plot_train_per_epoch: int = 1")
    for f in FRAMEWORKS if f != "jax"
} | {"jax": ("plot_train_per_epoch: int = field(default=2", "plot_train_per_epoch: int = field(default=1")})  # fmt: skip
figure("titles of images shifted by one", (
    "set_title(titles[index]", "set_title(titles[(index + 1) % len(titles)]",
), file="_figures.py")  # fmt: skip
figure("images upside down", ("_array(imgs[index])", "_array(imgs[index])[::-1]"),
       file="_figures.py")  # fmt: skip
figure("images in inverted greys", ('cmap="gray_r"', 'cmap="gray"'), file="_figures.py")

# --- the dropout layer and the models of the page -------------------------------------------------

SCALE = "mask * X / (1.0 - dropout)"
cell("divided by p", "dropout", (SCALE, "mask * X / dropout if dropout else X"))
cell("multiplied by p", "dropout", (SCALE, "mask * X * dropout"))
cell("multiplied by 1 - p", "dropout", (SCALE, "mask * X * (1.0 - dropout)"))
cell("scaled by 1", "dropout", (SCALE, "mask * X / 1.0"))
cell("keep probability taken for drop probability", "dropout", (">= dropout", "< dropout"))
cell("keep probability in the mask, drop probability in the scale", "dropout",
     (">= dropout", ">= 1 - dropout"))  # fmt: skip
cell("> instead of >=", "dropout", (">= dropout", "> dropout"))
cell("p = 1 divides by zero", "dropout", ("if dropout == 1:", "if dropout > 1:"))
cell("p above 1 accepted", "dropout", ("if not 0 <= dropout <= 1:", "if not 0 <= dropout <= 2:"))
NOISE = {
    "pytorch": "torch.rand(X.shape, device=X.device)",
    "tensorflow": "tf.random.uniform(tf.shape(X))",
    "jax": "jax.random.uniform(key, X.shape)",
    "mxnet": "np.random.uniform(0, 1, X.shape)",
}
cell(
    "one mask for all steps", "dropout",
    pytorch=(NOISE["pytorch"], "torch.rand(X.shape, generator=torch.Generator().manual_seed(0))"),
    tensorflow=(NOISE["tensorflow"], "tf.random.stateless_uniform(tf.shape(X), (0, 0))"),
    jax=(NOISE["jax"], "jax.random.uniform(jax.random.PRNGKey(0), X.shape)"),
    mxnet=(NOISE["mxnet"], "np.array(__import__('numpy').random.RandomState(0).rand(*X.shape))"),
)  # fmt: skip
cell(
    "one mask for all examples of a batch", "dropout",
    **{f: (old, old.replace("tf.shape(X)", "X.shape[-1:]").replace("X.shape,", "X.shape[-1:],")
           .replace("X.shape)", "X.shape[-1:])")) for f, old in NOISE.items()},
)  # fmt: skip
cell(
    "mask on the wrong axis", "dropout",
    **{f: (old, old.replace("tf.shape(X)", "X.shape[:1] + (1,)")
           .replace("X.shape,", "X.shape[:1] + (1,),").replace("X.shape)", "X.shape[:1] + (1,))"))
       for f, old in NOISE.items()},
)  # fmt: skip
cell(
    "Gaussian noise instead of a mask", "dropout",
    pytorch=(SCALE, "torch.randn_like(X) * X + X"),
    tensorflow=(SCALE, "tf.random.normal(tf.shape(X)) * X + X"),
    jax=(SCALE, "jax.random.normal(key, X.shape) * X + X"),
    mxnet=(SCALE, "np.random.normal(0, 1, X.shape) * X + X"),
)  # fmt: skip

IF_TRAINING = {f: "if self.training:" for f in FRAMEWORKS} | {"mxnet": "if autograd.is_training():"}
KEY = {f: "" for f in FRAMEWORKS} | {"jax": ", self.make_rng('dropout')"}
CALL_1 = {f: f"dropout_layer(H1, self.dropout_1{KEY[f]})" for f in FRAMEWORKS}
CALL_2 = {f: f"dropout_layer(H2, self.dropout_2{KEY[f]})" for f in FRAMEWORKS}
ONES = {"pytorch": "torch", "tensorflow": "tf", "jax": "jnp", "mxnet": "np"}
cell("no dropout", "dropout", **{f: (old, "if False:") for f, old in IF_TRAINING.items()})
cell("dropout left on at evaluation, by the model", "dropout",
     **{f: (old, "if True:") for f, old in IF_TRAINING.items()})  # fmt: skip
cell("dropout in evaluation, none in training", "dropout",
     **{f: (old, old.replace("if ", "if not ")) for f, old in IF_TRAINING.items()})  # fmt: skip
cell("scaled in evaluation instead of in training", "dropout", **{
    f: [(SCALE, "mask * X"),
        ("return self.lin3(H2)", f"return self.lin3(H2 if {old[3:-1]} else H2 * 0.5)")]
    for f, old in IF_TRAINING.items()
})  # fmt: skip
cell(
    "dropout after the first layer only", "dropout", **{f: (old, "H2") for f, old in CALL_2.items()}
)
cell(
    "dropout after the second layer only",
    "dropout",
    **{f: (old, "H1") for f, old in CALL_1.items()},
)
cell("mask shared between layers", "dropout", **{f: [
    (CALL_1[f], f"H1 * (M := {CALL_1[f].replace('H1', ONES[f] + '.ones_like(H1)')})"),
    (CALL_2[f], "H2 * M"),
] for f in FRAMEWORKS})  # fmt: skip
cell("dropout twice", "dropout", **{
    f: (old, old.replace("H1,", old + ",")) for f, old in CALL_1.items()
})  # fmt: skip
UNEQUAL = [("'dropout_1': 0.5", "'dropout_1': 0.2")]
cell("p swapped between layers", "dropout", variant=UNEQUAL, **{f: [
    (CALL_1[f], CALL_1[f].replace("dropout_1", "dropout_2")),
    (CALL_2[f], CALL_2[f].replace("dropout_2", "dropout_1")),
] for f in FRAMEWORKS})  # fmt: skip
LAYERS = {
    "pytorch": ("nn.Dropout(dropout_1)", "nn.Dropout(dropout_2)"),
    "tensorflow": ("tf.keras.layers.Dropout(dropout_1)", "tf.keras.layers.Dropout(dropout_2)"),
    "jax": ("nn.Dropout(self.dropout_1,", "nn.Dropout(self.dropout_2,"),
    "mxnet": ("nn.Dropout(dropout_1)", "nn.Dropout(dropout_2)"),
}
cell("p swapped between the framework's layers", "dropout", variant=UNEQUAL, **{
    f: [(one, one.replace("_1", "_X")), (two, two.replace("_2", "_1")),
        (one.replace("_1", "_X"), two)] for f, (one, two) in LAYERS.items()
})  # fmt: skip
cell("keep probability given to the framework's layer", "dropout", variant=UNEQUAL, **{
    f: (one, one.replace("dropout_1", "1 - dropout_1").replace("self.1 - ", "1 - self."))
    for f, (one, _) in LAYERS.items()
})  # fmt: skip
cell("the framework's layer left out", "dropout",
     pytorch=(", nn.Dropout(dropout_2)", ""),
     tensorflow=("hidden_2, tf.keras.layers.Dropout(dropout_2),", "hidden_2,"),
     jax=("        X = nn.Dropout(self.dropout_2, deterministic=not self.training)(X)\n", ""),
     mxnet=("            nn.Dropout(dropout_2),\n", ""))  # fmt: skip
cell("the framework's layer before the first dense layer", "dropout",
     pytorch=("nn.Flatten(),", "nn.Flatten(), nn.Dropout(0.2),"),
     tensorflow=("tf.keras.layers.Flatten(),",
                 "tf.keras.layers.Flatten(), tf.keras.layers.Dropout(0.2),"),
     jax=("X = X.reshape((X.shape[0], -1))",
          "X = nn.Dropout(0.2, deterministic=not self.training)(X.reshape((X.shape[0], -1)))"),
     mxnet=("        self.net.add(\n", "        self.net.add(nn.Dropout(0.2),\n"))  # fmt: skip
cell("activation of the second layer dropped", "dropout",
     pytorch=("self.relu(self.lin2(H1))", "self.lin2(H1)"),
     tensorflow=("Dense(num_hiddens_2, activation='relu')", "Dense(num_hiddens_2)"),
     jax=("nn.relu(self.lin2(H1))", "self.lin2(H1)"),
     mxnet=("Dense(num_hiddens_2, activation='relu')", "Dense(num_hiddens_2)"))  # fmt: skip
cell("another activation", "dropout",
     pytorch=("nn.ReLU()", "nn.GELU()"),
     tensorflow=("activation='relu'", "activation='gelu'"),
     jax=("nn.relu(", "nn.gelu("),
     mxnet=("activation='relu'", "activation='softrelu'"))  # fmt: skip
cell("a layer without bias", "dropout",
     pytorch=("nn.LazyLinear(num_hiddens_2)", "nn.LazyLinear(num_hiddens_2, bias=False)"),
     tensorflow=("Dense(num_hiddens_2,", "Dense(num_hiddens_2, use_bias=False,"),
     jax=("nn.Dense(self.num_hiddens_2)", "nn.Dense(self.num_hiddens_2, use_bias=False)"),
     mxnet=("Dense(num_hiddens_2,", "Dense(num_hiddens_2, use_bias=False,"))  # fmt: skip
cell("other initial weights", "dropout",
     pytorch=("self.lin3 = nn.LazyLinear(num_outputs)",
              "self.lin3 = nn.Linear(num_hiddens_2, num_outputs)\n"
              "        nn.init.xavier_normal_(self.lin3.weight)"),
     tensorflow=("self.lin3 = tf.keras.layers.Dense(num_outputs)",
                 "self.lin3 = tf.keras.layers.Dense(num_outputs, kernel_initializer='he_normal')"),
     jax=("self.lin3 = nn.Dense(self.num_outputs)",
          "self.lin3 = nn.Dense(self.num_outputs, kernel_init=nn.initializers.he_normal())"),
     mxnet=("        self.initialize()", "        self.initialize(init='xavier')"))  # fmt: skip
cell("pixels of different images mixed", "dropout",
     pytorch=("X.reshape((X.shape[0], -1))", "X.reshape((-1, X.shape[0])).T"),
     tensorflow=("tf.reshape(X, (X.shape[0], -1))", "tf.transpose(tf.reshape(X, (-1, X.shape[0])))"),
     jax=("X.reshape((X.shape[0], -1))", "X.reshape((-1, X.shape[0])).T"),
     mxnet=("self.lin1(X)", "self.lin1(X.reshape((-1, X.shape[0])).T)"))  # fmt: skip
cell("255 hidden units", "dropout", ("'num_hiddens_2': 256", "'num_hiddens_2': 255"))
cell("hidden layers of 128 and 512 units", "dropout", (
    "'num_hiddens_1': 256, 'num_hiddens_2': 256", "'num_hiddens_1': 128, 'num_hiddens_2': 512",
))  # fmt: skip
cell("another p in the first layer", "dropout", ("'dropout_1': 0.5", "'dropout_1': 0.2"))
cell("another p in the second layer", "dropout", ("'dropout_2': 0.5", "'dropout_2': 0.51"))
cell("batches of 250", "dropout", ("batch_size=256", "batch_size=250"))
cell("fingerprint not seeded", "dropout", (
    "d2l.seed_everything(0)\nd2l.Trainer", "d2l.Trainer",
))  # fmt: skip
cell("another seed in the cell", "dropout", ("d2l.seed_everything(0)", "d2l.seed_everything(7)"))
cell("a wrong formula printed", "dropout", ("{p / (1 - p):.2f}", "{p * (1 - p):.2f}"))
cell("a typo in what is printed", "dropout", ("mean {", "maen {"))
cell("more digits printed", "dropout", (".mean():.2f}", ".mean():.3f}"))
cell("nan printed", "dropout", ("{draws.mean():.2f}", '{draws.mean() * float("nan"):.2f}'))
cell("standard deviation printed as variance", "dropout", ("{draws.var()", "{draws.std()"))

# Faults that only the cells with ten epochs of training can show.
cell("measured with dropout on", "dropout", whole=True,
     pytorch=('with dropout off."""\n    model.eval()', 'with dropout off."""\n    model.train()'),
     tensorflow=("training=False), y)", "training=True), y)"),
     mxnet=("batches = [(model(X), y)",
            "with autograd.train_mode():\n        batches = [(model(X), y)"))  # fmt: skip
cell(
    "runs with and without dropout of different seeds",
    "dropout",
    ("d2l.seed_everything(seed)", "d2l.seed_everything(seed + int(100 * dropout))"),
    whole=True,
)
cell(
    "gap of the wrong sign",
    "dropout",
    ("val_loss - train_loss", "train_loss - val_loss"),
    whole=True,
)
cell("training loss of the first epoch, not the last", "dropout",
     ("['train_loss'][-1]", "['train_loss'][0]"), whole=True)  # fmt: skip
cell("rows for p swapped", "dropout", ("p in (0.0, 0.5)}", "p in (0.5, 0.0)}"), whole=True)

# --- the preliminaries' cells and what a kernel may do --------------------------------------------

cell("fewer images shown", "preliminaries", ("nrows=2", "nrows=1"))
cell("two epochs instead of three", "preliminaries", ("max_epochs=3", "max_epochs=2"))
cell("another rate on the page", "preliminaries", ("lr=0.1", "lr=0.11"))
cell("training points taken for validation, too", "preliminaries", ("slice(0, 4)", "slice(0, 5)"))
cell("targets of another slope", "preliminaries", ("2 * self.X", "3 * self.X"))
cell("labels and guesses swapped", "preliminaries", ("'labels: '", "'guessed:'"))
cell(
    "an integer in a sentence changed",
    "preliminaries",
    ("onto {self.num_outputs}", "onto {self.num_outputs + 1}"),
)
cell("one column of the history left out", "preliminaries", (
    "in trainer.history.items()", "in list(trainer.history.items())[1:]",
))  # fmt: skip
FIRST_PRINT = "print(X.shape, X.dtype)"
cell("a line printed twice", "preliminaries", (FIRST_PRINT, f"{FIRST_PRINT}; {FIRST_PRINT}"))
cell("two lines in the other order", "preliminaries", (
    f"{FIRST_PRINT}\nprint(y.shape, y.dtype)", f"print(y.shape, y.dtype)\n{FIRST_PRINT}",
))  # fmt: skip
cell("printed to stderr", "preliminaries", (
    FIRST_PRINT, "import sys; print(X.shape, X.dtype, file=sys.stderr)",
))  # fmt: skip
cell("a warning in a cell", "preliminaries", (
    FIRST_PRINT, f"import warnings; warnings.warn('deprecated')\n{FIRST_PRINT}",
))  # fmt: skip
cell("a result hidden by a semicolon", "preliminaries", (
    "trainer.fit(model, data)", "trainer.fit(model, data);",
))  # fmt: skip
cell("outputs cleared", "preliminaries", (
    "print(y.shape, y.dtype)",
    "print(y.shape, y.dtype)\nfrom IPython.display import clear_output; clear_output()",
))  # fmt: skip
cell("an exception", "preliminaries", (FIRST_PRINT, f"{FIRST_PRINT}\nassert X is None"))
cell("an exception after all was printed", "preliminaries", (
    "print(y.shape, y.dtype)", "print(y.shape, y.dtype)\nraise SystemExit(1)",
))  # fmt: skip
cell("a bad line magic", "preliminaries", (FIRST_PRINT, f"%nosuchmagic\n{FIRST_PRINT}"))
cell("a bad cell magic", "preliminaries", (
    "d2l.seed_everything(0)", "%%nosuchmagic\nd2l.seed_everything(0)",
))  # fmt: skip
cell("a cell skipped by a comment", "preliminaries", (
    "X, y = next(iter(data.val_dataloader()))\nprint", "# NBVAL_SKIP\nX, y = next(iter(data.val_dataloader()))\nprint",
))  # fmt: skip
cell("an output ignored by a comment", "preliminaries", (
    FIRST_PRINT, f"# NBVAL_IGNORE_OUTPUT\n{FIRST_PRINT[:-1]}, 'changed')",
))  # fmt: skip
cell("a dying kernel", "preliminaries", (FIRST_PRINT, "import os; os._exit(1)"), timeout=20)
cell("a kernel killed by a signal", "preliminaries",
     (FIRST_PRINT, "import os; os.kill(os.getpid(), 9)"), timeout=20)  # fmt: skip
cell("a hanging cell", "preliminaries", (FIRST_PRINT, "import time; time.sleep(10**6)"), timeout=20)

# --- stored notebooks -----------------------------------------------------------------------------


def _code(notebook: dict) -> list[dict]:
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def _with(notebook: dict, text: str) -> dict:
    """The code cell that has this text."""
    return next(cell for cell in _code(notebook) if text in "".join(cell["source"]))


def _printed(cell: dict, old: str, new: str) -> None:
    """Change a cell's stored text."""
    for output in cell["outputs"]:
        text = "".join(output.get("text", []))
        if old in text:
            output["text"] = text.replace(old, new, 1)
            return
    raise AssertionError(f"{old!r} is not in the cell's output")


def _figure(notebook: dict) -> dict:
    """The data of the output that is the training curve."""
    outputs = _with(notebook, "trainer.fit(")["outputs"]
    return next(output["data"] for output in outputs if "image/svg+xml" in output.get("data", {}))


SERIES = "application/vnd.d2lcompat.series+json"


@stored("a cell edited")
def _(notebook):
    _with(notebook, "trainer.fit(")["source"] = "trainer = d2l.Trainer(3)\ntrainer.fit(model, data)"


@stored("a comment added to a cell")
def _(notebook):
    cell = _with(notebook, "def describe")
    cell["source"] = "".join(cell["source"]) + "  # edited here only"


@stored("a cell moved")
def _(notebook):
    cells = notebook["cells"]
    one, other = (cells.index(_with(notebook, text)) for text in ("class Points", "def describe"))
    cells[one], cells[other] = cells[other], cells[one]


@stored("a code cell deleted")
def _(notebook):
    notebook["cells"].remove(_with(notebook, "guesses"))


@stored("a code cell added")
def _(notebook):
    notebook["cells"].insert(3, dict(_code(notebook)[1], id="added", source="x = 1", outputs=[]))


@stored("a code cell stored twice")
def _(notebook):
    cell = _with(notebook, "class Points")
    notebook["cells"].insert(notebook["cells"].index(cell), dict(cell, id="twice"))


@stored("a cell's outputs stripped")
def _(notebook):
    _with(notebook, "print(X.shape")["outputs"] = []


@stored("a cell stripped of outputs and count")
def _(notebook):
    _with(notebook, "print(X.shape").update(outputs=[], execution_count=None)


@stored("the whole notebook stripped")
def _(notebook):
    for cell in _code(notebook):
        cell.update(outputs=[], execution_count=None)


@stored("a code cell emptied")
def _(notebook):
    _with(notebook, "print(X.shape")["source"] = ""


@stored("an execution count removed")
def _(notebook):
    _with(notebook, "print(X.shape")["execution_count"] = None


@stored("execution counts out of order")
def _(notebook):
    one, other = _code(notebook)[3:5]
    one["execution_count"], other["execution_count"] = (
        other["execution_count"],
        one["execution_count"],
    )


@stored("an output added")
def _(notebook):
    cell = _with(notebook, "d2l.seed_everything(0)")
    cell["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "once there\n"}]


@stored("a warning turned silent")
def _(notebook):
    cell = _with(notebook, "print(X.shape")
    text = "UserWarning: once there\n"
    cell["outputs"].append({"output_type": "stream", "name": "stderr", "text": text})


@stored("an error stored")
def _(notebook):
    error = {"output_type": "error", "ename": "ValueError", "evalue": "x", "traceback": []}
    _with(notebook, "print(X.shape")["outputs"].append(error)


@stored("outputs of two cells swapped")
def _(notebook):
    one, other = _with(notebook, "print(X.shape"), _with(notebook, "class Points")
    one["outputs"], other["outputs"] = other["outputs"], one["outputs"]


@stored("outputs of a cell in another order")
def _(notebook):
    _with(notebook, "trainer.fit(")["outputs"].reverse()


@stored("an integer in an output changed")
def _(notebook):
    _printed(_with(notebook, "training batches"), "235", "236")


@stored("a word in an output changed")
def _(notebook):
    _printed(_with(notebook, "training batches"), "training", "learning")


@stored("the fifth digit of a loss changed")
def _(notebook):
    cell = _with(notebook, "fingerprint(")
    first = "".join(cell["outputs"][0]["text"]).split()[6]
    _printed(cell, first, f"{float(first) + 2e-4:.6f}")


@stored("a figure's data removed")
def _(notebook):
    del _figure(notebook)[SERIES]


@stored("a figure's data changed")
def _(notebook):
    line = _figure(notebook)[SERIES]["axes"][0]["lines"][0]
    line["y"] = [1.5 * y for y in line["y"]]


@stored("a figure's picture removed")
def _(notebook):
    del _figure(notebook)["image/svg+xml"]


@stored("a figure's picture replaced by another")
def _(notebook):
    _figure(notebook)["image/svg+xml"] = "<svg xmlns='http://www.w3.org/2000/svg'></svg>"


@stored("a figure's description changed")
def _(notebook):
    _figure(notebook)["text/plain"] = "Another curve."


@stored("a paragraph edited")
def _(notebook):
    cell = next(cell for cell in notebook["cells"] if cell["cell_type"] == "markdown")
    cell["source"] = "".join(cell["source"]) + " Edited."


@stored("a paragraph deleted")
def _(notebook):
    notebook["cells"].remove(
        next(cell for cell in notebook["cells"] if cell["cell_type"] == "markdown")
    )


@stored("a code cell made raw")
def _(notebook):
    cell = _with(notebook, "def describe")
    cell["cell_type"] = "raw"
    del cell["outputs"], cell["execution_count"]


@stored("a tolerance widened")
def _(notebook):
    tags = _with(notebook, "trainer.fit(")["metadata"]["tags"]
    tags[tags.index("rtol=0.05")] = "rtol=10"


@stored("a cell skipped by a tag")
def _(notebook):
    _with(notebook, "print(X.shape")["metadata"]["tags"].append("nbval-skip")


@stored("an output ignored by a tag")
def _(notebook):
    _with(notebook, "print(X.shape")["metadata"]["tags"].append("nbval-ignore-output")


@stored("an exception expected by a tag")
def _(notebook):
    _with(notebook, "print(X.shape")["metadata"]["tags"].append("raises-exception")


@stored("a cell's id changed")
def _(notebook):
    _code(notebook)[2]["id"] = "another"


@stored("another framework recorded")
def _(notebook):
    notebook["metadata"]["d2lcompat"]["framework"] = "numpy"


@stored("another seed recorded")
def _(notebook):
    notebook["metadata"]["d2lcompat"]["seed"] += 1


@stored("another version recorded", told="numpy 1.0.0 recorded")
def _(notebook):
    versions = notebook["metadata"]["d2lcompat"]["versions"]
    versions["numpy"] = "1.0.0"


@stored("another kernel recorded")
def _(notebook):
    notebook["metadata"]["kernelspec"] = {"name": "ir", "display_name": "R", "language": "R"}


@stored("the record of its making removed")
def _(notebook):
    del notebook["metadata"]["d2lcompat"]


@stored("the notebook cut off", kind="file")
def _(path: Path):
    path.write_text(path.read_text()[: path.stat().st_size // 2])


@stored("the notebook of an earlier page state", kind="stored")
def _(notebook):
    cells = notebook["cells"]
    del cells[cells.index(_with(notebook, "fingerprint(")) :]


# --- environment ----------------------------------------------------------------------------------


def _data_folder(folder: Path) -> Path:
    """A copy of the data files that may be changed."""
    copy = folder / "data"
    there = os.environ.get("D2LCOMPAT_DATA") or pooch.os_cache("d2lcompat") / "fashion-mnist"
    shutil.copytree(there, copy)
    return copy


@stored("labels in the data files off by one", kind="environment")
def _(folder: Path):
    data = _data_folder(folder)
    path = data / "train-labels-idx1-ubyte.gz"
    raw = gzip.decompress(path.read_bytes())
    path.write_bytes(gzip.compress(raw[:8] + bytes((b + 1) % 10 for b in raw[8:]), mtime=0))
    return {"D2LCOMPAT_DATA": str(data)}


@stored("a data file cut off", kind="environment")
def _(folder: Path):
    data = _data_folder(folder)
    path = data / "t10k-images-idx3-ubyte.gz"
    path.write_bytes(path.read_bytes()[:-1000])
    return {"D2LCOMPAT_DATA": str(data)}


def _at_start(folder: Path, code: str) -> dict[str, str]:
    """Python runs a file of this name, if it finds one, when it starts."""
    (folder / "sitecustomize.py").write_text(code)
    return {"PYTHONPATH": str(folder)}


@stored("the framework not installed", kind="environment")
def _(folder: Path):
    return _at_start(
        folder,
        "import sys\nfor name in ('torch', 'tensorflow', 'jax', 'mxnet'):\n"
        "    sys.modules[name] = None\n",
    )


@stored("another NumPy, that permutes in another way", kind="environment")
def _(folder: Path):
    return _at_start(
        folder,
        "from numpy import random\n"
        "def default_rng(seed=None):\n"
        "    made = isinstance(seed, random.Generator)\n"
        "    return seed if made else random.Generator(random.PCG64DXSM(seed))\n"
        "random.default_rng = default_rng\n",
    )


@stored("a deprecated function that warns", kind="environment")
def _(folder: Path):
    return _at_start(
        folder,
        "import numpy, warnings\nold = numpy.expand_dims\n"
        "def expand_dims(*args, **kwargs):\n    warnings.warn('deprecated', stacklevel=1)\n"
        "    return old(*args, **kwargs)\nnumpy.expand_dims = expand_dims\n",
    )


#: Faults that the check is known to miss, and why. One that is found after all has to go from here.
MISSES: dict[str, str] = {
    "> instead of >=": "differs where a draw is exactly p, which is one in millions: none of the"
    " page's first twenty steps has one that counts",
    "more digits printed": "a number is compared by its value, not by how it is printed",
    "drawn validation loss as the mean of batch means": "moves the curve by less than its band of"
    " 5 %; the history beside it is compared in the fingerprint",
    "a figure's picture replaced by another": "pictures change with a machine's fonts, so their"
    " data is compared in their stead",
}
