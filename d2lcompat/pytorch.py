"""``from d2lcompat import pytorch as d2l``: another name for the module ``d2lcompat.torch``."""

import sys
from typing import TYPE_CHECKING

from d2lcompat import torch

if TYPE_CHECKING:
    from d2lcompat.torch import *  # noqa: F403
else:
    sys.modules[__name__] = torch  # the same module, not a copy of its names
