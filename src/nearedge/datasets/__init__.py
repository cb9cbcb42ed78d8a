"""Site-resolved spectra with the structures they belong to, in memory and as a folder."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
