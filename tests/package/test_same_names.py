"""Who can read one framework module can read the others: same names, same order, same arguments.

What differs is in one table, each line with its reason; a line that is no longer needed fails.
"""

import ast
import inspect
import itertools
from collections import Counter

import pytest
from backends import BACKENDS, FRAMEWORKS, ROOT, backend_of

# What code published for d2l 1.0.3 uses, and what the design adds to it.
NAMES = {
    "HyperParameters", "add_to_class", "ProgressBoard", "Module", "DataModule", "Trainer",
    "Classifier", "FashionMNIST", "ResNeXtBlock", "SGD", "cpu", "gpu", "num_gpus", "try_gpu",
    "plt", "plot", "set_figsize", "use_svg_display", "show_images", "Timer", "nn_Module",
    "seed_everything",
    "numpy", "reshape", "to", "astype", "argmax", "reduce_mean", "reduce_sum", "exp", "log",
    "matmul", "normal", "rand", "randn", "randint", "ones", "zeros", "zeros_like", "tensor",
    "arange", "float32", "int32", "concat", "stack", "transpose",
}  # fmt: skip
MEMBERS = {
    "HyperParameters": "save_hyperparameters",
    "ProgressBoard": "draw",
    "Module": "loss forward plot training_step validation_step configure_optimizers apply_init",
    "DataModule": "get_dataloader get_tensorloader train_dataloader val_dataloader",
    "Trainer": "prepare_data prepare_model prepare_batch fit fit_epoch clip_gradients",
    "Classifier": "validation_step accuracy loss layer_summary",
    "FashionMNIST": "text_labels visualize get_dataloader",
    "Timer": "start stop avg sum cumsum",
}

FUNCTIONAL = "JAX's models keep no parameters: they are passed, with a state and keys"
DATACLASS = "Flax's modules are dataclasses: hyper-parameters are fields"
COMPILED = "the step is compiled as a whole, so it is a method of its own"
OPTIMISER = "every framework has its own interface of optimisers"
GRADIENTS = "gradients are values that a step passes on, not attributes of parameters"
KERAS = "what Keras calls in place of forward"
FORWARD = "what Flax calls in place of forward is __call__"
GLUON = "Gluon knows only parameters of layers: arrays of one's own are found here"
ALIAS = "the framework has it under no single name; elsewhere it is an alias"
INITIALISER = "elsewhere a layer is told how to draw its weights where it is made"

# (framework, what, how it differs from what most do): why.
EXCEPTIONS = {
    ("jax", "get_key", "extra"): FUNCTIONAL,
    ("jax", "get_seed", "extra"): FUNCTIONAL,
    ("jax", "TrainState", "extra"): FUNCTIONAL,
    ("jax", "Trainer.fit", "signature"): FUNCTIONAL,
    ("jax", "Module.__init__", "signature"): DATACLASS,
    ("jax", "Module.apply_init", "signature"): FUNCTIONAL,
    ("jax", "Module.training_step", "signature"): FUNCTIONAL,
    ("jax", "Module.validation_step", "signature"): FUNCTIONAL,
    ("jax", "Classifier.__init__", "signature"): DATACLASS,
    ("jax", "Classifier.training_step", "signature"): FUNCTIONAL,
    ("jax", "Classifier.validation_step", "signature"): FUNCTIONAL,
    ("jax", "Classifier.accuracy", "signature"): FUNCTIONAL,
    ("jax", "Classifier.loss", "signature"): FUNCTIONAL,
    ("jax", "Classifier.layer_summary", "signature"): FUNCTIONAL,
    ("jax", "Trainer.train_step", "extra"): COMPILED,
    ("jax", "Trainer.val_step", "extra"): COMPILED,
    ("tensorflow", "Trainer.train_step", "extra"): COMPILED,
    ("tensorflow", "Trainer.val_step", "extra"): COMPILED,
    ("jax", "Trainer.clip_gradients", "signature"): GRADIENTS,
    ("tensorflow", "Trainer.clip_gradients", "signature"): GRADIENTS,
    ("jax", "SGD.__init__", "signature"): OPTIMISER,
    ("jax", "SGD.init", "extra"): OPTIMISER,
    ("jax", "SGD.update", "extra"): OPTIMISER,
    ("tensorflow", "SGD.__init__", "signature"): OPTIMISER,
    ("tensorflow", "SGD.apply_gradients", "extra"): OPTIMISER,
    ("pytorch", "SGD.step", "extra"): OPTIMISER,
    ("pytorch", "SGD.zero_grad", "extra"): OPTIMISER,
    ("mxnet", "SGD.step", "extra"): OPTIMISER,
    ("tensorflow", "Module.call", "extra"): KERAS,
    ("tensorflow", "ResNeXtBlock.call", "extra"): KERAS,
    ("pytorch", "ResNeXtBlock.forward", "extra"): FORWARD,
    ("mxnet", "ResNeXtBlock.forward", "extra"): FORWARD,
    ("jax", "ResNeXtBlock.__init__", "signature"): DATACLASS,
    ("mxnet", "Module.parameters", "extra"): GLUON,
    ("mxnet", "Module.get_scratch_params", "extra"): GLUON,
    ("mxnet", "Module.set_scratch_params_device", "extra"): GLUON,
    ("pytorch", "init_cnn", "extra"): INITIALISER,
    ("pytorch", "numpy", "extra"): ALIAS,
    ("tensorflow", "randn", "extra"): ALIAS,
    ("tensorflow", "randint", "extra"): ALIAS,
    ("tensorflow", "to", "extra"): ALIAS,
}
ONLY = {"jax": {"get_key", "get_seed", "TrainState"}, "pytorch": {"init_cnn"}}

