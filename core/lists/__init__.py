"""The product's lists by name: what a page shows of each, for files and saved views to reuse."""
