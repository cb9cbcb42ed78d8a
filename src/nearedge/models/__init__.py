"""Trained models with all that is needed to use them on other spectra, and to judge them."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
