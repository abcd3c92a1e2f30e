"""What things cost, measured on the machine at hand: each figure with what it is measured against."""
