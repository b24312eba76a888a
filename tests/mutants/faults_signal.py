"""Faults in the code of the page on expectation, variance and gradient."""

# ruff: noqa: E501  (patches are easier to compare with the code in one line)

from faults import FRAMEWORKS, cell

PAGE = "signal"

# --- scales and masks -----------------------------------------------------------------------------

SCALE = "(1 / (1 - p) if p < 1 else 0.0), 1.0"
cell("signal: divided by p", PAGE, (SCALE, "(1 / p if p > 0 else 0.0), 1.0"))
cell("signal: multiplied by 1 - p", PAGE, (SCALE, "1.0 - p, 1.0"))
cell("signal: survivors not scaled", PAGE, (SCALE, "1.0, 1.0"))
cell("signal: divided by the root of 1 - p", PAGE, (SCALE, "(1 - p) ** -0.5, 1.0"))
cell("signal: scaled in evaluation too", PAGE, (SCALE, "1 / (1 - p), 1.0 - p"))
cell("signal: test scaling not applied", PAGE, ("return 1.0, 1.0 - p", "return 1.0, 1.0"))
cell("signal: test scaling in training", PAGE, ("return 1.0, 1.0 - p", "return 1.0 - p, 1.0"))
cell("signal: any rate accepted", PAGE, ("if not 0 <= p <= 1:", "if not 0 <= p <= 2:"))
cell("signal: any mask accepted", PAGE, ("if mask is not None and tuple", "if False and tuple"))

NOISE = {
    "pytorch": "torch.rand(shape)",
    "tensorflow": "tf.random.uniform(shape)",
    "jax": "jax.random.uniform(key, shape)",
    "mxnet": "np.random.uniform(0, 1, shape)",
}
cell("signal: keep probability taken for drop probability", PAGE, **{
    f: (f"{noise} >= p", f"{noise} < p") for f, noise in NOISE.items()
})  # fmt: skip
cell("signal: one mask for all rows", PAGE, **{
    f: (noise, noise.replace("shape)", "shape[-1:])")) for f, noise in NOISE.items()
})  # fmt: skip
cell("signal: one mask for all units of a row", PAGE, **{
    f: (noise, noise.replace("shape)", "(*shape[:-1], 1) if len(shape) > 1 else shape)"))
    for f, noise in NOISE.items()
})  # fmt: skip
cell(
    "signal: the same mask at each call", PAGE,
    pytorch=(NOISE["pytorch"], "torch.rand(shape, generator=torch.Generator().manual_seed(0))"),
    tensorflow=(NOISE["tensorflow"], "tf.random.stateless_uniform(shape, (0, 0))"),
    jax=(NOISE["jax"], "jax.random.uniform(jax.random.PRNGKey(0), shape)"),
    mxnet=(NOISE["mxnet"], "np.array(numpy.random.RandomState(0).rand(*shape))"),
)  # fmt: skip
cell("signal: a given mask is not used", PAGE, **{
    f: [("    if mask is None:\n", "    if True:\n")] for f in ("pytorch", "tensorflow", "mxnet")
}, jax=("    if mask is None:\n        if key is None:\n            raise ValueError('expected a mask or a key, received neither')\n",
        "    if True:\n        key = d2l.get_key()\n"))  # fmt: skip

# --- the backward pass and its check --------------------------------------------------------------

BACKWARD = "mask * grad * scales(p, scaling)[0]"
cell("signal: gradient without the mask", PAGE, (BACKWARD, "grad * scales(p, scaling)[0]"))
cell("signal: gradient without the scale", PAGE, (BACKWARD, "mask * grad"))
cell("signal: gradient scaled twice", PAGE, (BACKWARD, "mask * grad * scales(p, scaling)[0] ** 2"))
cell("signal: gradient of evaluation", PAGE, (BACKWARD, "mask * grad * scales(p, scaling)[1]"))
cell("signal: one-sided differences", PAGE, (
    "(loss(x + shift) - loss(x - shift)) / (2 * step)", "(loss(x + shift) - loss(x)) / step",
))  # fmt: skip
cell("signal: shifts add up", PAGE, ("        shift[place] = 0\n", ""))
cell("signal: gradient checked with new masks", PAGE, (
    "central_differences(lambda x: loss_of(x, p, mask)[0], x)",
    "central_differences(\n    lambda x: loss_of(x, p, (rng.random(x.shape) >= p) * 1.0)[0], x)",
))  # fmt: skip

# --- the layer and the model ----------------------------------------------------------------------

IF_TRAINING = {
    "pytorch": "if self.training:",
    "tensorflow": "if training:\n            return dropout(",
    "mxnet": "if autograd.is_training():",
}
cell("signal: layer drops in evaluation", PAGE, **{
    f: (old, old.replace("if self.training", "if True").replace("if training", "if True")
        .replace("if autograd.is_training()", "if True")) for f, old in IF_TRAINING.items()
}, jax=("        if self.deterministic:\n            return x * scales(self.p, self.scaling)[1]\n"
        "        key = self.make_rng('dropout') if keep is None else None",
        "        key = d2l.get_key() if keep is None else None"))  # fmt: skip
