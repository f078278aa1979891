"""Background runs: long work as a row with progress that a person can watch, cancel, find again."""
