"""What a brand wants to know of its members beyond what the product asks: fields of its own."""