cell("signal: layer never drops", PAGE, **{
    f: (old, old.replace("if self.training", "if False").replace("if training", "if False")
        .replace("if autograd.is_training()", "if False")) for f, old in IF_TRAINING.items()
}, jax=("if self.deterministic:", "if True:"))  # fmt: skip
cell("signal: layer forgets its scaling", PAGE, **{
    f: ("dropout(x, self.p, keep, self.scaling", "dropout(x, self.p, keep, 'train'") for f in FRAMEWORKS
})  # fmt: skip
cell("signal: layer takes p for the probability to keep", PAGE, **{
    f: ("dropout(x, self.p, keep,", "dropout(x, 1 - self.p, keep,") for f in FRAMEWORKS
})  # fmt: skip
cell(
    "signal: a dropout layer left out of the model", PAGE,
    pytorch=(", DropoutLayer(p, scaling),\n            nn.LazyLinear(num_outputs)",
             ",\n            nn.LazyLinear(num_outputs)"),
    tensorflow=("DropoutLayer(p, scaling),\n            tf.keras.layers.Dense(num_outputs)",
                "tf.keras.layers.Dense(num_outputs)"),
    jax=("H = DropoutLayer(self.p, self.scaling, not self.training)(H)",
         "H = DropoutLayer(self.p * (_ == 0), self.scaling, not self.training)(H)"),
    mxnet=("DropoutLayer(p, scaling),\n            nn.Dense(num_outputs)", "nn.Dense(num_outputs)"),
)  # fmt: skip

# --- formulas beside measurements -----------------------------------------------------------------

cell("signal: variance of unscaled dropout printed", PAGE, (
    "cov = p / (1 - p) * exact", "cov = p * (1 - p) * exact"))  # fmt: skip
cell("signal: standard error of unscaled dropout printed", PAGE, (
    "error = (p / (1 - p) / n) ** 0.5", "error = (p * (1 - p) / n) ** 0.5"))  # fmt: skip

# --- depth ----------------------------------------------------------------------------------------

cell("signal: weights without their gain", PAGE, ("(gain / width) ** 0.5", "(1 / width) ** 0.5"))
cell(
    "signal: stack drops in evaluation",
    PAGE,
    (
        "        if training:\n            h = dropout(",
        "        if True:\n            h = dropout(",
    ),
)
cell("signal: stack without ReLU", PAGE, **{
    f: (" if relu else ", " if False else ") for f in FRAMEWORKS
})  # fmt: skip
cell("signal: stack scaled once only", PAGE, **{
    f: ("h = dropout(h, p, scaling=scaling", "h = dropout(h, p, scaling=scaling if len(outputs) < 2 else 'none'")
    for f in FRAMEWORKS
})  # fmt: skip

# --- the linear regression ------------------------------------------------------------------------

SQUARES = {f: "(X ** 2).sum(axis=0)" for f in FRAMEWORKS} | {
    "tensorflow": "tf.reduce_sum(X ** 2, axis=0)"
}
cell("signal: penalty of unscaled dropout", PAGE, **{
    f: (f"p / (1 - p) * {old}", f"p * (1 - p) * {old}") for f, old in SQUARES.items()
})  # fmt: skip
cell("signal: penalty of mean squares", PAGE, **{
    f: (old, old.replace("sum(", "mean(")) for f, old in SQUARES.items()
})  # fmt: skip
cell("signal: penalty of sums, not of squares", PAGE, **{
    f: (old, old.replace("X ** 2", "X")) for f, old in SQUARES.items()
})  # fmt: skip
DROPPED = {f: "dropped_errors(X, y, w, p).mean()" for f in ("pytorch", "mxnet")} | {
    "tensorflow": "tf.reduce_mean(dropped_errors(X, y, w, p))",
    "jax": "dropped_errors(X, y, w, p, key).mean()",
}
cell("signal: regression trained without dropout", PAGE, **{
    f: (old, old.replace("w, p", "w, 0.0")) for f, old in DROPPED.items()
})  # fmt: skip
cell("signal: outputs dropped, not inputs", PAGE,
     pytorch=("(y - dropout(X, p) @ w)", "(y - dropout(X @ w, p))"),
     tensorflow=("(y - tf.linalg.matvec(dropout(X, p), w))", "(y - dropout(tf.linalg.matvec(X, w), p))"),
     jax=("(y - dropout(X, p, key=key) @ w)", "(y - dropout(X @ w, p, key=key))"),
     mxnet=("(y - np.dot(dropout(X, p), w))", "(y - dropout(np.dot(X, w), p))"))  # fmt: skip
