"""The public names of the room and where they live; each is imported when it is first used."""

from ._outputs import check_free as check_free, replacing as replacing
from ._records import (
    Json as Json,
    Kept as Kept,
    Record as Record,
    as_json as as_json,
    pack as pack,
    read_json as read_json,
    unpack as unpack,
    write_json as write_json,
)
