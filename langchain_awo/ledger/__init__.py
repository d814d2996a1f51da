"""One ledger: what a toolkit saves and costs, by one definition for forecasts and for what was executed."""
