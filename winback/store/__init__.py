"""State: models, migrations and the transactions over them."""
