"""The copies of clips outside: their queue, their retention, and the way back."""
