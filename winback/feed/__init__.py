"""The feed of messages that a customer's product shows, over HTTP."""
