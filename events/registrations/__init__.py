"""Who said they would come, who came, and that no event takes more than it holds."""
