"""Tests that need a process of their own."""

import importlib
import os
import subprocess
import sys

from backends.notebooks import ROOT


def declare_two_processors(framework: str) -> None:
    """Let TensorFlow and JAX take the processor for two devices; MXNet does without being told.

    It has to be said before they use one, so in a process of its own: see ``run_alone``.
    """
    if framework == "tensorflow":
        tf = importlib.import_module("tensorflow")
        (processor,) = tf.config.list_physical_devices("CPU")
        two = [tf.config.LogicalDeviceConfiguration()] * 2
        tf.config.set_logical_device_configuration(processor, two)
    elif framework == "jax":
        importlib.import_module("jax").config.update("jax_num_cpu_devices", 2)


def run_alone(script: str, *arguments) -> str:
    """What a script prints in a process of its own; it has to end well."""
    path = os.pathsep.join([str(ROOT), str(ROOT / "tests"), os.environ.get("PYTHONPATH", "")])
    ran = subprocess.run(
        [sys.executable, script, *arguments],
        env={**os.environ, "PYTHONPATH": path, "MPLBACKEND": "Agg"},
        capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    return ran.stdout
