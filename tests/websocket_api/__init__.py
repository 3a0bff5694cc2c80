"""The WebSocket API as front ends speak it."""
