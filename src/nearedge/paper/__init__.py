"""The paper from end to end: its protocol, its figures, and the report."""

from nearedge.paper.protocol import (
    Protocol as Protocol,
    quick_protocol as quick_protocol,
    reproduce as reproduce,
)
from nearedge.paper.report import (
    Making as Making,
    versions as versions,
    write_report as write_report,
)
