"""The magics, each file a group of them."""
