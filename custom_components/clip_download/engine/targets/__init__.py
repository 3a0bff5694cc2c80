"""The stores outside that copies of clips are put into; each speaks to one kind of them."""
