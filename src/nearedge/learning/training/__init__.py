"""One compiled trainer for any number of networks. JAX is loaded when `train` is first used."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
