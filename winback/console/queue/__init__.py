"""The queue in the browser and over HTTP: the list, a card, what can be said of it, and how the work goes."""
