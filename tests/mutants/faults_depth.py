"""Faults in the code of the page on stochastic depth."""

# ruff: noqa: E501  (patches are easier to compare with the code in one line)

from faults import FRAMEWORKS, cell

PAGE = "depth"

# --- coins and the branch -------------------------------------------------------------------------

cell("Depth: survival taken for a rate to drop", PAGE, ("coins < survival", "coins >= survival"))
cell("Depth: one coin, always", PAGE, **{
    f: ("n if mode == 'row' else 1", "1 if mode == 'row' else 1") for f in FRAMEWORKS
})  # fmt: skip
cell("Depth: a coin per sample, always", PAGE, ("n if mode == 'row' else 1", "n"))
cell("Depth: not scaled", PAGE, ("factor = 1 / survival if scaled", "factor = 1.0 if scaled"))
cell(
    "Depth: scaled in both forms",
    PAGE,
    ("1 / survival if scaled and survival > 0", "1 / survival if survival > 0"),
)
cell("Depth: divided by the rate to drop", PAGE, (
    "1 / survival if scaled and survival > 0", "1 / (1 - survival) if scaled and survival < 1",
))  # fmt: skip
cell("Depth: multiplied by the survival", PAGE, (
    "factor = 1 / survival if scaled", "factor = survival if scaled",
))  # fmt: skip
cell("Depth: mask on the last axis", PAGE, **{
    f: [("if mask is not None and tuple(mask.shape) != shape", "if False"),
        (shape, f"shape = (1,) * ({rank} - 1) + (-1,)")]
    for f in FRAMEWORKS
    for rank in ("len(F.shape)" if f == "tensorflow" else "F.ndim",)
    for shape in (f"shape = (-1,) + (1,) * ({rank} - 1)",)
})  # fmt: skip
cell("Depth: given mask ignored", PAGE, pytorch=(
    "    if mask is None:\n        mask = draw_mask(len(F), survival, mode)",
    "    if True:\n        mask = draw_mask(len(F), survival, mode)",
), tensorflow=(
    "    if mask is None:\n        mask = draw_mask(F.shape[0], survival, mode)",
    "    if True:\n        mask = draw_mask(F.shape[0], survival, mode)",
), jax=(
    "    if mask is None:\n        mask = draw_mask(len(F), survival, mode, key)",
    "    if True:\n        mask = draw_mask(len(F), survival, mode, jax.random.PRNGKey(0))",
), mxnet=(
    "    if mask is None:\n        mask = draw_mask(len(F), survival, mode)",
    "    if True:\n        mask = draw_mask(len(F), survival, mode)",
))  # fmt: skip
COINS = {
    "pytorch": "torch.rand(n if mode == 'row' else 1)",
    "tensorflow": "tf.random.uniform((n if mode == 'row' else 1,))",
    "jax": "jax.random.uniform(key, (n if mode == 'row' else 1,))",
    "mxnet": "np.random.uniform(0, 1, (n if mode == 'row' else 1,))",
}
cell(
    "Depth: the same coins for every block and step", PAGE,
    pytorch=(COINS["pytorch"], "torch.rand(n if mode == 'row' else 1, generator=torch.Generator().manual_seed(0))"),
    tensorflow=(COINS["tensorflow"], "tf.random.stateless_uniform((n if mode == 'row' else 1,), (0, 0))"),
    jax=(COINS["jax"], "jax.random.uniform(jax.random.PRNGKey(0), (n if mode == 'row' else 1,))"),
    mxnet=(COINS["mxnet"], "np.array(numpy.random.RandomState(0).rand(n if mode == 'row' else 1))"),
)  # fmt: skip
cell(
    "Depth: any survival accepted",
    PAGE,
    ("if not 0 <= survival <= 1:", "if not 0 <= survival <= 2:"),
)
cell("Depth: empty batch accepted", PAGE, ("if F.shape[0] == 0:", "if F.shape[0] == -1:"))
cell("Depth: integers accepted", PAGE, ("if 'float' not in str(F.dtype):", "if False:"))
cell("Depth: scalar accepted", PAGE, ("if len(F.shape) == 0:", "if len(F.shape) == -1:"))
cell(
    "Depth: any mask accepted",
    PAGE,
    ("if mask is not None and tuple(mask.shape) != shape", "if False"),
)

# --- the block ------------------------------------------------------------------------------------

