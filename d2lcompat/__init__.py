"""The classes of *Dive into Deep Learning* for four frameworks.

Import the module of your framework; no other framework is loaded::

    from d2lcompat import torch as d2l  # or tensorflow, jax, mxnet

This file deliberately imports nothing: ``import torch`` here would make
``from d2lcompat import torch`` return the real framework instead of our module.
"""

__version__ = "0.1.0"
