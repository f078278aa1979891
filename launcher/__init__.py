"""Makes a machine run the product: packages, embedded servers, supervision, tests and tables.

Standard library only until the environment is built; nothing in the product imports it.
"""
