"""Faults of the page that splits a batch between two workers."""

# ruff: noqa: E501  (patches are easier to compare with the code in one line)

from faults import cell

PAGE = "devices"

cell("devices: plain mean called the weighted one", PAGE, (
    "weighted = (n_1 * g_1 + n_2 * g_2) / len(y)", "weighted = (g_1 + g_2) / 2",
))  # fmt: skip
cell("devices: sizes of the parts swapped", PAGE, (
    "weighted = (n_1 * g_1 + n_2 * g_2) / len(y)", "weighted = (n_2 * g_1 + n_1 * g_2) / len(y)",
))  # fmt: skip
cell("devices: gradient summed over the examples", PAGE, (
    "return X.T @ G / len(y)", "return X.T @ G",
))  # fmt: skip
cell("devices: another seed of the weights", PAGE, ("hidden=64, seed=1", "hidden=64, seed=2"))
cell("devices: another rate", PAGE, ("lr=0.1", "lr=0.101"))
cell("devices: survivors not divided", PAGE, (">= p) / (1 - p)", ">= p)"))
cell(
    "devices: gradients summed, not averaged", PAGE,
    pytorch=("loss.backward()  # and the mean over the workers", "(number * loss).backward()"),
    tensorflow=("loss = tf.reduce_sum(losses) / size", "loss = tf.reduce_mean(losses)"),
    jax=("return -log_p[jnp.arange(len(y)), y].mean()", "return -log_p[jnp.arange(len(y)), y].sum()"),
    mxnet=("optim.step(number)", "optim.step(1)"),
)  # fmt: skip
cell(
    "devices: both workers get the same half", PAGE,
    pytorch=("numpy.array_split(a, number)[rank]", "numpy.array_split(a, number)[0]"),
    tensorflow=("map(numpy.concatenate, (*zip(*batches), masks))))", "(numpy.concatenate([numpy.resize(a[:len(a) // number], a.shape) for a in part]) for part in (*zip(*batches), masks))))"),
    jax=("*jax.device_put((X, y, mask), parts))", "*jax.device_put(tuple(numpy.resize(a[:len(a) // number], a.shape) for a in (X, y, mask)), parts))"),
    mxnet=("split_and_load(np.array(a), devices)", "split_and_load(np.array(numpy.resize(a[:len(a) // number], a.shape)), devices)"),
)  # fmt: skip
cell(
    "devices: masks not split with the batch", PAGE,
    pytorch=("for a in (X, y, mask))", "for a in (X, y, numpy.tile(mask[:len(mask) // number], (number, 1))))"),
    tensorflow=("(*zip(*batches), masks))))", "(*zip(*batches), [numpy.resize(m[:len(m) // number], m.shape) for m in masks]))))"),
    jax=("jax.device_put((X, y, mask), parts)", "jax.device_put((X, y, numpy.resize(mask[:len(mask) // number], mask.shape)), parts)"),
    mxnet=("for a in (X, y, mask)))", "for a in (X, y, numpy.resize(mask[:len(mask) // number], mask.shape))))"),
)  # fmt: skip
cell(
    "devices: one worker not updated", PAGE,
    pytorch=("        optim.step()\n", "        rank or optim.step()\n"),
    mxnet=("        optim.step(number)", "        for p in params.values(): p.list_grad()[-1][:] *= number == 1\n        optim.step(number)"),
)  # fmt: skip
cell(
    "devices: gradients not exchanged", PAGE,
    pytorch=("copy = nn.parallel.DistributedDataParallel(model)", "copy = model"),
    mxnet=("{'learning_rate': lr})", "{'learning_rate': lr}, kvstore=None)"),
)  # fmt: skip
cell(
    "devices: the loss of the first worker only", PAGE,
    pytorch=("numpy.mean(losses, axis=0), copies", "numpy.array(losses[0]), copies"),
    tensorflow=("        return loss\n", "        return loss * number * (1 - tf.cast(tf.distribute.get_replica_context().replica_id_in_sync_group, 'float32'))\n"),
    mxnet=("numpy.mean([float(loss) for loss in shares])", "float(shares[0])"),
)  # fmt: skip
cell("devices: mask before the ReLU, offset forgotten", PAGE, **{
    name: (f"{relu}(hidden(X)) * mask", f"{relu}(hidden(X) * mask - 0.01)")
    for name, relu in {"pytorch": "torch.relu", "tensorflow": "tf.nn.relu", "mxnet": "npx.relu"}.items()
}, jax=("nn.relu(nn.Dense(mask.shape[1])(X)) * mask", "nn.relu(nn.Dense(mask.shape[1])(X) * mask - 0.01)"))  # fmt: skip
cell(
    "devices: own streams seeded alike", PAGE,
    pytorch=("rank if way == 'own' else 0", "0"),
    tensorflow=("tf.random.fold_in(tf.constant((0, 0)), rank)", "tf.constant((0, 0))"),
    jax=("jax.random.fold_in(key, jax.lax.axis_index('workers'))", "jax.random.fold_in(key, 1)"),
    mxnet=("if way == 'alike':", "if way != 'whole':"),
)  # fmt: skip
cell(
    "devices: alike is not alike", PAGE,
    pytorch=("rank if way == 'own' else 0", "rank if way != 'whole' else 0"),
    tensorflow=("if way == 'alike':", "if way == 'none':"),
    jax=("if way == 'own':", "if way != 'whole':"),
    mxnet=("if way == 'alike':", "if way == 'none':"),
)  # fmt: skip
cell(
    "devices: the whole mask drawn for a part", PAGE,
    pytorch=("layer(torch.ones(32, 64)).chunk(number)[rank]", "layer(torch.ones(32, 64))[:32 // number]"),
    tensorflow=("tf.split(layer(tf.ones((32, 64)), training=True), number)", "[layer(tf.ones((32, 64)), training=True)[:32 // number]] * number"),
    jax=("if way != 'whole':  # every", "if True:  # every"),
    mxnet=("            parts = gluon.utils.split_and_load(\n                layer(np.ones((32, 64))), devices)", "            parts = [layer(np.ones((32, 64)))[:32 // number]] * number"),
)  # fmt: skip
cell(
    "devices: the layer evaluates", PAGE,
    pytorch=("layer = nn.Dropout(0.5)", "layer = nn.Dropout(0.5).eval()"),
    tensorflow=("training=True", "training=False"),
    jax=("deterministic=False", "deterministic=True"),
    mxnet=("with autograd.train_mode():", "with autograd.predict_mode():"),
)  # fmt: skip
cell(
    "devices: another rate of the layer", PAGE,
    pytorch=("nn.Dropout(0.5)", "nn.Dropout(0.4)"),
    tensorflow=[("Dropout(0.5, seed=0)", "Dropout(0.4, seed=0)"), ("stateless_dropout(X, 0.5, seed)", "stateless_dropout(X, 0.4, seed)")],
    jax=("nn.Dropout(0.5,", "nn.Dropout(0.4,"),
    mxnet=("nn.Dropout(0.5)", "nn.Dropout(0.4)"),
)  # fmt: skip
cell("devices: the second worker's mask for both", PAGE, (
    "numpy.concatenate([mask[:16], mask[:16]])", "numpy.concatenate([mask[16:], mask[16:]])",
))  # fmt: skip
cell("devices: one mask for all steps", PAGE, (
    "rng.random((number, 32, 64))", "numpy.tile(rng.random((1, 32, 64)), (number, 1, 1))",
))  # fmt: skip
