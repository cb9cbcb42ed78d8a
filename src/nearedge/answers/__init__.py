"""A model meets spectra: who reads, prepares, infers, and writes what came out."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
