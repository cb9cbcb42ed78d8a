"""nearedge reads atomic structure out of X-ray absorption near-edge spectra (XANES)."""
