"""The first page: what needs me now, then how my scope is doing. Each app answers for itself."""
