"""The character sets that MQ numbers (CCSIDs), as Python can read and write them."""
