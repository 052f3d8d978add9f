"""The command line with some of its protection taken away: `hostile_command.py LAYERS ARGUMENT…`."""

from __future__ import annotations

import sys

from hostile_screens import take_away
from sqs_tui.cli import main

if __name__ == "__main__":
    take_away(sys.argv[1])
    sys.argv = ["sqs-tui", *sys.argv[2:]]
    main()