# What d2l 1.0.3 saves besides in its chapters on linear networks, the builders' guide, multilayer
# perceptrons and convolutional networks, in some framework: why it is left out.
REGRESSION = "regression, not classification"
NETWORK = "a network: whoever needs it takes the class from the section that defines it"
LEFT_OUT = {
    "SyntheticRegressionData": REGRESSION,
    "LinearRegressionScratch": REGRESSION,
    "LinearRegression": REGRESSION,
    "SoftmaxRegression": NETWORK,
    "LeNet": NETWORK,
    "Residual": NETWORK,
    "corr2d": "a double loop that shows what a convolution is; no network trains with it",
    "try_all_gpus": "a trainer uses one GPU",
    "download": "files of other data sets; Fashion-MNIST is fetched by its hash",
}


@pytest.fixture(scope="module")
def modules(request):
    """All four framework modules, or those that ``--framework`` names; one whose framework has no
    build for this platform is left out."""
    asked = request.config.getoption("framework") or BACKENDS
    names = [name for name in BACKENDS if FRAMEWORKS[name].supported and name in asked]
    if not names:
        pytest.skip(f"no framework module in {', '.join(asked)}")
    return {name: backend_of(name).d2l for name in names}


def definitions(module) -> list[str]:
    """The public classes and functions that a module's file defines, in order."""
    tree = ast.parse(inspect.getsource(module))
    nodes = (ast.ClassDef, ast.FunctionDef)
    return [n.name for n in tree.body if isinstance(n, nodes) and not n.name.startswith("_")]


def methods_in_order(module) -> dict[str, list[str]]:
    """The methods that a module's file defines in each of its classes, in order."""
    return {
        node.name: [n.name for n in node.body if isinstance(n, ast.FunctionDef)]
        for node in ast.parse(inspect.getsource(module)).body
        if isinstance(node, ast.ClassDef)
    }


def methods(modules, name) -> dict[str, dict[str, str]]:
    """For each module, the signatures of ``__init__`` and of the public methods that any of them
    defines in its class of that name; inherited from d2l's own classes or not."""
    classes = {framework: getattr(module, name, object) for framework, module in modules.items()}
    members = {
        key
        for Class in classes.values()
        for key, value in vars(Class).items()
        if inspect.isfunction(value) and (key == "__init__" or not key.startswith("_"))
    }
    return {
        framework: {
            f"{name}.{key}": signature(getattr(Class, key))
            for key in members
            if any(key in vars(base) for base in Class.__mro__ if is_ours(base))
        }
        for framework, Class in classes.items()
    }


def is_ours(Class) -> bool:
    return Class.__module__.startswith("d2lcompat")


def signature(function) -> str:
    """Arguments and defaults, without annotations."""
    parameters = inspect.signature(function).parameters.values()
    bare = [p.replace(annotation=inspect.Parameter.empty) for p in parameters]
    return str(inspect.Signature(bare))


def deviations(views: dict[str, dict[str, str]]) -> set[tuple[str, str, str]]:
    """Who differs from the majority, in what and how. ``views``: module -> name -> signature."""
    found = set()
    for name in {name for view in views.values() for name in view}:
        votes = Counter(view.get(name, "") for view in views.values())
        # A tie is for having none, then for the first framework of the table.
        rule = max(votes, key=lambda vote: (votes[vote], vote == ""))
        for module, view in views.items():
            if view.get(name, "") != rule:
                how = "extra" if not rule else "missing" if name not in view else "signature"
                found.add((module, name, how))
    return found


