"""A main file that isn't named like its target."""

assert __name__ == "__main__"
