"""The ledger's rules in plain Python, read anew from the design: what the product is compared with."""