def test_differences_are_those_of_the_table(modules):
    if set(modules) != set(BACKENDS):
        pytest.skip(f"most is known from all of them only; here are {', '.join(modules)}")
    views = {name: {} for name in modules}
    for name, module in modules.items():
        for defined in definitions(module):
            is_class = inspect.isclass(getattr(module, defined))
            views[name][defined] = "class" if is_class else signature(getattr(module, defined))
    for defined in {name for view in views.values() for name in view if view[name] == "class"}:
        for name, signatures in methods(modules, defined).items():
            views[name].update(signatures)
    found = {found for found in deviations(views) if not found[1].startswith("TrainState.")}
    unexplained, needless = sorted(found - set(EXCEPTIONS)), sorted(set(EXCEPTIONS) - found)
    assert not unexplained, "\n".join(
        [
            "Correct these in the framework modules, or add them to EXCEPTIONS with a reason:",
            *(f"{module}: {name}: {how}" for module, name, how in unexplained),
        ]
    )
    assert not needless, "\n".join(
        ["These lines of EXCEPTIONS are no longer needed:", *map(str, needless)]
    )


def test_names_are_equal(modules):
    for name, module in modules.items():
        assert len(module.__all__) == len(set(module.__all__))
        assert set(module.__all__) == NAMES | {"set_axes"} | ONLY.get(name, set()), name
        assert not set(LEFT_OUT) & set(vars(module)), "these are no longer left out"


def test_definitions_stand_in_the_same_order(modules):
    orders = {name: definitions(module) for name, module in modules.items()}
    common = set.intersection(*map(set, orders.values()))
    assert {"Module", "Trainer", "SGD", "Classifier", "FashionMNIST"} <= common
    first = next(iter(orders.values()))
    for name, order in orders.items():
        assert [d for d in order if d in common] == [d for d in first if d in common], name


def test_methods_stand_in_the_same_order(modules):
    """Any two modules agree about the methods of a class that both define."""
    wrong = []
    for (first, one), (second, other) in itertools.combinations(modules.items(), 2):
        ones, others = methods_in_order(one), methods_in_order(other)
        for name in ones.keys() & others.keys():
            order, theirs = (
                [m for m in of[name] if m in ones[name] and m in others[name]]
                for of in (ones, others)
            )
            if order != theirs:
                wrong.append(f"{name}: {first} {', '.join(order)}; {second} {', '.join(theirs)}")
    assert not wrong, "\n".join(["Put these into one order:", *wrong])


@pytest.mark.parametrize("name", BACKENDS)
def test_all_is_typed_but_what_a_page_prints_as_it_stands(name):
    tree = ast.parse((ROOT / "d2lcompat" / f"{FRAMEWORKS[name].module}.py").read_text("utf-8"))
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    assert {f.name for f in functions if f.returns is None} <= {"fit_epoch", "train_step"}


def test_every_name_of_the_design_is_there(backend):
    for name in NAMES:
        assert hasattr(backend.d2l, name), name
    for name, members in MEMBERS.items():
        for member in members.split():
            assert callable(getattr(getattr(backend.d2l, name), member)), f"{name}.{member}"


def test_star_import_brings_all_names(backend):
    namespace = {}
    exec(f"from {backend.d2l.__name__} import *", namespace)
    assert set(namespace) - {"__builtins__"} == set(backend.d2l.__all__)


@pytest.mark.parametrize("path", sorted((ROOT / "d2lcompat").rglob("*.py")), ids=lambda p: p.name)
def test_everything_public_has_a_docstring(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree), path.name

    def missing(nodes, prefix=""):
        for node in nodes:
            if not isinstance(node, ast.ClassDef | ast.FunctionDef) or node.name.startswith("_"):
                continue
            borrowed = any(
                isinstance(statement, ast.Assign) and statement.targets[0].id == "__doc__"
                for statement in node.body
                if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name)
            )
            if not ast.get_docstring(node) and not borrowed:
                yield prefix + node.name
            if isinstance(node, ast.ClassDef):
                yield from missing(node.body, f"{node.name}.")

    assert list(missing(tree.body)) == []


def test_classes_have_docstrings_of_their_own(backend):
    for name in definitions(backend.d2l):
        assert getattr(backend.d2l, name).__doc__, name
