"""Each boundary of the guarantee, broken in each way, with real processes; `make torture` tries all of it."""
