"""Trained models with all they need to be used on other spectra, and to be doubted."""

from nearedge.models._card import coverage_sentence as coverage_sentence
from nearedge.models._evaluation import evaluate as evaluate
from nearedge.models._model import (
    Kind as Kind,
    Model as Model,
    load_model as load_model,
    ready_model_path as ready_model_path,
)
from nearedge.models._outputs import (
    MEAN as MEAN,
    fraction_classes as fraction_classes,
    output_names as output_names,
    outputs as outputs,
    true_outputs as true_outputs,
)
from nearedge.models._training import train as train
