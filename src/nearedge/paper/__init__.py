"""The paper from end to end: its protocol, its figures, and the report."""

from nearedge.paper.protocol import Protocol as Protocol
from nearedge.paper.protocol import quick_protocol as quick_protocol
from nearedge.paper.protocol import reproduce as reproduce
from nearedge.paper.report import Making as Making
from nearedge.paper.report import versions as versions
from nearedge.paper.report import write_report as write_report
