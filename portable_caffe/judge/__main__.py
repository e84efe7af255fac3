"""Print the judge's table, or judge files; the number of cases that are wrong is the exit status."""
import sys

from . import compare, files

sys.exit(files.main(sys.argv[1:]) if sys.argv[1:] else compare.main())
