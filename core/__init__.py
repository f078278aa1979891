"""What everything stands on: kernel, organization, staff, audit, runs and files."""
