"""Members and orders from CSV and XLSX files, in the background, row by row accounted for."""
