"""Print the judge's table; the number of cases that are wrong is the exit status."""
import sys

from .compare import main

sys.exit(main())
