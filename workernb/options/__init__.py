"""The options that magics and command line share, without IPython."""
