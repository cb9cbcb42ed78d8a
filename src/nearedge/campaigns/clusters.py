"""Configurations of Parsl that suit most clusters, to take as they are or to edit."""

import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from nearedge.errors import InputError

CLUSTERS = ("local", "slurm", "pbs")  # what there are configurations for

_FILE = '''\
"""Where sites are computed, for: nearedge simulate ... --parsl THIS_FILE.py"""

from parsl import Config
from parsl.executors import HighThroughputExecutor
from parsl.launchers import {launcher}
from parsl.providers import {provider}

config = Config(
    executors=[
        HighThroughputExecutor(
            max_workers_per_node={cores},  # each computes a site, on one core
            drain_period={drain},  # s; a job begins no site when its end is near
            heartbeat_period=10,
            heartbeat_threshold=60,  # s; the sites of a node that is silent so long go elsewhere
            provider={provider}(
                {options}
                nodes_per_block={nodes},  # nodes of a job
                init_blocks={jobs},
                max_blocks={jobs},  # jobs at once; one that ended is followed by another
                worker_init={worker_init!r},
                launcher={launcher}({overrides}),
            ),
        )
    ],
    initialize_logging=False,  # True: Parsl's log of every step, some kB a site
)
'''


@dataclass(frozen=True)
class Cluster:
    """What is asked of a cluster, or of this machine."""

    nodes: int = 1  # of a job
    jobs: int = 1  # at once
    cores: int = os.cpu_count() or 1  # of a node, a worker each
    walltime: str = "01:00:00"  # of a job, HH:MM:SS or D-HH:MM:SS
    partition: str | None = None  # Slurm's partition, PBS's queue; None: the cluster's default
    # Shell commands before workers start.
    worker_init: str = f"export PATH={Path(sys.executable).parent}:$PATH"

    def configuration(self, system: Literal["local", "slurm", "pbs"]) -> str:
        """Write a Python file whose ``config`` is a ``parsl.Config``."""
        parts = re.fullmatch(r"(?:(\d+)-)?(\d+):([0-5]\d):([0-5]\d)", self.walltime)
        if parts is None:
            raise InputError(f"walltime {self.walltime}: is not a time; write e.g. 08:00:00")
        days, hours, minutes, seconds = (int(part or 0) for part in parts.groups())
        # PBS knows no days.
        hours += 24 * days
        walltime = f"{hours:02}:{minutes:02}:{seconds:02}"
        drain: int | None = int(0.9 * (3600 * hours + 60 * minutes + seconds))
        several, overrides, options = "SimpleLauncher", "", [f"walltime={walltime!r},"]
        if system == "local":
            provider, options, drain = "LocalProvider", ["# this machine"], None
        elif system == "slurm":
            provider, several = "SlurmProvider", "SrunLauncher"
            overrides = f'overrides="--cpus-per-task={self.cores}"'
            options += [f"partition={self.partition!r},", f"cores_per_node={self.cores},"]
            options += ["exclusive=False,  # True: whole nodes, whatever the cores"]
        else:
            provider, several = "PBSProProvider", "MpiExecLauncher"
            options += [f"queue={self.partition!r},", f"cpus_per_node={self.cores},"]
        launcher, overrides = (several, overrides) if self.nodes > 1 else ("SimpleLauncher", "")
        return _FILE.format(
            **{**vars(self), "drain": drain, "provider": provider, "launcher": launcher},
            options=f"\n{' ' * 16}".join(options),
            overrides=overrides,
        )
