"""Where Python begins in the single file. It must be readable for any Python, so that an old one gets a sentence."""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - the very question
    version = ".".join(str(part) for part in sys.version_info[:3])
    sys.stderr.write("sqs-tui: Python 3.11 or newer is needed, this is %s: %s\n" % (version, sys.executable))  # noqa: UP031
    sys.exit(2)

from unpack import run

run()
