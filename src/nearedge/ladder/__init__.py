"""The ladder: how well a recipe does when less and less is shared by training and test.

Every rung is scored on raw spectra that were not trained on, beside plain methods that learnt from
the same spectra. Only the lowest rung, the paper's own, is scored on averages, as the paper's is.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
