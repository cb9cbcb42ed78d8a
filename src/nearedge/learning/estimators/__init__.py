"""The scikit-learn-style estimators: spectra in, environments or coordination numbers out."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
