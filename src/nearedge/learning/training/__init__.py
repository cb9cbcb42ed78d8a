"""One compiled trainer for any number of networks: epochs and batches run inside one XLA loop.

Networks of one shape train side by side along a vmapped axis, whatever their seed, width, learning
rate, penalty or data; `train` groups the jobs it is given. JAX is loaded when `train` is first
used: what has been trained predicts without it.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
