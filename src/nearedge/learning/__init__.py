"""Learning from labelled spectra: examples, networks, their trainer, estimators, recipes."""
