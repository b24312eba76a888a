"""Faults in the code of the page on attention, embeddings and recurrent networks."""

# ruff: noqa: E501  (patches are easier to compare with the code in one line)

from faults import FRAMEWORKS, cell

PAGE = "sequences"

# --- masks ----------------------------------------------------------------------------------------

SCALE = "return X * mask / (1 - p)"
cell("sequences: multiplied by 1 - p", PAGE, (SCALE, "return X * mask * (1 - p)"))
cell("sequences: survivors not scaled", PAGE, (SCALE, "return X * mask"))
cell("sequences: scaled twice", PAGE, (SCALE, "return X * mask / (1 - p) ** 2"))
NOISE = {
    "pytorch": "torch.rand(shape)",
    "tensorflow": "tf.random.uniform(shape)",
    "jax": "jax.random.uniform(key, shape)",
    "mxnet": "np.random.uniform(0, 1, shape)",
}
cell("sequences: keep probability taken for drop probability", PAGE, **{
    f: (f"{noise} >= p", f"{noise} < p") for f, noise in NOISE.items()
})  # fmt: skip
DRAW = {
    "pytorch": "keep_mask(X.shape, p)",
    "tensorflow": "keep_mask(tf.shape(X), p)",
    "jax": "keep_mask(X.shape, p, key)",
    "mxnet": "keep_mask(X.shape, p)",
}
cell("sequences: a given mask is not used", PAGE, **{
    f: (f"    if mask is None:\n        mask = {draw}\n", f"    if True:\n        mask = {draw if f != 'jax' else draw.replace('key', 'd2l.get_key()')}\n")
    for f, draw in DRAW.items()
})  # fmt: skip
cell("sequences: one mask for the whole batch", PAGE, **{
    f: (f"        mask = {draw}\n", f"        mask = {draw}[:1]\n") for f, draw in DRAW.items()
})  # fmt: skip
cell("sequences: a rate above 1 accepted", PAGE, ("if not 0 <= p <= 1:", "if not 0 <= p <= 2:"))
cell("sequences: an empty batch accepted", PAGE, (" or 0 in X.shape:", ":"))
cell("sequences: states of other shapes accepted", PAGE, (
    "if len(set(map(tuple, shapes))) > 1:", "if len(set(map(tuple, shapes))) > 2:",
))  # fmt: skip
cell(
    "sequences: integers accepted", PAGE,
    pytorch=("if not X.is_floating_point():", "if False:"),
    tensorflow=("if not X.dtype.is_floating:", "if False:"),
    jax=("if not jnp.issubdtype(X.dtype, jnp.floating):", "if False:"),
    mxnet=("if X.dtype not in (np.float16, np.float32, np.float64):", "if False:"),
)  # fmt: skip

# --- attention ------------------------------------------------------------------------------------

WEIGHTS = "drop(attention_weights(Q, K), p, mask)"
DROPPED = dict.fromkeys(FRAMEWORKS, WEIGHTS) | {"jax": WEIGHTS.replace("mask)", "mask, key)")}
cell("sequences: attention renormalised", PAGE, **{
    f: (f"return {old}" if f in ("pytorch", "jax") else f"matmul({old}", f"return renormalise({old})" if f in ("pytorch", "jax") else f"matmul(renormalise({old})")
    for f, old in DROPPED.items()
})  # fmt: skip
SHAPES = {
    "whole rows of attention dropped": "(*Q.shape[:2], 1)",
    "a key dropped for all queries": "(Q.shape[0], 1, K.shape[1])",
    "one attention mask for the batch": "(1, Q.shape[1], K.shape[1])",
}
for what, shape in SHAPES.items():
    cell(f"sequences: {what}", PAGE, **{
        f: (old, old.replace("mask", f"mask if mask is not None else keep_mask({shape}, p{', key' if f == 'jax' else ''})" if f != "jax" else f"mask if mask is not None or not p else keep_mask({shape}, p, key)"))
        for f, old in DROPPED.items()
    })  # fmt: skip
cell("sequences: scores not divided by the root of the width", PAGE, (
    " / math.sqrt(Q.shape[2])", "",
))  # fmt: skip
cell("sequences: scores divided by the width", PAGE, ("math.sqrt(Q.shape[2])", "Q.shape[2]"))
cell("sequences: probabilities of masks swapped", PAGE, (
    "(1 - p) ** kept * p ** (n - kept)", "p ** kept * (1 - p) ** (n - kept)",
))  # fmt: skip
cell(
    "sequences: a lost row divided by zero", PAGE,
    pytorch=("A / torch.where(total > 0, total, 1.0)", "A / total"),
    tensorflow=("A / tf.where(total > 0, total, 1.0)", "A / total"),
    jax=("A / jnp.where(total > 0, total, 1.0)", "A / total"),
    mxnet=("A / np.where(total > 0, total, np.ones_like(total))", "A / total"),
)  # fmt: skip

# --- the block ------------------------------------------------------------------------------------

