"""The public names of the room and where they live; each is imported when it is first used."""

from ._card import coverage_sentence as coverage_sentence
from ._evaluation import evaluate as evaluate, trained_on as trained_on
from ._model import (
    Kind as Kind,
    Model as Model,
    load_model as load_model,
    ready_model_path as ready_model_path,
)
from ._outputs import (
    MEAN as MEAN,
    fraction_classes as fraction_classes,
    output_names as output_names,
    outputs as outputs,
    true_outputs as true_outputs,
)
from ._record import (
    Calibration as Calibration,
    Estimate as Estimate,
    Measured as Measured,
    Record as Record,
    Training as Training,
)
from ._registry import (
    ReadyModel as ReadyModel,
    ready_model as ready_model,
    ready_models as ready_models,
)
from ._training import train as train
