"""The classes of *Dive into Deep Learning* for four frameworks.

Import the module of your framework and nothing else is loaded::

    from d2lcompat import torch as d2l  # or tensorflow, jax, mxnet

This file imports nothing on purpose: ``import torch`` here would make
``from d2lcompat import torch`` return the real framework instead of our module.
"""

__version__ = "0.1.0"
