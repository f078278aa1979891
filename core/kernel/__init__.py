"""The shared kernel: errors, tenancy, access and the base classes of every entry point."""
