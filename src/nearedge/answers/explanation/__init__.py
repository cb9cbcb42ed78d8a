"""Why a model predicts what it does: the energies that decide, and similar training sites."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
