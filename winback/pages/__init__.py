"""The customer's pages: accept, choose a time, prefer, stop, ask why, answer a question. No login, no script."""
