"""Imported by every Python that a run with `--switch-interval` starts: threads are switched as often in it, too."""

import os
import sys

if wanted_seconds := os.environ.get("SWITCH_INTERVAL_SECONDS"):
    sys.setswitchinterval(float(wanted_seconds))
