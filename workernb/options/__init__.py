"""The grammar that magics and command line share, without IPython."""