cell(
    "sequences: hidden units not dropped", PAGE, ("on * self.feed_forward", "0 * self.feed_forward")
)
cell(
    "sequences: attention weights not dropped", PAGE, ("on * self.attention", "0 * self.attention")
)
cell("sequences: rate of attention for hidden units", PAGE, (
    "on * self.feed_forward", "on * self.attention",
))  # fmt: skip
cell("sequences: block drops in evaluation", PAGE, **{
    f: (on, "1.0") for f, on in {
        "pytorch": "float(self.training)", "tensorflow": "float(bool(training))",
        "jax": "float(self.training)", "mxnet": "float(autograd.is_training())",
    }.items()
})  # fmt: skip
cell("sequences: dropped after the residual sum", PAGE, **{
    f: ("        X = self.norm_1(X + Y)", f"        X = drop(self.norm_1(X + Y), on * self.residual{', None, key()' if f == 'jax' else ''})")
    for f in FRAMEWORKS
})  # fmt: skip
cell("sequences: no residual around attention", PAGE, ("self.norm_1(X + Y)", "self.norm_1(Y)"))

# --- embeddings -----------------------------------------------------------------------------------

cell(
    "sequences: types and positions swapped",
    PAGE,
    ("if by == 'type' else mask", "if by != 'type' else mask"),
)
ROWS = {
    "pytorch": "keep_mask(shapes[by], p)", "tensorflow": "keep_mask(shapes[by], p)",
    "jax": "keep_mask(shapes[by], p, key)", "mxnet": "keep_mask(shapes[by], p)",
}  # fmt: skip
LIKE = {"pytorch": "torch.ones(shapes[by])", "tensorflow": "tf.ones(shapes[by])"}
LIKE |= {"jax": "jnp.ones(shapes[by])", "mxnet": "np.ones(shapes[by])"}
cell("sequences: all sequences miss the same words", PAGE, **{
    f: (f"mask = {rows}", f"mask = {rows}[:1] * {LIKE[f]}") for f, rows in ROWS.items()
})  # fmt: skip
cell("sequences: features of a word dropped one by one", PAGE, **{
    f: (", p, kept[:, :, None])", f", p{', None, key' if f == 'jax' else ''})") for f in FRAMEWORKS
})  # fmt: skip

# --- memory and zoneout ---------------------------------------------------------------------------

STEPS = "(steps if every_step else 1, *shape)"
cell("sequences: new masks where one was asked for", PAGE, (STEPS, "(steps, *shape)"))
cell("sequences: one mask where new ones were asked for", PAGE, (STEPS, "(1, *shape)"))
cell(
    "sequences: new masks and one mask swapped",
    PAGE,
    ("steps if every_step else 1", "1 if every_step else steps"),
)
OLD = "return mask * new + (1 - mask) * old"
MEAN = "return (1 - p) * new + p * old"
cell(
    "sequences: zoneout takes the old state for the new",
    PAGE,
    (OLD, "return mask * old + (1 - mask) * new"),
)
cell("sequences: zoneout of zeros", PAGE, (OLD, "return mask * new"))
cell(
    "sequences: zoneout divided by 1 - p",
    PAGE,
    (OLD, "return mask * new / (1 - p) + (1 - mask) * old"),
)
cell("sequences: zoneout evaluates to the new state", PAGE, (MEAN, "return new"))
cell(
    "sequences: zoneout evaluates to swapped shares", PAGE, (MEAN, "return p * new + (1 - p) * old")
)
cell(
    "sequences: zoneout in evaluation, too",
    PAGE,
    (
        "    if not training:\n        return (1 - p)",
        "    if training is None:\n        return (1 - p)",
    ),
)

# --- the reader -----------------------------------------------------------------------------------

SEEN = "seen = drop(old, rate, mask) if place == 'weights' else old"
cell(
    "sequences: memory dropped with what the weights see",
    PAGE,
    (SEEN, SEEN.replace("seen =", "seen = old =")),
)
cell("sequences: nothing dropped in the reader", PAGE, (SEEN, "seen = old"))
RATE = {"pytorch": "rate = p if training else 0", "mxnet": "rate = p if training else 0"}
RATE |= dict.fromkeys(("tensorflow", "jax"), "rate, shape = p if training else 0,")
cell("sequences: the reader drops in evaluation", PAGE, **{
    f: (old, old.replace(" if training else 0", "")) for f, old in RATE.items()
})  # fmt: skip
cell("sequences: the gate opens at the start", PAGE, ("(g - 1)", "(g + 1)"))
cell("sequences: new masks for the reader", PAGE, ("'every_step': False", "'every_step': True"))
cell("sequences: another rate for the reader", PAGE, ("'p': 0.25", "'p': 0.26"))
cell("sequences: columns read instead of rows", PAGE, pytorch=(
    ".transpose(0, 1))", ".permute(2, 0, 1))",
), tensorflow=("(1, 0, 2)", "(2, 0, 1)"), jax=(
    "X.reshape(-1, 28, 28).swapaxes(0, 1)", "X.reshape(-1, 28, 28).transpose(2, 0, 1)",
), mxnet=("X.reshape(-1, 28, 28).swapaxes(0, 1)", "X.reshape(-1, 28, 28).transpose(2, 0, 1)"))  # fmt: skip
