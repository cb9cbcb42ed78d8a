"""nearedge reads atomic structure out of X-ray absorption near-edge spectra (XANES).

Names are imported when they are first used: a worker process that only runs an engine does not
load what trains networks.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
__version__ = "0.1.0"