cell("Depth: no shortcut", PAGE, (
    "return H + drop_path(branch(H)", "return drop_path(branch(H)",
))  # fmt: skip
cell("Depth: evaluation scaled in both forms", PAGE, (
    "(1.0 if scaled else survival) * branch(H)", "survival * branch(H)",
))  # fmt: skip
cell("Depth: evaluation scaled in neither form", PAGE, (
    "(1.0 if scaled else survival) * branch(H)", "branch(H)",
))  # fmt: skip
cell("Depth: forms swapped in evaluation", PAGE, (
    "(1.0 if scaled else survival) * branch(H)", "(survival if scaled else 1.0) * branch(H)",
))  # fmt: skip
cell("Depth: dropped in evaluation", PAGE, ("    if not training:", "    if False:"))
cell("Depth: never dropped", PAGE, ("    if not training:", "    if True:"))
cell("Depth: nothing skipped", PAGE, ("    if mode == 'batch'", "    if mode == 'none'"))
cell(
    "Depth: skipped when it should run", PAGE,
    pytorch=("mask[0] == 0:", "mask[0] == 1:"), mxnet=("mask[0] == 0:", "mask[0] == 1:"),
    tensorflow=("tf.cond(mask[0] > 0", "tf.cond(mask[0] < 1"),
    jax=("jax.lax.cond(mask[0] > 0", "jax.lax.cond(mask[0] < 1"),
)  # fmt: skip
cell("Depth: dropped block gives zeros", PAGE,
     pytorch=("        return H\n    return H + drop", "        return 0 * H\n    return H + drop"),
     tensorflow=("block, lambda: H)", "block, lambda: 0 * H)"),
     jax=("block, lambda H: H, H)", "block, lambda H: 0 * H, H)"),
     mxnet=("        return H\n    return H + drop", "        return 0 * H\n    return H + drop"))  # fmt: skip

# --- schedules ------------------------------------------------------------------------------------

cell(
    "Depth: blocks counted from zero",
    PAGE,
    ("for block in range(1, num_blocks + 1)]", "for block in range(num_blocks)]"),
)
cell("Depth: survival grows with depth", PAGE, (
    "[1 - block / num_blocks * (1 - last)", "[last + block / num_blocks * (1 - last)",
))  # fmt: skip
cell("Depth: every block like the last", PAGE, ("[1 - block / num_blocks * (1 - last)", "[last"))
cell("Depth: no blocks accepted", PAGE, ("    if num_blocks < 1:", "    if num_blocks < -1:"))
cell("Depth: binomial of the mean", PAGE, (
    "for p in survivals:\n        stay", "for p in [sum(survivals) / len(survivals)] * len(survivals):\n        stay",
))  # fmt: skip
cell(
    "Depth: stay and grow swapped",
    PAGE,
    ("zip(stay + [0.0], [0.0] + grow)", "zip(grow + [0.0], [0.0] + stay)"),
)
cell(
    "Depth: standard deviation for variance",
    PAGE,
    ("drawn {depths.var():.2f}", "drawn {depths.std():.2f}"),
)

# --- joins ----------------------------------------------------------------------------------------

cell("Depth: join adds instead of averaging", PAGE,
     pytorch=("weights = mask / mask.sum()", "weights = mask"),
     tensorflow=("tf.unstack(mask / tf.reduce_sum(mask))", "tf.unstack(mask)"),
     jax=("weights = mask / mask.sum()", "weights = mask"),
     mxnet=("weights = mask / mask.sum()", "weights = mask"))  # fmt: skip
cell("Depth: join divides by all its inputs", PAGE,
     pytorch=("mask / mask.sum()", "mask / len(inputs)"),
     tensorflow=("mask / tf.reduce_sum(mask)", "mask / len(inputs)"),
     jax=("mask / mask.sum()", "mask / len(inputs)"),
     mxnet=("mask / mask.sum()", "mask / len(inputs)"))  # fmt: skip
cell("Depth: local may drop all", PAGE,
     pytorch=("return mask if mask.any() else draw_global(num_inputs)", "return mask"),
     tensorflow=("return mask if tf.reduce_any(mask > 0) else draw_global(num_inputs)", "return mask"),
     jax=("jnp.where(mask.any(), mask, draw_global(num_inputs, spare))", "mask"),
     mxnet=("mask.astype('float32') if mask.any() else draw_global(num_inputs)", "mask.astype('float32')"))  # fmt: skip
