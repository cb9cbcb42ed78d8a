"""Two engines on the same atoms: what their spectra share, and where they differ."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
