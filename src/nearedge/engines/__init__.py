"""Spectrum engines, one file each behind one small protocol, and readers of their files."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