cell("Depth: join of nothing accepted", PAGE, ("else sum(mask)) > 0:", "else sum(mask)) >= 0:"))
cell("Depth: every join its own column", PAGE,
     pytorch=("[draw_global(columns)] * joins", "[draw_global(columns) for _ in range(joins)]"),
     tensorflow=("[draw_global(columns)] * joins", "[draw_global(columns) for _ in range(joins)]"),
     jax=("[draw_global(columns, d2l.get_key())] * joins", "[draw_global(columns, d2l.get_key()) for _ in range(joins)]"),
     mxnet=("[draw_global(columns)] * joins", "[draw_global(columns) for _ in range(joins)]"))  # fmt: skip
cell("Depth: global always the first column", PAGE,
     pytorch=("[int(torch.randint(num_inputs, (1,)))]", "[0]"),
     tensorflow=("tf.one_hot(place, num_inputs)", "tf.one_hot(0, num_inputs)"),
     jax=("jax.nn.one_hot(place, num_inputs)", "jax.nn.one_hot(0, num_inputs)"),
     mxnet=("np.random.randint(0, num_inputs, (1,))", "np.zeros((1,))"))  # fmt: skip

# --- gradients and the model ----------------------------------------------------------------------

cell("Depth: gradients without dropping", PAGE, **{
    f: ("drop_path(F, p, scaled=scaled" + (", key=key)" if f == "jax" else ")"), "F") for f in FRAMEWORKS
})  # fmt: skip
cell("Depth: mean of the norms", PAGE, (
    "gradient_ratios(*arguments).mean() ** 0.5", "(gradient_ratios(*arguments) ** 0.5).mean()",
))  # fmt: skip
cell("Depth: model without dropping", PAGE,
     pytorch=("branch, p, self.training, self.mode)", "branch, 1.0, self.training, self.mode)"),
     tensorflow=("branch, p, self.training, self.mode)", "branch, 1.0, self.training, self.mode)"),
     jax=("draw_mask(len(H), p, self.mode, key) * scale", "draw_mask(len(H), 1.0, self.mode, key)"),
     mxnet=("branch, p, autograd.is_training(), self.mode)", "branch, 1.0, autograd.is_training(), self.mode)"))  # fmt: skip
cell("Depth: model drops in evaluation", PAGE,
     pytorch=("branch, p, self.training, self.mode)", "branch, p, True, self.mode)"),
     tensorflow=("branch, p, self.training, self.mode)", "branch, p, True, self.mode)"),
     jax=("branch, 1.0, self.training, self.mode", "branch, 1.0, True, self.mode"),
     mxnet=("branch, p, autograd.is_training(), self.mode)", "branch, p, True, self.mode)"))  # fmt: skip
cell("Depth: one coin for all blocks of the model", PAGE, jax=(
    "jax.random.split(key, self.num_blocks)", "jnp.stack([key] * self.num_blocks)",
))  # fmt: skip
cell("Depth: model with the same coins at every step", PAGE, jax=(
    "key = self.make_rng('dropout') if self.training", "key = jax.random.PRNGKey(1) if self.training",
))  # fmt: skip
cell("Depth: model not scaled", PAGE,
     pytorch=("branch, p, self.training, self.mode)", "branch, p, self.training, self.mode, None, False)"),
     tensorflow=("branch, p, self.training, self.mode)", "branch, p, self.training, self.mode, None, False)"),
     jax=("draw_mask(len(H), p, self.mode, key) * scale", "draw_mask(len(H), p, self.mode, key)"),
     mxnet=("branch, p, autograd.is_training(), self.mode)", "branch, p, autograd.is_training(), self.mode, None, False)"))  # fmt: skip
cell("Depth: model without ReLU at the end", PAGE,
     pytorch=("self.out(torch.relu(H))", "self.out(H)"),
     tensorflow=("self.out(tf.nn.relu(H))", "self.out(H)"),
     jax=("kernel_init=normal)(nn.relu(H))", "kernel_init=normal)(H)"),
     mxnet=("self.out(npx.relu(H))", "self.out(H)"))  # fmt: skip
cell("Depth: other initial weights", PAGE,
     pytorch=("std=0.08", "std=0.1"), tensorflow=("std=0.08", "std=0.1"),
     jax=("std: float = 0.08", "std: float = 0.1"), mxnet=("std=0.08", "std=0.1"))  # fmt: skip
cell("Depth: eleven blocks", PAGE, ("'num_blocks': 12", "'num_blocks': 11"))
cell("Depth: another last probability", PAGE, ("'last': 0.5", "'last': 0.6"))
