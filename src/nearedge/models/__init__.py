"""Trained models with all they need to be used on other spectra, and to be doubted."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
