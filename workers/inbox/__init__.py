"""What comes back by mail: bounces, complaints, replies and requests to stop, made into facts."""
