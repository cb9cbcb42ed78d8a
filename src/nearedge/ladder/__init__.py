"""The ladder: how well a recipe does as training and test share less and less."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
