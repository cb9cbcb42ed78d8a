"""Why a model says what it says: the energies that decide, and sites like those it has seen."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
