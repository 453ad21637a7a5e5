"""The ledger: what each model call cost."""
