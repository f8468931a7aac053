"""Options of the interpreter reach it."""

import sys

assert sys.flags.dev_mode
assert "error::UserWarning" in sys.warnoptions
